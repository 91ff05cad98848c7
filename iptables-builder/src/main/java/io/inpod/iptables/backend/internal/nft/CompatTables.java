package io.inpod.iptables.backend.internal.nft;

import io.inpod.iptables.Chain;
import io.inpod.iptables.FamilyScope;
import io.inpod.iptables.Hook;
import io.inpod.iptables.Listing.ListedChain;
import io.inpod.iptables.Listing.ListedRule;
import io.inpod.iptables.ManagedNames;
import io.inpod.iptables.Rule;
import io.inpod.iptables.RuleSet;
import io.inpod.iptables.Table;
import io.inpod.iptables.TableName;
import io.inpod.iptables.backend.internal.nft.NftReader.FoundChain;
import io.inpod.iptables.backend.internal.nft.NftReader.FoundRule;
import io.inpod.iptables.backend.internal.nft.WantedChain.WantedRule;
import io.inpod.iptables.backend.internal.nft.expr.Basics;
import io.inpod.iptables.backend.internal.nft.expr.KernelNames;
import io.inpod.iptables.backend.internal.nft.rule.CompatLayout;
import io.inpod.iptables.backend.internal.nft.rule.RuleLayout;
import io.inpod.iptables.backend.internal.nft.rule.RuleReader;
import io.inpod.iptables.backend.internal.nft.rule.Scope;
import io.inpod.iptables.internal.FamilyChains;
import io.inpod.netlink.NetlinkRequest;
import io.inpod.netns.IpFamily;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** The tables of iptables, which are shared with other programs, one set of them for each family. */
final class CompatTables implements Tables {
    private static final RuleLayout LAYOUT = new CompatLayout();

    /**
     * Returns the chains of a table that packets of one family see, like {@link RuleSet#only} but without building and checking that rule
     * set, which would be most of the cost of applying a pod's rules.
     */
    private static List<WantedChain> wanted(Table table, IpFamily family, KernelNames names) {
        return WrittenTables.of(table, family, names, noticed -> write(table, family, noticed));
    }

    private static List<WantedChain> write(Table table, IpFamily family, KernelNames names) {
        Scope scope = Scope.of(family, names);
        List<WantedChain> chains = new ArrayList<>(table.chains().size());
        boolean empty = false;
        for (Chain chain : table.chains()) {
            List<WantedRule> rules = new ArrayList<>(chain.rules().size());
            for (Rule rule : chain.rules()) {
                if (rule.families().contains(family)) {
                    Place place = new Place(table.name().toString(), chain.name(), rules.size() + 1);
                    rules.add(new WantedRule(place, rule, place.write(LAYOUT, rule, scope)));
                }
            }
            BaseChain base = chain.isBuiltIn() ? BaseChain.of(table.name(), Hook.valueOf(chain.name())) : null;
            chains.add(new WantedChain(chain.name(), base, chain.isBuiltIn(), chain.placement() == Chain.Placement.FIRST, rules));
            empty |= rules.isEmpty();
        }
        if (empty) {
            removeEmpty(chains, table, family);
        }
        return chains;
    }

    /** Leaves out built-in chains without rules of the family, and chains that the family lacks. */
    private static void removeEmpty(List<WantedChain> chains, Table table, IpFamily family) {
        FamilyChains used = new FamilyChains();
        for (Chain chain : table.chains()) {
            chain.rules().forEach(rule -> used.add(chain.name(), rule.target().destination(), rule.families().contains(family)));
        }
        chains.removeIf(chain -> chain.rules().isEmpty() && (chain.shared() || used.lacks(chain.name())));
    }

    @Override
    public List<List<WantedChain>> wanted(ManagedNames managed, RuleSet rules, KernelNames names) {
        List<List<WantedChain>> all = new ArrayList<>();
        for (IpFamily family : rules.families()) {
            rules.tables().forEach(table -> all.add(wanted(table, family, names)));
        }
        return all;
    }

    @Override
    public void edit(NftReader reader, ManagedNames managed, RuleSet rules, KernelNames names, List<NetlinkRequest> batch)
            throws IOException {
        for (IpFamily family : IpFamily.values()) {
            boolean concerned = rules.families().contains(family);
            int number = Basics.nfproto(family);
            List<FoundChain> chains = reader.chains(number);
            for (TableName name : TableName.values()) {
                FoundTable found = found(reader, number, name.toString(), chains, managed.chains());
                List<WantedChain> wanted =
                        rules.table(name).filter(table -> concerned).map(table -> wanted(table, family, names)).orElse(List.of());
                if (!wanted.isEmpty() && !found.exists()) {
                    batch.add(Nft.addTable(number, name.toString()));
                }
                new TableEdit(number, name.toString(), FamilyScope.of(family), names, batch).write(found, wanted);
                if (wanted.isEmpty()) {
                    EmptyTables.edit(reader, number, name, chains, found, batch);
                }
            }
        }
    }

