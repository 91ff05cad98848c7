package io.inpod.iptables.backend;

import io.inpod.iptables.AddressSet;
import io.inpod.iptables.CgroupMatch;
import io.inpod.iptables.Chain;
import io.inpod.iptables.Hook;
import io.inpod.iptables.Listing;
import io.inpod.iptables.Listing.ListedChain;
import io.inpod.iptables.Listing.ListedRule;
import io.inpod.iptables.ManagedNames;
import io.inpod.iptables.NamedSet;
import io.inpod.iptables.PortSet;
import io.inpod.iptables.Rule;
import io.inpod.iptables.RuleSet;
import io.inpod.iptables.Table;
import io.inpod.iptables.TableName;
import io.inpod.iptables.text.IptablesRestore;
import io.inpod.netns.IpFamily;
import io.inpod.netns.NamespaceIdentity;
import io.inpod.netns.NetworkNamespace;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * A kernel in memory, for tests: behaves as a back end does, without privileges, tools or rules in any real kernel. Keeps all rules of each
 * namespace by its identity, managed or not, and knows only the control groups that are given to its constructor.
 *
 * <p>May be used from several threads.
 */
public final class FakeKernel implements Backend {
    private final Set<String> controlGroups;
    private final Map<NamespaceIdentity, State> states = new HashMap<>();
    private Optional<IOException> failure = Optional.empty();

    /** The place of a chain. */
    private record Place(IpFamily family, TableName table, String chain) implements Comparable<Place> {
        @Override
        public int compareTo(Place other) {
            int order = family.compareTo(other.family);
            order = order != 0 ? order : table.compareTo(other.table);
            return order != 0 ? order : chain.compareTo(other.chain);
        }
    }

    private record State(Map<Place, List<Rule>> chains, Map<String, NamedSet> sets) {
        State copy() {
            State copy = new State(new TreeMap<>(), new TreeMap<>(sets));
            chains.forEach((place, rules) -> copy.chains.put(place, new ArrayList<>(rules)));
            return copy;
        }
    }

    /** Creates a kernel without rules and control groups. */
    public FakeKernel() {
        this(Set.of());
    }

    /**
     * Creates a kernel without rules.
     *
     * @param controlGroups the paths of the control groups that exist
     */
    public FakeKernel(Set<String> controlGroups) {
        this.controlGroups = Set.copyOf(controlGroups);
    }

    /**
     * Makes the next change fail, after its checks and before it changes anything.
     *
     * @param cause the exception to throw
     */
    public synchronized void failNext(IOException cause) {
        failure = Optional.of(cause);
    }

    /**
     * Adds a rule at the end of any chain, as another program or a person might.
     *
     * @param namespace the namespace
     * @param family the family whose packets meet the rule
     * @param table the table
     * @param chain the chain, which is created if it doesn't exist
     * @param rule the rule
     */
    public synchronized void append(NetworkNamespace namespace, IpFamily family, TableName table, String chain, Rule rule) {
        state(namespace).chains.computeIfAbsent(new Place(family, table, chain), place -> new ArrayList<>()).add(rule);
    }

    /**
     * Deletes a rule of any chain, as another program or a person might.
     *
     * @param namespace the namespace
     * @param family the family whose packets meet the rule
     * @param table the table
     * @param chain the chain
     * @param position the rule's position, from 1
     * @throws IndexOutOfBoundsException if there is no such rule
     */
    public synchronized void delete(NetworkNamespace namespace, IpFamily family, TableName table, String chain, int position) {
        state(namespace).chains.getOrDefault(new Place(family, table, chain), List.of()).remove(position - 1);
    }

    /**
     * Returns everything that a namespace holds, managed or not.
     *
     * @param namespace the namespace
     * @return all chains that aren't built in, all built-in chains with rules, and all sets
     */
    public synchronized Listing everything(NetworkNamespace namespace) {
        State state = state(namespace);
        return listing(state,
                state.chains.keySet().stream().map(Place::chain).filter(chain -> !Hook.isName(chain)).collect(Collectors.toSet()),
                state.sets.keySet(), true);
    }

    @Override
    public String name() {
        return "fake";
    }

    @Override
    public Layout layout() {
        return Layout.IPTABLES;
    }

    @Override
    public Set<KernelTables> tables() {
        return Set.of(KernelTables.MEMORY);
    }

    @Override
    public Usability usability(NetworkNamespace namespace) {
        return Usability.yes("it is in memory");
    }

    @Override
    public void check(ManagedNames names, RuleSet rules) {
        names.checkShared(rules);
    }

