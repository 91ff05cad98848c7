package io.inpod.iptables.backend.internal.nft;

import io.inpod.iptables.Chain;
import io.inpod.iptables.ConnlimitMatch;
import io.inpod.iptables.FamilyScope;
import io.inpod.iptables.Hook;
import io.inpod.iptables.Listing;
import io.inpod.iptables.Listing.ListedChain;
import io.inpod.iptables.Listing.ListedRule;
import io.inpod.iptables.ManagedNames;
import io.inpod.iptables.Match;
import io.inpod.iptables.NamedSet;
import io.inpod.iptables.Rule;
import io.inpod.iptables.RuleSet;
import io.inpod.iptables.Table;
import io.inpod.iptables.TableName;
import io.inpod.iptables.Target;
import io.inpod.iptables.backend.internal.nft.NftReader.FoundChain;
import io.inpod.iptables.backend.internal.nft.NftReader.FoundRule;
import io.inpod.iptables.backend.internal.nft.WantedChain.WantedRule;
import io.inpod.iptables.backend.internal.nft.expr.Basics;
import io.inpod.iptables.backend.internal.nft.expr.Expr;
import io.inpod.iptables.backend.internal.nft.expr.KernelNames;
import io.inpod.iptables.backend.internal.nft.rule.NativeLayout;
import io.inpod.iptables.backend.internal.nft.rule.RuleLayout;
import io.inpod.iptables.backend.internal.nft.rule.RuleReader;
import io.inpod.iptables.backend.internal.nft.rule.Scope;
import io.inpod.iptables.internal.FamilyChains;
import io.inpod.netlink.NetlinkRequest;
import io.inpod.netns.IpFamily;
import java.io.IOException;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * Managed {@code inet} tables for both families, one for each table of iptables, named by the prefix and the name of that table. Built-in
 * chains have the names of their hooks in lower case. A set is in each table whose rules refer to it.
 */
final class InetTables implements Tables {
    private static final RuleLayout LAYOUT = new NativeLayout();

    static String name(ManagedNames managed, TableName table) {
        return managed.tablePrefix() + table;
    }

    static String chain(String name) {
        for (Hook hook : Hook.values()) {
            if (hook.name().equals(name)) {
                return name.toLowerCase(Locale.ROOT);
            }
        }
        return name;
    }

    private static List<WantedChain> wanted(ManagedNames managed, Table table, FamilyScope families, KernelNames names) {
        List<WantedChain> chains = new ArrayList<>();
        for (Chain chain : table.chains()) {
            List<WantedRule> rules = new ArrayList<>();
            for (int i = 0; i < chain.rules().size(); i++) {
                Place place = new Place(name(managed, table.name()), chain(chain.name()), i + 1);
                for (Rule rule : parts(chain.rules().get(i), families)) {
                    rules.add(new WantedRule(place, rule, place.write(LAYOUT, rule, Scope.inet(rule.families().within(families), names))));
                }
            }
            BaseChain base = chain.isBuiltIn() ? BaseChain.of(table.name(), Hook.valueOf(chain.name())) : null;
            chains.add(new WantedChain(chain(chain.name()), base, false, false, rules));
        }
        return chains;
    }

    /**
     * Adds a rule that drops the packet: without a socket, the expression {@code tproxy} lets it continue, but the target TPROXY drops it.
     * Divides one that counts the connections of each address: a set has addresses of one family.
     */
    private static List<Rule> parts(Rule rule, FamilyScope families) {
        if (rule.families().within(families) == FamilyScope.BOTH
                && rule.matches().stream().anyMatch(match -> match instanceof ConnlimitMatch c && c.isPerAddress())) {
            return List.of(rule.only(IpFamily.V4), rule.only(IpFamily.V6));
        }
        return rule.target() instanceof Target.Tproxy ? List.of(rule, new Rule(rule.matches(), new Target.Drop())) : List.of(rule);
    }

    @Override
    public List<List<WantedChain>> wanted(ManagedNames managed, RuleSet rules, KernelNames names) {
        return rules.tables().stream().map(table -> wanted(managed, table, rules.families(), names)).toList();
    }

