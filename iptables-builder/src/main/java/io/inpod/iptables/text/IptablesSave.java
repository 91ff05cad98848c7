package io.inpod.iptables.text;

import io.inpod.iptables.FamilyScope;
import io.inpod.iptables.Hook;
import io.inpod.iptables.Listing;
import io.inpod.iptables.Listing.ListedChain;
import io.inpod.iptables.Listing.ListedRule;
import io.inpod.iptables.ManagedNames;
import io.inpod.iptables.RawForm;
import io.inpod.iptables.RuleCounter;
import io.inpod.iptables.TableName;
import io.inpod.iptables.internal.Bytes;
import io.inpod.iptables.internal.Quote;
import io.inpod.iptables.internal.Words;
import io.inpod.netns.IpFamily;
import java.io.IOException;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A listing of iptables-save(8) or ip6tables-save(8): by table and chain, the rules in order, each without {@code -A CHAIN}. Checked with
 * iptables 1.8.9; the forms of 1.8.4 to 1.8.11 are read after their sources.
 *
 * @param tables the chains by table name and chain name
 * @param unreadable the tables with rules that iptables cannot express and therefore does not list
 */
public record IptablesSave(Map<String, Map<String, SavedChain>> tables, Set<String> unreadable) {
    private static final Pattern INCOMPATIBLE = Pattern.compile("# Table `(.*)' is incompatible.*");
    private static final Pattern RULE = Pattern.compile("(?:\\[(\\d{1,20}):(\\d{1,20})\\] )?-A (.*)", Pattern.DOTALL);

    /**
     * A listed chain.
     *
     * @param policy what happens to packets at its end, such as {@code DROP}; {@code -} for a chain that isn't built in
     * @param rules its rules in order
     */
    public record SavedChain(String policy, List<SavedRule> rules) {
        /** {@return the texts of the rules} */
        public List<String> texts() {
            return rules.stream().map(SavedRule::text).toList();
        }
    }

    /**
     * A listed rule.
     *
     * @param text the rule without {@code -A CHAIN}
     * @param counter what it has counted, in a listing with counters ({@code -c}); such a listing doesn't say of which family
     */
    public record SavedRule(String text, Optional<RuleCounter> counter) {
    }

    /**
     * Parses a listing, with or without counters. Comments are skipped.
     *
     * @param text the output of the tool; a char may stand for a byte
     * @return the listing
     * @throws IOException naming a line that does not belong to such a listing
     */
    public static IptablesSave parse(String text) throws IOException {
        Map<String, Map<String, SavedChain>> tables = new LinkedHashMap<>();
        Set<String> unreadable = new HashSet<>();
        Map<String, SavedChain> chains = null;
        for (String line : text.split("\n")) {
            Matcher incompatible = INCOMPATIBLE.matcher(line);
            Matcher rule = RULE.matcher(line);
            if (incompatible.matches()) {
                unreadable.add(incompatible.group(1));
            } else if (line.startsWith("*")) {
                chains = tables.computeIfAbsent(line.substring(1).strip(), name -> new LinkedHashMap<>());
            } else if (chains != null && line.startsWith(":")) {
                String chain = Words.first(line.substring(1));
                chains.putIfAbsent(chain, new SavedChain(Words.first(line.substring(1 + chain.length()).strip()), new ArrayList<>()));
            } else if (chains != null && rule.matches()) {
                String chain = Words.first(rule.group(3));
                chains.computeIfAbsent(chain, name -> new SavedChain("-", new ArrayList<>())).rules()
                        .add(new SavedRule(rule.group(3).substring(chain.length()).strip(), counter(rule.group(1), rule.group(2))));
            } else if (!line.isBlank() && !line.startsWith("#") && !line.equals("COMMIT")) {
                throw new IOException("iptables-save printed a line that is no rule: " + Quote.of(line));
            }
        }
        return new IptablesSave(tables, unreadable);
    }

    private static Optional<RuleCounter> counter(@Nullable String packets, @Nullable String bytes) {
        return packets == null || bytes == null ? Optional.empty()
                : Optional.of(RuleCounter.ofUnsigned(FamilyScope.BOTH, unsigned(packets), unsigned(bytes)));
    }

    private static long unsigned(String digits) {
        return new BigInteger(digits).longValue();
    }

    /**
     * Returns all rules. A condition on a set counts as one on addresses, unless {@link Listing#with} knows that the set holds ports.
     *
     * @param family the family of the tool
     * @return all chains of the tables that the model knows; built-in chains only if they have rules
     */
    public Listing listing(IpFamily family) {
        return listing(family, chain -> !Hook.isName(chain), rule -> true);
    }

    /**
     * Returns the rules under managed names.
     *
     * @param family the family of the tool
     * @param names the managed names
     * @return the managed chains, and the rules of other chains that lead to them
     */
    public Listing listing(IpFamily family, ManagedNames names) {
        return listing(family, names.chains()::contains, rule -> names.chains().contains(Words.target(rule)));
    }

    private Listing listing(IpFamily family, Predicate<String> ownChain, Predicate<String> ownRule) {
        List<ListedChain> listed = new ArrayList<>();
        tables.forEach((table, chains) -> {
            Optional<TableName> name = name(table);
            if (name.isEmpty()) {
                return;
            }
            chains.forEach((chain, saved) -> {
                List<ListedRule> kept = new ArrayList<>();
                for (int i = 0; i < saved.rules().size(); i++) {
                    SavedRule rule = saved.rules().get(i);
                    if (ownChain.test(chain) || ownRule.test(rule.text())) {
                        kept.add(listed(i + 1, rule, family));
                    }
                }
                if (ownChain.test(chain) || !kept.isEmpty()) {
                    listed.add(new ListedChain(family, name.get(), chain, kept));
                }
            });
        });
        return new Listing(listed, List.of());
    }

    static ListedRule listed(int position, SavedRule rule, IpFamily family) {
        String text = Bytes.read(rule.text());
        return new ListedRule(position, RuleParser.parse(rule.text(), family), text, RawRules.of(RawForm.IPTABLES, text),
                rule.counter().map(both -> new RuleCounter(FamilyScope.of(family), both.packets(), both.bytes())));
    }

    static Optional<TableName> name(String table) {
        return Arrays.stream(TableName.values()).filter(name -> name.toString().equals(table)).findFirst();
    }
}