    @Override
    public synchronized void apply(NetworkNamespace namespace, ManagedNames names, RuleSet rules) throws IOException {
        check(names, rules);
        change(namespace);
        State state = state(namespace).copy();
        List<NamedSet> sets = rules.withElementsOf(List.copyOf(state.sets.values())).sets();
        clear(state, names);
        sets.forEach(set -> state.sets.put(set.name(), set));
        for (IpFamily family : IpFamily.values()) {
            for (Table table : rules.only(family).tables()) {
                for (Chain chain : table.chains()) {
                    controlGroups(namespace, table, chain);
                    List<Rule> there =
                            state.chains.computeIfAbsent(new Place(family, table.name(), chain.name()), place -> new ArrayList<>());
                    there.addAll(chain.placement() == Chain.Placement.FIRST ? 0 : there.size(), chain.rules());
                }
            }
        }
        states.put(namespace.identity(), state);
    }

    private void controlGroups(NetworkNamespace namespace, Table table, Chain chain) throws IOException {
        for (int i = 0; i < chain.rules().size(); i++) {
            if (chain.rules().get(i).matches().stream().anyMatch(m -> m instanceof CgroupMatch c && !controlGroups.contains(c.path()))) {
                throw new IOException(
                        table.name() + " " + chain.name() + " rule " + (i + 1) + " in " + namespace + ": there is no such control group");
            }
        }
    }

    @Override
    public synchronized Listing read(NetworkNamespace namespace, ManagedNames names) throws IOException {
        enter(namespace);
        return listing(state(namespace), names.chains(), names.sets(), false);
    }

    @Override
    public synchronized void remove(NetworkNamespace namespace, ManagedNames names) throws IOException {
        change(namespace);
        State state = state(namespace).copy();
        clear(state, names);
        states.put(namespace.identity(), state);
    }

    @Override
    public synchronized void update(NetworkNamespace namespace, ManagedNames names, SetChange change) throws IOException {
        change(namespace);
        if (!(held(namespace, names, change.kind()) instanceof AddressSet set)) {
            throw SetChange.missing(change.kind(), namespace);
        }
        state(namespace).sets.put(set.name(), change.appliedTo(set));
    }

    @Override
    public synchronized void update(NetworkNamespace namespace, ManagedNames names, PortSetChange change) throws IOException {
        change(namespace);
        if (!(held(namespace, names, change.kind()) instanceof PortSet set)) {
            throw SetChange.missing(change.kind(), namespace);
        }
        state(namespace).sets.put(set.name(), set.with(change.add(), change.remove()));
    }

    /** Returns the managed set that is like another one, if it is there. */
    private @Nullable NamedSet held(NetworkNamespace namespace, ManagedNames names, NamedSet kind) {
        NamedSet set = state(namespace).sets.get(kind.name());
        return set != null && set.isLike(kind) && names.sets().contains(set.name()) ? set : null;
    }

    private void change(NetworkNamespace namespace) throws IOException {
        enter(namespace);
        if (failure.isPresent()) {
            IOException cause = failure.get();
            failure = Optional.empty();
            throw cause;
        }
    }

    private static void enter(NetworkNamespace namespace) throws IOException {
        try {
            namespace.fd().acquire();
        } catch (IOException e) {
            throw new IOException(namespace + " has been closed", e);
        }
        namespace.fd().release();
    }

    private State state(NetworkNamespace namespace) {
        return states.computeIfAbsent(namespace.identity(), identity -> new State(new TreeMap<>(), new TreeMap<>()));
    }

    private static void clear(State state, ManagedNames names) {
        state.chains.keySet().removeIf(place -> names.chains().contains(place.chain));
        state.chains.values().forEach(rules -> rules.removeIf(rule -> leads(rule, names.chains())));
        state.chains.entrySet().removeIf(entry -> Hook.isName(entry.getKey().chain) && entry.getValue().isEmpty());
        state.sets.keySet().removeAll(names.sets());
    }

    private static boolean leads(Rule rule, Set<String> chains) {
        return rule.target().destination().filter(chains::contains).isPresent();
    }

    private static Listing listing(State state, Set<String> chains, Set<String> sets, boolean all) {
        List<ListedChain> listed = new ArrayList<>();
        state.chains.forEach((place, rules) -> {
            boolean own = chains.contains(place.chain);
            List<ListedRule> kept = new ArrayList<>();
            for (int i = 0; i < rules.size(); i++) {
                if (all || own || leads(rules.get(i), chains)) {
                    kept.add(new ListedRule(i + 1, Optional.of(rules.get(i)), text(rules.get(i), place.family)));
                }
            }
            if (own || !kept.isEmpty()) {
                listed.add(new ListedChain(place.family, place.table, place.chain, kept));
            }
        });
        return new Listing(listed, state.sets.values().stream().filter(set -> sets.contains(set.name())).toList());
    }

    private static String text(Rule rule, IpFamily family) {
        try {
            return IptablesRestore.rule(rule, family);
        } catch (IllegalArgumentException e) { // a name that text can't express
            return rule.toString();
        }
    }
}