    /** Returns the sets of all managed tables; of several with one name, the first. */
    static Listing sets(NftSets reader, ManagedNames managed) throws IOException {
        Map<String, NamedSet> sets = new LinkedHashMap<>();
        Map<String, List<String>> misfits = new HashMap<>();
        for (TableName name : TableName.values()) {
            Listing found = reader.read(name(managed, name));
            found.sets().forEach(set -> sets.putIfAbsent(set.name(), set));
            misfits.putAll(found.misfits());
        }
        return new Listing(List.of(), List.copyOf(sets.values()), misfits);
    }

    @Override
    public void edit(NftReader reader, ManagedNames managed, RuleSet wantedRules, KernelNames names, List<NetlinkRequest> batch)
            throws IOException {
        boolean atRuntime = wantedRules.sets().stream().anyMatch(NamedSet::atRuntime);
        RuleSet rules = atRuntime ? wantedRules.withElementsOf(sets(new NftSets(reader), managed).sets()) : wantedRules;
        Optional<IpFamily> only = rules.families().single();
        List<FoundChain> chains = reader.chains(Scope.INET);
        Map<TableName, List<NamedSet>> sets = sets(rules);
        for (TableName name : TableName.values()) {
            String table = name(managed, name);
            boolean wanted = rules.table(name).isPresent() || sets.containsKey(name);
            Optional<NftReader.FoundHeader> header = reader.table(Scope.INET, table);
            Listing held = wanted && header.isPresent() ? new NftSets(reader).read(table) : new Listing(List.of(), List.of());
            boolean keep = wanted && header.isPresent() && header.get().only().equals(only.map(Basics::nfproto))
                    && held.misfits().isEmpty() && keepKind(held.sets(), sets.getOrDefault(name, List.of()));
            FoundTable found = keep ? found(reader, table, chains) : FoundTable.NONE;
            List<WantedChain> chainsWanted = rules.table(name).map(t -> wanted(managed, t, rules.families(), names)).orElse(List.of());
            if (countsInNamedSets(found) && !isSame(table, found, chainsWanted, names)) {
                keep = false; // the sets would be left over
                found = FoundTable.NONE;
            }
            if (header.isPresent() && !keep) {
                batch.add(Nft.deleteTable(Scope.INET, table));
            }
            if (wanted) {
                if (!keep) {
                    batch.add(
                            only.isEmpty() ? Nft.addTable(Scope.INET, table) : Nft.addTable(Scope.INET, table, Basics.nfproto(only.get())));
                }
                List<NamedSet> before = keep ? held.sets() : List.of();
                NftSets.provide(table, before, sets.getOrDefault(name, List.of()), batch);
                new TableEdit(Scope.INET, table, FamilyScope.BOTH, names, batch).write(found, chainsWanted);
                NftSets.retire(table, before, sets.getOrDefault(name, List.of()), batch);
            }
        }
    }

    /** Returns whether nft has written a rule that counts the connections of each address. */
    private static boolean countsInNamedSets(FoundTable found) {
        return found.own().values().stream().anyMatch(rules -> rules.stream().anyMatch(
                rule -> rule.expressions().stream().anyMatch(expression -> expression instanceof Expr.CountInSet count && count.named())));
    }

    private static boolean isSame(String table, FoundTable found, List<WantedChain> wanted, KernelNames names) {
        List<NetlinkRequest> changes = new ArrayList<>();
        new TableEdit(Scope.INET, table, FamilyScope.BOTH, names, changes).write(found, wanted);
        return changes.isEmpty();
    }

    /** Returns whether no set is to have another family or type: it can't change while rules refer to it. */
    private static boolean keepKind(List<NamedSet> held, List<NamedSet> wanted) {
        return wanted.stream().allMatch(set -> held.stream().allMatch(other -> !other.name().equals(set.name()) || other.isLike(set)));
    }

    /** Returns the sets of each table; a set that no rule refers to is in the first. */
    private static Map<TableName, List<NamedSet>> sets(RuleSet rules) {
        Map<TableName, List<NamedSet>> sets = new EnumMap<>(TableName.class);
        for (NamedSet set : rules.sets()) {
            List<TableName> tables = rules.tables().stream().filter(table -> asksFor(table, set)).map(Table::name).toList();
            TableName first = rules.tables().isEmpty() ? TableName.NAT : rules.tables().get(0).name();
            for (TableName table : tables.isEmpty() ? List.of(first) : tables) {
                sets.computeIfAbsent(table, name -> new ArrayList<>()).add(set);
            }
        }
        return sets;
    }

