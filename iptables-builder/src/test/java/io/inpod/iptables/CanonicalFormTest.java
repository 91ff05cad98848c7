package io.inpod.iptables;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.inpod.iptables.TransportMatch.PortCondition;
import io.inpod.netns.IpFamily;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Rules that mean the same are equal, and rules that the kernel would refuse can't be built. */
class CanonicalFormTest {
    private static final Target ACCEPT = new Target.Accept();
    private static final Match TCP = Match.protocol(Protocol.TCP);

    @Test
    void fullPortRangesVanishAndHeaderConditionsJoin() {
        Match all = new TransportMatch(Protocol.TCP, Optional.of(new PortCondition(new Ports(0, 65535), false)), Optional.empty(), Optional.empty());
        assertThat(Rule.of(ACCEPT, TCP, all)).isEqualTo(Rule.of(ACCEPT, TCP, Match.header(Protocol.TCP)));
        assertThat(Rule.of(ACCEPT, Match.sourcePort(Protocol.TCP, Ports.of(1)), TCP, Match.mark(Mark.exactly(1)), Match.destinationPort(Protocol.TCP, Ports.of(2))))
                .isEqualTo(Rule.of(ACCEPT, TCP, new TransportMatch(Protocol.TCP, Optional.of(new PortCondition(Ports.of(1), false)),
                        Optional.of(new PortCondition(Ports.of(2), false)), Optional.empty()), Match.mark(Mark.exactly(1))));
        assertThatIllegalArgumentException().isThrownBy(() -> Rule.of(ACCEPT, TCP, Match.sourcePort(Protocol.TCP, Ports.of(1)), Match.sourcePort(Protocol.TCP, Ports.of(2))))
                .withMessageContaining("two conditions on the same part");
        assertThatIllegalArgumentException().isThrownBy(() -> new TransportMatch(Protocol.TCP, Optional.of(new PortCondition(new Ports(0, 65535), true)), Optional.empty(), Optional.empty()));
    }

    @Test
    void portsAreSortedAndJoined() {
        Match ports = Match.destinationPorts(Protocol.TCP, Ports.of(443), Ports.of(80), new Ports(82, 90), Ports.of(85), Ports.of(81));
        assertThat(ports).isEqualTo(new MultiportMatch(Protocol.TCP, Side.DESTINATION, List.of(new Ports(80, 90), Ports.of(443)), false));
        assertThat(Match.sourcePorts(Protocol.UDP, Ports.of(81), Ports.of(80))).isEqualTo(Match.sourcePort(Protocol.UDP, new Ports(80, 81)));
        assertThat(Rule.of(ACCEPT, TCP, Match.destinationPorts(Protocol.TCP, new Ports(0, 100), new Ports(50, 65535)))).isEqualTo(Rule.of(ACCEPT, TCP, Match.header(Protocol.TCP)));
        Ports[] fifteen = IntStream.rangeClosed(1, 15).mapToObj(port -> Ports.of(2 * port)).toArray(Ports[]::new);
        assertThat(Match.destinationPorts(Protocol.TCP, Ports.of(2), fifteen)).isInstanceOf(MultiportMatch.class);
        assertThatIllegalArgumentException().isThrownBy(() -> Match.destinationPorts(Protocol.TCP, Ports.of(1000), fifteen))
                .withMessageContaining("need 16 slots, more than 15").withMessageContaining("several rules");
        assertThatIllegalArgumentException().isThrownBy(() -> new MultiportMatch(Protocol.TCP, Side.SOURCE, List.of(Ports.of(1), Ports.of(2)), false))
                .withMessageContaining("use MultiportMatch.of");
        assertThatIllegalArgumentException().isThrownBy(() -> MultiportMatch.of(Protocol.ICMP, Side.SOURCE, List.of(Ports.of(1), Ports.of(3)), false))
                .withMessageContaining("has no ports");
        assertThatIllegalArgumentException().isThrownBy(() -> MultiportMatch.of(Protocol.TCP, Side.SOURCE, List.of(), false));
        assertThatIllegalArgumentException().isThrownBy(() -> Rule.of(ACCEPT, Match.protocol(Protocol.UDP), ports)).withMessageContaining("not for protocol tcp");
    }

    @Test
    void theCommentComesLastAndOnce() {
        assertThat(Rule.of(ACCEPT, Match.comment("x"), Match.mark(Mark.exactly(1)), TCP)).isEqualTo(Rule.of(ACCEPT, TCP, Match.mark(Mark.exactly(1)), Match.comment("x")));
        assertThatIllegalArgumentException().isThrownBy(() -> Rule.of(ACCEPT, Match.comment("x"), Match.comment("y")));
    }

