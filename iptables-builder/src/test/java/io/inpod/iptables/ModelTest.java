package io.inpod.iptables;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.inpod.iptables.backend.IptablesRules;
import io.inpod.iptables.pod.InPodRedirection;
import io.inpod.iptables.text.IptablesRestore;
import io.inpod.netns.IpFamily;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ModelTest {
    private static final Target ACCEPT = new Target.Accept();
    private static final Target REDIRECT = new Target.Redirect(Ports.of(1));

    @ParameterizedTest
    @CsvSource({"10.1.2.3/8, 10.0.0.0/8", "1.2.3.4, 1.2.3.4/32", "::1, ::1/128", "FD00:0:0:1::5/64, fd00:0:0:1::/64", "1:0:0:2:0:0:0:3, 1:0:0:2::3/128",
        "::ffff:0:0:0/128, ::ffff:0:0:0/128", "::1.2.3.4, ::1.2.3.4/128", "0.0.0.0/0, 0.0.0.0/0", "::/0, ::/0", "1:2:3:4:5:6:7::, 1:2:3:4:5:6:7:0/128"})
    void addressesAreCanonical(String given, String canonical) {
        assertThat(IpPrefix.parse(given)).hasToString(canonical).isEqualTo(IpPrefix.parse(canonical));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "localhost", "1.2.3", "1.2.3.4/33", "::/129", "1.2.3.4/-1", "1.2.3.4/08", "01.2.3.4", "a.b", "::1%lo", "[::1]", "1:2", "1.2.3.4\n", "256.1.1.1", ":::"})
    void otherTextIsNoAddress(String text) {
        assertThatIllegalArgumentException().isThrownBy(() -> IpPrefix.parse(text));
    }

    @Test
    void numbersAreInRange() {
        assertThatIllegalArgumentException().isThrownBy(() -> Ports.of(0)).withMessage("port 0 is not 1 to 65535");
        assertThatIllegalArgumentException().isThrownBy(() -> Ports.of(65536));
        assertThatIllegalArgumentException().isThrownBy(() -> new Ports(2, 1));
        assertThatIllegalArgumentException().isThrownBy(() -> new Mark(0x1000, 0xfff)).withMessage("mark 0x1000 has bits outside its mask 0xfff");
        assertThatIllegalArgumentException().isThrownBy(() -> new Target.ConntrackZone(0));
        assertThatIllegalArgumentException().isThrownBy(() -> new Target.Tproxy(0, Mark.exactly(1)));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "a b", "-j", "A\n", "ACCEPT", "PREROUTING", "a;b", "\"", "12345678901234567890123456789", "é", "!x", "a+"})
    void chainNamesAreChecked(String name) {
        assertThatIllegalArgumentException().isThrownBy(() -> new Target.Jump(name)).withMessageContaining("chain name");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "/", "/a", "a/", "a//b", ".", "a/.", "..", "../a", "a/../b", "a/b/..", "./a", "a\nb"})
    void cgroupPathsLeadStraightDown(String path) {
        assertThatIllegalArgumentException().isThrownBy(() -> Match.cgroup(path)).withMessageContaining("cgroup path");
        assertThat(Match.cgroup("a.slice/..b/...")).isEqualTo(new CgroupMatch("a.slice/..b/...", false));
    }

    @Test
    void errorsNameTheRule() {
        Rule bare = Rule.of(ACCEPT);
        assertThatIllegalArgumentException().isThrownBy(() -> Table.of(TableName.NAT, Chain.of("OUTPUT", bare, Rule.of(new Target.Jump("X")))))
                .withMessage("nat OUTPUT rule 2: jump target X is not a chain of this table");
        assertThatIllegalArgumentException().isThrownBy(() -> Table.of(TableName.RAW, Chain.of("INPUT"))).withMessage("raw has no built-in chain INPUT");
        assertThatIllegalArgumentException().isThrownBy(() -> Table.of(TableName.NAT, Chain.of("A", Rule.of(new Target.Jump("B"))),
                Chain.of("B", bare, Rule.of(new Target.Jump("A"))))).withMessage("nat B rule 2: jump to A closes a circle");
        assertThatIllegalArgumentException().isThrownBy(() -> Table.of(TableName.MANGLE, Chain.of("A", Rule.of(REDIRECT, Match.protocol(Protocol.TCP)))))
                .withMessageStartingWith("mangle A rule 1: target Redirect").withMessageEndingWith("is allowed only in [nat]");
        Target tproxy = new Target.Tproxy(1, Mark.exactly(1));
        assertThatIllegalArgumentException().isThrownBy(() -> Table.of(TableName.MANGLE, Chain.of("OUTPUT", Rule.of(new Target.Jump("A"))),
                Chain.of("A", Rule.of(tproxy, Match.protocol(Protocol.TCP))))).withMessageContaining("mangle A rule 1").withMessageContaining("reached from OUTPUT");
        assertThatIllegalArgumentException().isThrownBy(() -> Table.of(TableName.RAW, Chain.of("OUTPUT", Rule.of(ACCEPT, Match.in("lo")))))
                .withMessageContaining("not known in OUTPUT");
        assertThatIllegalArgumentException().isThrownBy(() -> RuleSet.of(IpFamily.V6, Table.of(TableName.RAW, Chain.of("A", bare,
                Rule.of(ACCEPT, Match.source(IpPrefix.parse("10.0.0.0/8"))))))).withMessage("raw A rule 2: source 10.0.0.0/8 in rules for IPv6");
        assertThatIllegalArgumentException().isThrownBy(() -> Rule.of(REDIRECT)).withMessageContaining("needs the protocol");
        assertThatIllegalArgumentException().isThrownBy(() -> Rule.of(ACCEPT, Match.destinationPort(Protocol.UDP, Ports.of(1)), Match.protocol(Protocol.TCP)));
        assertThatIllegalArgumentException().isThrownBy(() -> new IptablesRules(RuleSet.of(IpFamily.V4, Table.of(TableName.RAW, Chain.of("OUTPUT", bare)))))
                .withMessageContaining("raw OUTPUT rule 1 is no jump");
    }

    @Test
    void rulesAreCanonical() {
        Rule rule = Rule.of(ACCEPT, Match.protocol(Protocol.TCP), Match.mark(Mark.exactly(-1)), Match.out("lo"), Match.source(IpPrefix.parse("0.0.0.0/0")));
        assertThat(rule.matches()).containsExactly(Match.out("lo"), Match.protocol(Protocol.TCP), Match.mark(Mark.exactly(-1)));
        assertThat(IptablesRestore.rule(rule, IpFamily.V4)).isEqualTo("-o lo -p tcp -m mark --mark 0xffffffff -j ACCEPT");
    }

    /** A hostile name is either refused or appears in the text as a single harmless word. */
    @Test
    void hostileNamesNeverReachTheScript() {
        Random random = new Random(20261123);
        String alphabet = "ab0+*\"';-!#\\ \n\t:/.@_é\u00a0\u2028\ud800|&$()`{}%~";
        int accepted = 0;
        for (int i = 0; i < 10_000; i++) {
            StringBuilder name = new StringBuilder();
            for (int n = random.nextInt(17); n >= 0; n--) {
                name.append(alphabet.charAt(random.nextInt(i % 2 == 0 ? alphabet.length() : 3)));
            }
            String text;
            try {
                text = IptablesRestore.render(InPodRedirection.of(IpFamily.V4).withVirtualInterfaces(List.of(name.toString())).ruleSet());
            } catch (IllegalArgumentException e) {
                assertThat(e.getMessage()).doesNotContain("\n");
                continue;
            }
            accepted++;
            assertThat(name.toString()).matches("[A-Za-z0-9_.@][A-Za-z0-9_.@-]{0,14}[+]?");
            assertThat(text.split("\n")).hasSameSizeAs(IptablesRestore.render(
                    InPodRedirection.of(IpFamily.V4).withVirtualInterfaces(List.of("x")).ruleSet()).split("\n"));
        }
        assertThat(accepted).isGreaterThan(200);
    }

    @ParameterizedTest
    @ValueSource(strings = {"a*", "a\"b", "x;y", "-j", "a!", "#", "a+b"})
    void namesThatTheKernelKnowsButTextDoesNotAreRefusedByTheRenderer(String name) {
        RuleSet rules = InPodRedirection.of(IpFamily.V4).withVirtualInterfaces(List.of(name)).ruleSet();
        assertThatIllegalArgumentException().isThrownBy(() -> IptablesRestore.render(rules))
                .withMessageStartingWith("nat ISTIO_PRERT rule 1: iptables-restore can't express the interface name");
    }

    @Test
    void everyInterfaceIsNoCondition() {
        assertThatIllegalArgumentException().isThrownBy(() -> Match.in("+")).withMessageContaining("every interface");
        assertThatIllegalArgumentException().isThrownBy(() -> Match.out("+").not()).withMessageContaining("every interface");
    }

    @Test
    void presetOptionsFit() {
        InPodRedirection preset = InPodRedirection.of(IpFamily.V4);
        assertThatIllegalArgumentException().isThrownBy(() -> preset.withHostProbe(IpPrefix.parse("::1").address())).withMessageContaining("hostProbe");
        assertThatIllegalArgumentException().isThrownBy(() -> preset.withIngress(true).withProfile(InPodRedirection.Profile.TPROXY)).withMessageContaining("ingress");
    }
}