    private static boolean asksFor(Table table, NamedSet set) {
        for (Chain chain : table.chains()) {
            for (Rule rule : chain.rules()) {
                for (Match match : rule.matches()) {
                    if (match.namedSet().filter(set.name()::equals).isPresent()) {
                        return true;
                    }
                }
            }
        }
        return false;
    }

    private static FoundTable found(NftReader reader, String table, List<FoundChain> chains) throws IOException {
        Map<String, List<FoundRule>> own = new LinkedHashMap<>();
        chains.stream().filter(chain -> chain.table().equals(table)).forEach(chain -> own.put(chain.name(), new ArrayList<>()));
        if (own.isEmpty()) {
            return FoundTable.NONE;
        }
        for (FoundRule rule : reader.rules(Scope.INET, table, null)) {
            own.computeIfAbsent(rule.chain(), name -> new ArrayList<>()).add(rule);
        }
        return new FoundTable(true, own.keySet(), own, Map.of());
    }

    @Override
    public List<ListedChain> read(NftReader reader, ManagedNames managed, KernelNames names) throws IOException {
        List<FoundChain> chains = reader.chains(Scope.INET);
        List<ListedChain> listed = new ArrayList<>();
        for (TableName name : TableName.values()) {
            FoundTable found = found(reader, name(managed, name), chains);
            Optional<Integer> only = found.own().isEmpty() ? Optional.empty()
                    : reader.table(Scope.INET, name(managed, name)).flatMap(NftReader.FoundHeader::only);
            for (IpFamily family : IpFamily.values()) {
                if (only.isEmpty() || only.get() == Basics.nfproto(family)) {
                    listed.addAll(read(found, name, only.isEmpty() ? FamilyScope.BOTH : FamilyScope.of(family), family, names));
                }
            }
        }
        return listed;
    }

    /** Returns one family's part of a table, without chains that the family lacks. */
    private static List<ListedChain> read(FoundTable found, TableName table, FamilyScope tableFamilies, IpFamily family,
            KernelNames names) {
        List<ListedChain> listed = new ArrayList<>();
        FamilyChains used = new FamilyChains();
        found.own().forEach((chain, rules) -> {
            List<ListedRule> seen = listed(rules, tableFamilies, family, names);
            seen.forEach(rule -> used.add(chain, rule.rule().flatMap(r -> r.target().destination()), true));
            rules.forEach(rule -> used.add(chain, rule.destination(), false));
            boolean base = chain.equals(chain(chain.toUpperCase(Locale.ROOT)));
            listed.add(new ListedChain(family, table, base ? chain.toUpperCase(Locale.ROOT) : chain, seen));
        });
        listed.removeIf(chain -> chain.rules().isEmpty() && (Hook.isName(chain.name()) || used.lacks(chain.name())));
        return listed;
    }

    /** Returns the rules that packets of a family see; the second of the two rules for TPROXY is part of the first. */
    private static List<ListedRule> listed(List<FoundRule> found, FamilyScope tableFamilies, IpFamily family, KernelNames names) {
        List<ListedRule> rules = new ArrayList<>();
        Rule before = null;
        int position = 0;
        for (FoundRule rule : found) {
            Optional<RuleReader.Found> read = RuleReader.read(rule.expressions(), FamilyScope.BOTH, names);
            Rule now = read.map(RuleReader.Found::rule).orElse(null);
            boolean second =
                    before != null && before.target() instanceof Target.Tproxy && new Rule(before.matches(), new Target.Drop()).equals(now);
            before = now;
            if (second) {
                continue;
            }
            position++;
            FamilyScope families = read.map(r -> r.families().within(r.rule().families())).orElse(FamilyScope.BOTH).within(tableFamilies);
            if (families.contains(family)) {
                rules.add(new ListedRule(position, read.map(RuleReader.Found::rule),
                        now == null ? rule.expressions().toString() : now.toString(), rule.raw(), rule.counter(families)));
            }
        }
        return rules;
    }
}