    @Test
    void theFamilyIsLeftOutWhereAnotherPartTellsIt() {
        Match source = Match.source(IpPrefix.parse("10.0.0.0/8"));
        assertThat(Rule.of(ACCEPT, Match.family(IpFamily.V4), source)).isEqualTo(Rule.of(ACCEPT, source));
        assertThatIllegalArgumentException().isThrownBy(() -> Rule.of(ACCEPT, Match.family(IpFamily.V6), source));
        assertThatIllegalArgumentException().isThrownBy(() -> Rule.of(ACCEPT, source, Match.destination(IpPrefix.parse("fd00::/8")))).withMessageContaining("mixes");
        Table table = Table.of(TableName.RAW, Chain.of("A", Rule.of(ACCEPT, Match.family(IpFamily.V4))));
        assertThat(RuleSet.of(IpFamily.V4, table)).isEqualTo(RuleSet.of(IpFamily.V4, Table.of(TableName.RAW, Chain.of("A", Rule.of(ACCEPT)))));
        assertThat(RuleSet.ofBoth(table).only(IpFamily.V4)).isEqualTo(RuleSet.of(IpFamily.V4, table));
        assertThat(RuleSet.ofBoth(table).only(IpFamily.V6).table(TableName.RAW).map(t -> t.chains().get(0).rules().size()).orElse(0)).isZero();
        assertThatIllegalArgumentException().isThrownBy(() -> RuleSet.of(IpFamily.V6, table));
    }

    @Test
    void partsAreSortedAndEmptyOnesLeftOut() {
        RuleSet rules = new RuleSet(FamilyScope.BOTH, List.of(Table.of(TableName.RAW, Chain.of("OUTPUT")),
                Table.of(TableName.NAT, Chain.of("B"), Chain.of("OUTPUT", Rule.of(ACCEPT)), Chain.of("A"), Chain.of("PREROUTING", Rule.of(ACCEPT))),
                Table.of(TableName.FILTER, Chain.of("C"))), List.of(AddressSet.of("z", IpFamily.V4), AddressSet.of("y", IpFamily.V6)));
        assertThat(rules.tables()).extracting(Table::name).containsExactly(TableName.FILTER, TableName.NAT);
        assertThat(rules.tables().get(1).chains()).extracting(Chain::name).containsExactly("PREROUTING", "OUTPUT", "A", "B");
        assertThat(rules.sets()).extracting(NamedSet::name).containsExactly("y", "z");
    }

    /** Limits as iptables 1.8.9 prints them; the last one would overflow the kernel's counter. */
    @ParameterizedTest
    @CsvSource({"60, HOUR, 1, MINUTE", "1, SECOND, 1, SECOND", "3600, HOUR, 1, SECOND", "120, MINUTE, 2, SECOND", "3000, SECOND, 3333, SECOND", "7, MINUTE, 7, MINUTE", "24, DAY, 1, HOUR"})
    void limitsAreWhatTheKernelRemembers(int rate, LimitMatch.Per per, int kept, LimitMatch.Per keptPer) {
        assertThat(new LimitMatch(rate, per, 1)).isEqualTo(new LimitMatch(kept, keptPer, 1));
        assertThat(new LimitMatch(rate, per, 1).rate()).isEqualTo(kept);
        assertThat(new LimitMatch(rate, per, 1).per()).isEqualTo(keptPer);
        assertThatIllegalArgumentException().isThrownBy(() -> new LimitMatch(1, LimitMatch.Per.DAY, 5)).withMessageContaining("lower the burst");
    }

