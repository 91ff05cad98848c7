package io.inpod.iptables;

import io.inpod.netns.IpFamily;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/** Rules that cover every kind of match and target. {@link #missing} names the kinds without one. */
public final class Kinds {
    /** A cgroup, which must exist only where a rule with it is loaded. */
    public static final String CGROUP = "kinds/group";

    private static final AddressSet SET = AddressSet.of("kind-v4", IpFamily.V4, IpPrefix.parse("10.0.0.1").address());
    private static final PortSet PORTS = PortSet.of("kind-ports", Ports.of(80), new Ports(1000, 2000));

    /** The sets that the rules refer to. */
    public static final List<NamedSet> SETS = List.of(SET, PORTS);

    private static final Mark MARK = new Mark(0x539, 0xfff);
    private static final Target ACCEPT = new Target.Accept();
    private static final Match TCP = Match.protocol(Protocol.TCP);
    private static final String NEXT = "KIND_NEXT";

    private Kinds() {
    }

    /** A rule, with the table and the hook whose built-in chain leads to it. */
    public record Placed(TableName table, Hook hook, Rule rule) {
    }

    /** Returns one rule for each kind. */
    public static List<Placed> all() {
        List<Placed> all = new ArrayList<>(matches());
        all.addAll(targets());
        return all;
    }

    private static List<Placed> matches() {
        return List.of(
                filter(Hook.INPUT, Match.family(IpFamily.V6)),
                filter(Hook.INPUT, Match.source(IpPrefix.parse("10.0.0.0/8"))),
                filter(Hook.INPUT, Match.destination(IpPrefix.parse("fd00::/8")).not()),
                filter(Hook.INPUT, Match.in("lo")),
                filter(Hook.OUTPUT, Match.out("eth0").not()),
                filter(Hook.INPUT, TCP),
                filter(Hook.INPUT, TCP, Match.destinationPort(Protocol.TCP, Ports.of(80)), Match.flags(TcpFlags.syn())),
                filter(Hook.INPUT, TCP, Match.destinationPorts(Protocol.TCP, Ports.of(80), Ports.of(443), new Ports(1000, 2000))),
                filter(Hook.INPUT, Match.protocol(Protocol.ICMP), new IcmpMatch(Protocol.ICMP, 8, OptionalInt.empty(), false)),
                filter(Hook.INPUT, Match.mark(MARK)),
                filter(Hook.INPUT, Match.connmark(MARK).not()),
                filter(Hook.INPUT, Match.conntrack(ConntrackState.RELATED, ConntrackState.ESTABLISHED)),
                filter(Hook.INPUT, new ConntrackStatusMatch(Set.of(ConntrackStatus.ASSURED), false)),
                filter(Hook.INPUT, Match.in(SET, Side.SOURCE)),
                filter(Hook.INPUT, TCP, Match.in(PORTS, Protocol.TCP, Side.DESTINATION).not()),
                filter(Hook.INPUT, Match.source(AddressRange.parse("10.0.0.1-10.0.0.9"))),
                filter(Hook.INPUT, new AddressTypeMatch(Side.DESTINATION, AddressType.LOCAL, false)),
                filter(Hook.OUTPUT, Match.user(1000)),
                filter(Hook.OUTPUT, new OwnerGroupMatch(5, 9, false)),
                filter(Hook.OUTPUT, Match.ownedBySocket()),
                filter(Hook.OUTPUT, Match.cgroup(CGROUP)),
                filter(Hook.INPUT, new SocketMatch(true, true)),
                filter(Hook.INPUT, new LimitMatch(10, LimitMatch.Per.MINUTE, 7)),
                filter(Hook.INPUT, Match.protocol(132)),
                filter(Hook.INPUT, Match.random(0.3)),
                filter(Hook.INPUT, new NthMatch(3, 1, true)),
                filter(Hook.INPUT, Match.connectionsAbove(20, ConnlimitMatch.Counted.ALL)),
                filter(Hook.INPUT, Match.source(IpPrefix.parse("fd00::/8")), Match.connectionsAbove(2, ConnlimitMatch.Counted.DESTINATION).not()),
                filter(Hook.INPUT, Match.comment("a note")));
    }