    @Override
    public List<ListedChain> read(NftReader reader, ManagedNames managed, KernelNames names) throws IOException {
        List<ListedChain> listed = new ArrayList<>();
        if (managed.chains().isEmpty()) {
            return listed; // other programs may have thousands
        }
        for (IpFamily family : IpFamily.values()) {
            int number = Basics.nfproto(family);
            List<FoundChain> chains = reader.chains(number);
            for (TableName name : TableName.values()) {
                FoundTable found = found(reader, number, name.toString(), chains, managed.chains());
                found.own().forEach((chain, rules) -> {
                    List<ListedRule> words = new ArrayList<>();
                    rules.forEach(rule -> words.add(listed(words.size() + 1, rule, family, names)));
                    listed.add(new ListedChain(family, name, chain, words));
                });
                found.shared().forEach((chain, jumps) -> listed.add(new ListedChain(family, name, chain,
                        jumps.stream().map(jump -> listed(jump.position(), jump.rule(), family, names)).toList())));
            }
        }
        return listed;
    }

    private static ListedRule listed(int position, FoundRule rule, IpFamily family, KernelNames names) {
        Optional<RuleReader.Found> read = RuleReader.read(rule.expressions(), FamilyScope.of(family), names);
        return new ListedRule(position, read.map(RuleReader.Found::rule),
                read.map(r -> r.rule().toString()).orElse(rule.expressions().toString()), rule.raw(),
                rule.counter(FamilyScope.of(family)));
    }

    /**
     * Finds the managed chains and the rules that lead to them. Chains of other programs are listed only if the managed chains have more
     * uses than the rules listed so far explain.
     */
    private static FoundTable found(NftReader reader, int family, String table, List<FoundChain> chains, Set<String> ours)
            throws IOException {
        Set<String> all = new HashSet<>();
        List<FoundChain> own = new ArrayList<>();
        boolean others = false;
        for (FoundChain chain : chains) {
            if (chain.table().equals(table)) {
                all.add(chain.name());
                if (ours.contains(chain.name())) {
                    own.add(chain);
                } else {
                    others |= chain.base() == null;
                }
            }
        }
        if (own.isEmpty()) {
            return all.isEmpty() ? FoundTable.NONE : FoundTable.empty(all);
        }
        FoundTable found = FoundTable.empty(all);
        own.forEach(chain -> found.own().put(chain.name(), new ArrayList<>()));
        if (!others) {
            sort(reader.rules(family, table, null), found);
            return found;
        }
        for (FoundChain chain : chains) {
            if (chain.table().equals(table) && (chain.base() != null || ours.contains(chain.name()))) {
                sort(reader.rules(family, table, chain.name()), found);
            }
        }
        if (own.stream().allMatch(chain -> chain.uses() == uses(found, chain.name()))) {
            return found;
        }
        FoundTable whole = FoundTable.empty(all);
        own.forEach(chain -> whole.own().put(chain.name(), new ArrayList<>()));
        sort(reader.rules(family, table, null), whole);
        return whole;
    }

    private static void sort(List<FoundRule> rules, FoundTable into) {
        String chain = "";
        int position = 0;
        for (FoundRule rule : rules) {
            position = rule.chain().equals(chain) ? position + 1 : 1;
            chain = rule.chain();
            List<FoundRule> own = into.own().get(chain);
            if (own != null) {
                own.add(rule);
            } else if (rule.destination().filter(into.own()::containsKey).isPresent()) {
                into.shared().computeIfAbsent(chain, name -> new ArrayList<>()).add(new FoundTable.Jump(position, rule));
            }
        }
    }

    private static int uses(FoundTable found, String chain) {
        int uses = found.own().getOrDefault(chain, List.of()).size();
        for (List<FoundRule> rules : found.own().values()) {
            uses += (int) rules.stream().filter(rule -> rule.leadsTo(chain)).count();
        }
        for (List<FoundTable.Jump> jumps : found.shared().values()) {
            uses += (int) jumps.stream().filter(jump -> jump.rule().leadsTo(chain)).count();
        }
        return uses;
    }
}