    @Test
    void numbersOutOfRangeAreRefusedByName() {
        assertThat(Match.random(0.3)).isEqualTo(Match.random(0.29999999981)).isNotEqualTo(Match.random(0.3000000006));
        assertThat(RandomMatch.ofDraws(25, 100, true)).isEqualTo(Match.random(0.25).not());
        for (double none : new double[] {0, 1e-10, 1, 1 - 1e-10, -0.5, 2, Double.NaN, Double.POSITIVE_INFINITY}) {
            assertThatIllegalArgumentException().isThrownBy(() -> Match.random(none)).withMessage("probability " + none + " is not above 0 and below 1 in steps of 1/2147483648");
        }
        assertThatIllegalArgumentException().isThrownBy(() -> RandomMatch.ofDraws(1, 10, false)).withMessageContaining("chance 1 of 10");
        assertThatIllegalArgumentException().isThrownBy(() -> Match.everyNth(1)).withMessage("every 1 is not 2 to 4294967295");
        assertThatIllegalArgumentException().isThrownBy(() -> Match.everyNth(1L << 32)).withMessageContaining("every");
        assertThatIllegalArgumentException().isThrownBy(() -> new NthMatch(3, 3, false)).withMessage("packet 3 is not 0 to 2, with every 3");
        assertThatIllegalArgumentException().isThrownBy(() -> Match.connectionsAbove(0, ConnlimitMatch.Counted.ALL))
                .withMessage("number of connections 0 is not 1 to 4294967295: there always is one");
        assertThat(Match.protocol(6)).isEqualTo(TCP);
        assertThatIllegalArgumentException().isThrownBy(() -> Match.protocol(0)).withMessage("protocol number 0 is not 1 to 255: 0 stands for every protocol; leave the condition out");
        assertThatIllegalArgumentException().isThrownBy(() -> Match.protocol(256)).withMessage("protocol number 256 is not 1 to 255");
        assertThatIllegalArgumentException().isThrownBy(() -> new ProtocolNumberMatch(17, false)).withMessageContaining("is Protocol.UDP: use ProtocolNumberMatch.of");
        assertThatIllegalArgumentException().isThrownBy(() -> Rule.of(ACCEPT, TCP, Match.protocol(132))).withMessageContaining("two conditions");
        assertThatIllegalArgumentException().isThrownBy(() -> new Target.Nfqueue(65536)).withMessage("queues 65536 to 65536 are not within 0 to 65535 in ascending order");
        assertThatIllegalArgumentException().isThrownBy(() -> new Target.Nfqueue(3, 2, false, false)).withMessageContaining("queues 3 to 2");
        assertThatIllegalArgumentException().isThrownBy(() -> new Target.Nfqueue(0, 65535, false, false)).withMessageContaining("more than the 65535");
        assertThatIllegalArgumentException().isThrownBy(() -> new Target.Nfqueue(3, 3, false, true)).withMessage("fanout needs several queues, not queue 3 alone");
        assertThatIllegalArgumentException().isThrownBy(() -> new Target.SetTcpMss(65496)).withMessage("maximum segment size 65496 is not 1 to 65495");
    }

    /** What counts stays behind the conditions whose packets it counts; a chance is drawn for each packet alone. */
    @Test
    void conditionsThatCountDoNotCommute() {
        Match mark = Match.mark(Mark.exactly(1));
        for (Match counting : List.of(Match.everyNth(3), Match.connectionsAbove(3, ConnlimitMatch.Counted.ALL), new LimitMatch(1, LimitMatch.Per.SECOND, 5))) {
            assertThat(counting.isCounting()).isTrue();
            assertThat(Rule.of(ACCEPT, mark, counting)).isNotEqualTo(Rule.of(ACCEPT, counting, mark));
            assertThatIllegalArgumentException().isThrownBy(() -> Rule.of(ACCEPT, TCP, Match.destinationPort(Protocol.TCP, Ports.of(1)), counting, Match.sourcePort(Protocol.TCP, Ports.of(2))))
                    .withMessageContaining("on both sides of");
        }
        assertThat(Rule.of(ACCEPT, mark, Match.random(0.5))).isEqualTo(Rule.of(ACCEPT, Match.random(0.5), mark));
    }

    /** The kernel's answer for both is that for the stricter one. nft lists them as one. */
    @Test
    void conditionsOnASocketAreOne() {
        assertThat(Rule.of(ACCEPT, new SocketMatch(true, true), new SocketMatch(false, false))).isEqualTo(Rule.of(ACCEPT, new SocketMatch(true, false)));
        assertThat(Rule.of(ACCEPT, new SocketMatch(false, true), Match.mark(Mark.exactly(1)), new SocketMatch(false, true))).isEqualTo(Rule.of(ACCEPT, new SocketMatch(false, true), Match.mark(Mark.exactly(1))));
        assertThat(Rule.of(ACCEPT, new SocketMatch(true, true), Match.everyNth(2), new SocketMatch(false, false)).matches()).hasSize(3);
    }