    private static List<Placed> targets() {
        Match syn = Match.flags(TcpFlags.syn());
        return List.of(
                placed(TableName.FILTER, Hook.INPUT, ACCEPT),
                placed(TableName.FILTER, Hook.INPUT, new Target.Drop()),
                placed(TableName.FILTER, Hook.INPUT, new Target.Return()),
                placed(TableName.FILTER, Hook.INPUT, new Target.Reject(RejectWith.PORT_UNREACHABLE)),
                placed(TableName.FILTER, Hook.INPUT, new Target.Jump(NEXT)),
                placed(TableName.FILTER, Hook.INPUT, new Target.Goto(NEXT)),
                placed(TableName.NAT, Hook.OUTPUT, new Target.Redirect(new Ports(15001, 15002), Set.of(NatOption.RANDOM)), TCP),
                placed(TableName.NAT, Hook.OUTPUT, new Target.Dnat(IpPrefix.parse("10.0.0.1").address(), Optional.of(Ports.of(80))), TCP),
                placed(TableName.NAT, Hook.POSTROUTING, new Target.Snat(AddressRange.parse("fd00::1-fd00::9"), Optional.empty(), Set.of(NatOption.PERSISTENT))),
                placed(TableName.NAT, Hook.POSTROUTING, new Target.Masquerade()),
                placed(TableName.MANGLE, Hook.PREROUTING, new Target.Tproxy(15006, MARK), TCP),
                placed(TableName.MANGLE, Hook.OUTPUT, new Target.SetMark(MARK)),
                placed(TableName.MANGLE, Hook.OUTPUT, new Target.SetConnmark(MARK)),
                placed(TableName.MANGLE, Hook.OUTPUT, new Target.RestoreConnmark(-1, 0xff)),
                placed(TableName.MANGLE, Hook.OUTPUT, new Target.SaveConnmark(0xff, -1)),
                placed(TableName.RAW, Hook.PREROUTING, new Target.ConntrackZone(7)),
                placed(TableName.RAW, Hook.PREROUTING, new Target.NoTrack()),
                placed(TableName.FILTER, Hook.INPUT, new Target.Log("a prefix", 6)),
                placed(TableName.FILTER, Hook.INPUT, new Target.Nflog(3, "a prefix")),
                placed(TableName.FILTER, Hook.INPUT, new Target.Nfqueue(3)),
                placed(TableName.MANGLE, Hook.FORWARD, new Target.SetTcpMss(1300), TCP, syn),
                placed(TableName.MANGLE, Hook.FORWARD, new Target.ClampTcpMss(), TCP, syn));
    }

    private static Placed filter(Hook hook, Match... matches) {
        return placed(TableName.FILTER, hook, ACCEPT, matches);
    }

    private static Placed placed(TableName table, Hook hook, Target target, Match... matches) {
        return new Placed(table, hook, Rule.of(target, matches));
    }

    /** Returns all rules for both families, except those with a cgroup, which would have to exist. */
    public static RuleSet ruleSet() {
        Map<TableName, Map<Hook, List<Rule>>> tables = new EnumMap<>(TableName.class);
        for (Placed placed : all()) {
            boolean leads = placed.rule().target().destination().isPresent(); // as the built-in chains do
            if (!leads && placed.rule().matches().stream().noneMatch(CgroupMatch.class::isInstance)) {
                tables.computeIfAbsent(placed.table(), table -> new TreeMap<>(Comparator.naturalOrder()))
                        .computeIfAbsent(placed.hook(), hook -> new ArrayList<>()).add(placed.rule());
            }
        }
        List<Table> made = new ArrayList<>();
        tables.forEach((table, hooks) -> {
            List<Chain> chains = new ArrayList<>();
            hooks.forEach((hook, rules) -> {
                String chain = "KIND_" + hook;
                chains.add(Chain.of(hook.name(), Rule.of(table == TableName.FILTER ? new Target.Jump(chain) : new Target.Goto(chain))));
                chains.add(new Chain(chain, rules));
            });
            made.add(new Table(table, chains));
        });
        return new RuleSet(FamilyScope.BOTH, made, SETS);
    }

    /** Returns a rule that was read from tables of iptables, where only the sets decide whether a condition is one on addresses or ports. */
    public static Optional<Rule> withSets(Optional<Rule> read, IpFamily family) {
        Listing.ListedChain chain = new Listing.ListedChain(family, TableName.FILTER, "KIND", List.of(new Listing.ListedRule(1, read, "")));
        return new Listing(List.of(chain), List.of()).with(SETS, Map.of()).chains().get(0).rules().get(0).rule();
    }

    /** Returns the names of the kinds without a rule. */
    public static Set<String> missing() {
        Set<Class<?>> kinds = new HashSet<>();
        leaves(Match.class, kinds);
        leaves(Target.class, kinds);
        kinds.remove(Target.Raw.class); // each back end takes another form, see RawRulesKernelTest
        for (Placed placed : all()) {
            placed.rule().matches().forEach(match -> kinds.remove(match.getClass()));
            kinds.remove(placed.rule().target().getClass());
        }
        Set<String> names = new TreeSet<>();
        kinds.forEach(kind -> names.add(kind.getSimpleName()));
        return names;
    }

    private static void leaves(Class<?> type, Set<Class<?>> to) {
        if (type.isSealed()) {
            for (Class<?> one : type.getPermittedSubclasses()) {
                leaves(one, to);
            }
        } else {
            to.add(type);
        }
    }
}
