package io.inpod.iptables.backend.internal.nft;

import io.inpod.iptables.FamilyScope;
import io.inpod.iptables.Target;
import io.inpod.iptables.backend.internal.nft.NftReader.FoundRule;
import io.inpod.iptables.backend.internal.nft.WantedChain.WantedRule;
import io.inpod.iptables.backend.internal.nft.expr.Expr;
import io.inpod.iptables.backend.internal.nft.expr.KernelNames;
import io.inpod.iptables.backend.internal.nft.rule.RuleReader;
import io.inpod.netlink.NetlinkRequest;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** The messages that change the found rules of a table into the wanted ones and touch nothing else. Chains without differences stay. */
final class TableEdit {
    private final int family;
    private final String table;
    private final FamilyScope tableFamilies;
    private final KernelNames names;
    private final List<NetlinkRequest> batch;

    TableEdit(int family, String table, FamilyScope tableFamilies, KernelNames names, List<NetlinkRequest> batch) {
        this.family = family;
        this.table = table;
        this.tableFamilies = tableFamilies;
        this.names = names;
        this.batch = batch;
    }

    /** Adds the messages to the batch; the table must exist. */
    void write(FoundTable found, List<WantedChain> wanted) {
        if (wanted.isEmpty() && found.own().isEmpty()) {
            return;
        }
        Map<String, WantedChain> byName = new TreeMap<>();
        List<WantedChain> changed = new ArrayList<>();
        for (WantedChain chain : wanted) {
            byName.put(chain.name(), chain);
            if (!found.all().contains(chain.name())) {
                batch.add(chain.base() == null ? Nft.addChain(family, table, chain.name())
                        : Nft.addChain(family, table, chain.name(), chain.base()));
            }
            List<FoundRule> there = chain.shared() ? jumps(found, chain.name()) : found.own().getOrDefault(chain.name(), List.of());
            if (!same(there, chain.rules()) || chain.first() && !first(found, chain.name())) {
                changed.add(chain);
                clear(chain, there);
            }
        }
        List<String> surplus = found.own().keySet().stream().filter(chain -> !byName.containsKey(chain)).toList();
        surplus.forEach(chain -> batch.add(Nft.flushChain(family, table, chain)));
        for (String chain : found.shared().keySet()) {
            if (!byName.containsKey(chain)) {
                jumps(found, chain).forEach(rule -> batch.add(Nft.deleteRule(family, table, chain, rule.handle())));
            }
        }
        changed.forEach(this::fill);
        surplus.forEach(chain -> batch.add(Nft.deleteChain(family, table, chain)));
    }

    private static List<FoundRule> jumps(FoundTable found, String chain) {
        return found.shared().getOrDefault(chain, List.of()).stream().map(FoundTable.Jump::rule).toList();
    }

    private static boolean first(FoundTable found, String chain) {
        int expected = 1;
        for (FoundTable.Jump jump : found.shared().getOrDefault(chain, List.of())) {
            if (jump.position() != expected++) {
                return false;
            }
        }
        return true;
    }

    private void clear(WantedChain chain, List<FoundRule> there) {
        if (chain.shared()) {
            there.forEach(rule -> batch.add(Nft.deleteRule(family, table, chain.name(), rule.handle())));
        } else if (!there.isEmpty()) {
            batch.add(Nft.flushChain(family, table, chain.name()));
        }
    }

    private void fill(WantedChain chain) {
        List<WantedRule> rules = new ArrayList<>(chain.rules());
        if (chain.first()) {
            Collections.reverse(rules); // each is inserted before the previous one
        }
        for (WantedRule rule : rules) {
            List<Expr> expressions = PortSets.send(family, table, rule.expressions(), batch);
            batch.add(chain.first() ? Nft.insertRule(family, table, chain.name(), rule, expressions)
                    : Nft.appendRule(family, table, chain.name(), rule, expressions));
        }
    }

    private boolean same(List<FoundRule> found, List<WantedRule> wanted) {
        if (found.size() != wanted.size()) {
            return false;
        }
        for (int i = 0; i < found.size(); i++) {
            List<Expr> expressions = found.get(i).expressions();
            if (wanted.get(i).rule().target() instanceof Target.Raw) {
                if (!found.get(i).raw().equals(Optional.of(wanted.get(i).rule().withoutFamily()))) {
                    return false;
                }
            } else if (!expressions.equals(wanted.get(i).expressions())) {
                Optional<RuleReader.Found> is = RuleReader.read(expressions, tableFamilies, names);
                if (is.isEmpty() || !is.equals(RuleReader.read(wanted.get(i).expressions(), tableFamilies, names))) {
                    return false;
                }
            }
        }
        return true;
    }
}