    @Test
    void setsAreDeclaredAndFit() {
        AddressSet set = AddressSet.of("pods", IpFamily.V4, IpPrefix.parse("10.0.0.2").address(), IpPrefix.parse("10.0.0.1").address());
        assertThat(set.elements()).extracting(AddressSet.Element::toString).containsExactly("10.0.0.1", "10.0.0.2");
        Table table = Table.of(TableName.RAW, Chain.of("A", Rule.of(ACCEPT, Match.in(set, Side.SOURCE))));
        assertThatIllegalArgumentException().isThrownBy(() -> RuleSet.ofBoth(table)).withMessage("raw A rule 1: set pods of IPv4 is not in the rule set");
        assertThat(new RuleSet(FamilyScope.BOTH, List.of(table), List.of(set)).only(IpFamily.V6).sets()).isEmpty();
        assertThatIllegalArgumentException().isThrownBy(() -> AddressSet.of("pods", IpFamily.V4, IpPrefix.parse("::1").address()));
        assertThatIllegalArgumentException().isThrownBy(() -> AddressSet.of("pods", IpFamily.V4, IpPrefix.parse("1.1.1.1").address(), IpPrefix.parse("1.1.1.1").address()));
        assertThatIllegalArgumentException().isThrownBy(() -> AddressSet.of("-pods", IpFamily.V4));
    }

    @Test
    void rangesThatAreOneBlockAreBlocks() {
        assertThat(Match.source(AddressRange.parse("10.0.0.0-10.255.255.255"))).isEqualTo(Match.source(IpPrefix.parse("10.0.0.0/8")));
        assertThat(Match.destination(AddressRange.parse("fd00::1-fd00::1")).not()).isEqualTo(Match.destination(IpPrefix.parse("fd00::1")).not());
        assertThat(Rule.of(ACCEPT, Match.source(AddressRange.parse("0.0.0.0-255.255.255.255")))).isEqualTo(Rule.of(ACCEPT));
        assertThat(Match.source(AddressRange.parse("10.0.0.1-10.0.0.9"))).isEqualTo(new AddressRangeMatch(Side.SOURCE, AddressRange.parse("10.0.0.1-10.0.0.9"), false));
        assertThatIllegalArgumentException().isThrownBy(() -> new AddressRangeMatch(Side.SOURCE, AddressRange.parse("10.0.0.2-10.0.0.3"), false))
                .withMessageContaining("is the block 10.0.0.2/31: use AddressRangeMatch.of");
        assertThatIllegalArgumentException().isThrownBy(() -> Rule.of(ACCEPT, Match.family(IpFamily.V6), Match.source(AddressRange.parse("10.0.0.1-10.0.0.9"))));
    }

    @Test
    void setsOfPrefixesDontOverlap() {
        AddressSet set = AddressSet.of("nets", IpFamily.V4, IpPrefix.parse("10.0.0.0/8"), IpPrefix.parse("9.0.0.0/8"), IpPrefix.parse("11.0.0.1"));
        assertThat(set.elements()).extracting(AddressSet.Element::toString).containsExactly("9.0.0.0/8", "10.0.0.0/8", "11.0.0.1");
        assertThat(set.type()).isEqualTo(AddressSet.Type.PREFIXES);
        assertThatIllegalArgumentException().isThrownBy(() -> AddressSet.of("nets", IpFamily.V4, IpPrefix.parse("10.1.0.0/16"), IpPrefix.parse("10.0.0.0/8")))
                .withMessage("set nets holds 10.1.0.0/16, which is a part of its element 10.0.0.0/8");
        assertThatIllegalArgumentException().isThrownBy(() -> AddressSet.of("nets", IpFamily.V4, IpPrefix.parse("10.0.0.0/8"), IpPrefix.parse("10.1.2.3/8")))
                .withMessage("set nets holds 10.0.0.0/8 twice");
        assertThatIllegalArgumentException().isThrownBy(() -> AddressSet.of("nets", IpFamily.V4, IpPrefix.parse("0.0.0.0/0"))).withMessageContaining("two halves");
        assertThatIllegalArgumentException().isThrownBy(() -> new AddressSet("pods", IpFamily.V4, List.of(new AddressSet.Element(IpPrefix.parse("10.0.0.0/8"), ""))))
                .withMessage("set pods can't hold 10.0.0.0/8: declare it as AddressSet.Type.PREFIXES");
        assertThat(set.with(List.of(new AddressSet.Element(IpPrefix.parse("10.0.0.0/9"), "half")), List.of(IpPrefix.parse("10.0.0.0/8"), IpPrefix.parse("9.1.0.0/16"))).elements())
                .extracting(AddressSet.Element::toString).containsExactly("9.0.0.0/8", "10.0.0.0/9", "11.0.0.1");
        assertThatIllegalArgumentException().isThrownBy(() -> set.with(List.of(new AddressSet.Element(IpPrefix.parse("10.0.0.0/9"), "half")), List.of()));
        assertThat(AddressSet.withoutOverlaps("nets", IpFamily.V4, AddressSet.Type.PREFIXES, List.of(new AddressSet.Element(IpPrefix.parse("10.1.0.0/16"), "in"),
                new AddressSet.Element(IpPrefix.parse("10.0.0.0/8"), ""), new AddressSet.Element(IpPrefix.parse("10.1.2.3"), "in"),
                new AddressSet.Element(IpPrefix.parse("11.0.0.0/16"), "beside"))).elements()).extracting(AddressSet.Element::toString).containsExactly("10.0.0.0/8", "11.0.0.0/16");
    }

