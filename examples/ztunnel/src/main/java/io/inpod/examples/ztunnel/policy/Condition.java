package io.inpod.examples.ztunnel.policy;

import io.inpod.examples.ztunnel.mesh.AccountMatch;
import io.inpod.examples.ztunnel.mesh.AddressBlock;
import io.inpod.examples.ztunnel.mesh.Policy;
import io.inpod.examples.ztunnel.mesh.TextMatch;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * One kind of value that a match gives.
 *
 * @param name its key in the configuration
 * @param values what is given
 * @param fact what the connection has of that kind
 * @param test whether that satisfies the condition
 */
record Condition(String name, Collection<?> values, Function<Facts, @Nullable Object> fact, Predicate<Facts> test) {
    /**
     * Lists the conditions of a match: only those that are given.
     *
     * @param negativesOfUnknown whether what isn't known satisfies a negative condition
     */
    static List<Condition> of(Policy.Match match, boolean negativesOfUnknown) {
        List<Condition> found = new ArrayList<>();
        either(found, "destinationPorts", match.destinationPorts(), match.notDestinationPorts(), Facts::port,
                ports -> ports::contains, false);
        texts(found, "namespaces", match.namespaces(), match.notNamespaces(), Facts::namespace, negativesOfUnknown);
        either(found, "serviceAccounts", match.serviceAccounts(), match.notServiceAccounts(), Facts::account, Condition::accounts,
                negativesOfUnknown);
        texts(found, "principals", match.principals(), match.notPrincipals(), Facts::principal, negativesOfUnknown);
        either(found, "sourceIps", match.sourceIps(), match.notSourceIps(), Facts::source, Condition::blocks, false);
        either(found, "destinationIps", match.destinationIps(), match.notDestinationIps(), Facts::destination, Condition::blocks, false);
        return List.copyOf(found);
    }

    private static void texts(List<Condition> found, String name, Collection<TextMatch> any, Collection<TextMatch> none,
            Function<Facts, @Nullable String> fact, boolean negativesOfUnknown) {
        either(found, name, any, none, fact, Condition::texts, negativesOfUnknown);
    }

    private static <V, F> void either(List<Condition> found, String name, Collection<V> any, Collection<V> none,
            Function<Facts, @Nullable F> fact, Function<Collection<V>, Predicate<F>> matcher, boolean negativesOfUnknown) {
        if (!any.isEmpty()) {
            Predicate<F> matches = matcher.apply(any);
            found.add(new Condition(name, any, fact::apply, facts -> {
                F value = fact.apply(facts);
                return value != null && matches.test(value);
            }));
        }
        if (!none.isEmpty()) {
            Predicate<F> matches = matcher.apply(none);
            String negative = "not" + Character.toUpperCase(name.charAt(0)) + name.substring(1);
            found.add(new Condition(negative, none, fact::apply, facts -> {
                F value = fact.apply(facts);
                return value == null ? negativesOfUnknown : !matches.test(value);
            }));
        }
    }

    /** Lists of principals may be long, and nearly all of them are exact. */
    private static Predicate<String> texts(Collection<TextMatch> values) {
        Set<String> exact = values.stream().filter(value -> value.kind() == TextMatch.Kind.EXACT).map(TextMatch::value)
                .collect(Collectors.toUnmodifiableSet());
        TextMatch[] others = values.stream().filter(value -> value.kind() != TextMatch.Kind.EXACT).toArray(TextMatch[]::new);
        return text -> {
            if (exact.contains(text)) {
                return true;
            }
            for (TextMatch other : others) {
                if (other.matches(text)) {
                    return true;
                }
            }
            return false;
        };
    }

    private static Predicate<AccountMatch> accounts(Collection<AccountMatch> values) {
        return Set.copyOf(values)::contains;
    }

    private static Predicate<InetAddress> blocks(Collection<AddressBlock> values) {
        AddressBlock[] blocks = values.toArray(AddressBlock[]::new);
        return address -> {
            for (AddressBlock block : blocks) {
                if (block.contains(address)) {
                    return true;
                }
            }
            return false;
        };
    }

    /** Says why it isn't satisfied. */
    String why(Facts facts) {
        Object value = fact.apply(facts);
        String text = value instanceof InetAddress address ? address.getHostAddress()
                : value instanceof AccountMatch account ? account.namespace() + "/" + account.serviceAccount() : String.valueOf(value);
        return name + " " + values.stream().map(Condition::text).sorted().toList()
                + (value == null ? " of an unknown client" : ": " + text);
    }

    private static String text(Object value) {
        if (value instanceof TextMatch text) {
            return switch (text.kind()) {
                case EXACT -> text.value();
                case PREFIX -> text.value() + "*";
                case SUFFIX -> "*" + text.value();
                case PRESENCE -> "*";
            };
        }
        return value instanceof AccountMatch account ? account.namespace() + "/" + account.serviceAccount() : String.valueOf(value);
    }
}