    @Test
    void partsNeedTheirProtocolTableAndHook() {
        assertThatIllegalArgumentException().isThrownBy(() -> Rule.of(ACCEPT, TCP, new IcmpMatch(Protocol.ICMP, 8, OptionalInt.empty(), false)));
        assertThatIllegalArgumentException().isThrownBy(() -> new TransportMatch(Protocol.UDP, Optional.empty(), Optional.empty(), Optional.of(TcpFlags.syn())));
        assertThatIllegalArgumentException().isThrownBy(() -> Rule.of(new Target.ClampTcpMss(), TCP)).withMessageContaining("SYN");
        assertThatIllegalArgumentException().isThrownBy(() -> Rule.of(new Target.Snat(IpPrefix.parse("::1").address(), Optional.of(Ports.of(1)))));
        assertThatIllegalArgumentException().isThrownBy(() -> Table.of(TableName.RAW, Chain.of("PREROUTING", Rule.of(ACCEPT, Match.user(0))))).withMessageContaining("known only in");
        assertThatIllegalArgumentException().isThrownBy(() -> Table.of(TableName.MANGLE, Chain.of("INPUT", Rule.of(new Target.Goto("A"))),
                Chain.of("A", Rule.of(new Target.ClampTcpMss(), TCP, Match.flags(TcpFlags.syn()))))).withMessageContaining("reached from INPUT");
        assertThatIllegalArgumentException().isThrownBy(() -> Table.of(TableName.NAT, Chain.of("PREROUTING", Rule.of(new Target.Masquerade()))));
        assertThatIllegalArgumentException().isThrownBy(() -> new Mark(0, 0)).withMessageContaining("no bit would count");
        assertThatIllegalArgumentException().isThrownBy(() -> new TcpFlags(Set.of(), Set.of(), false));
        assertThatIllegalArgumentException().isThrownBy(() -> new Chain("A", Chain.Placement.FIRST, List.of())).withMessageContaining("not built in");
    }

    @Test
    void optionsOfAddressTranslationAreThoseOfTheKernel() {
        Optional<Ports> one = Optional.of(Ports.of(80));
        AddressRange addresses = AddressRange.parse("10.0.0.1-10.0.0.9");
        assertThatIllegalArgumentException().isThrownBy(() -> new Target.Dnat(addresses, Optional.of(new Ports(80, 90)), Set.of(NatOption.RANDOM_FULLY)))
                .withMessage("option RANDOM_FULLY of Dnat is not among [RANDOM, PERSISTENT]");
        assertThatIllegalArgumentException().isThrownBy(() -> new Target.Masquerade(one, Set.of(NatOption.PERSISTENT))).withMessageContaining("[RANDOM, RANDOM_FULLY]");
        assertThatIllegalArgumentException().isThrownBy(() -> new Target.Redirect(Ports.of(80), Set.of(NatOption.RANDOM)))
                .withMessage("option RANDOM of Redirect needs a range of ports, not port 80 alone: the kernel would ignore it");
        assertThatIllegalArgumentException().isThrownBy(() -> new Target.Dnat(addresses, Optional.empty(), Set.of(NatOption.RANDOM))).withMessageContaining("not none");
        assertThatIllegalArgumentException().isThrownBy(() -> new Target.Snat(addresses, Optional.of(new Ports(0, 9)), Set.of())).withMessageContaining("port 0 is not 1 to 65535");
        assertThat(new Target.Snat(addresses, one, Set.of(NatOption.PERSISTENT, NatOption.RANDOM))).hasToString("Snat[to 10.0.0.1-10.0.0.9 port 80 --random --persistent]");
        assertThat(new Target.Snat(addresses.first(), one, true)).isEqualTo(new Target.Snat(AddressRange.parse("10.0.0.1-10.0.0.1"), one, Set.of(NatOption.RANDOM_FULLY)));
    }

    @Test
    void negationIsThereWhereTheKernelHasIt() {
        assertThat(Match.in("lo").not().not()).isEqualTo(Match.in("lo"));
        assertThatIllegalArgumentException().isThrownBy(() -> Match.comment("x").not());
        assertThatIllegalArgumentException().isThrownBy(() -> new LimitMatch(1, LimitMatch.Per.SECOND, 5).not()).withMessageContaining("can't be negated");
    }
}
