package io.inpod.iptables.backend.guarantee;

import static org.assertj.core.api.Assertions.assertThat;

import io.inpod.iptables.Kernel;
import io.inpod.iptables.backend.Backends;
import io.inpod.iptables.backend.IptablesBackend;
import io.inpod.iptables.backend.internal.tools.Programs;
import io.inpod.iptables.backend.tools.IptablesTools;
import io.inpod.iptables.backend.tools.IptablesTools.Variant;
import io.inpod.iptables.backend.pod.PodRulesChange;
import io.inpod.iptables.pod.InPodRedirection;
import io.inpod.iptables.pod.InPodRedirection.Profile;
import io.inpod.iptables.pod.PodRules;
import io.inpod.netlink.Rtnetlink;
import io.inpod.netns.IpFamily;
import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.testing.PodNetwork;
import io.inpod.netns.testing.Pods;
import io.inpod.netns.testing.Tool;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Every guarantee holds if the rules are complete; if a rule was changed, the report names the broken guarantee and the rule. */
@Pods(1)
class GuaranteeTrialKernelTest {
    private static final InPodRedirection V4 = InPodRedirection.of(IpFamily.V4).withDnsCapture(true);
    private static final InPodRedirection V6 = InPodRedirection.of(IpFamily.V6).withDnsCapture(true);

    static List<PodRules> presets() {
        return List.of(PodRules.of(V4, V6), PodRules.of(V4), PodRules.of(V6.withDnsCapture(false)).withGuard(false),
                PodRules.of(V4.withIngress(true).withVirtualInterfaces(List.of("br0", "tap-1")), V6.withVirtualInterfaces(List.of("br0"))),
                PodRules.of(V4.withProfile(Profile.TPROXY), V6.withProfile(Profile.TPROXY)));
    }

    /** Installs rules, and the policy routing that they need. */
    private static void install(PodRules rules, NetworkNamespace pod) throws Exception {
        route(pod);
        new PodRulesChange(rules).install(pod);
    }

    private static void route(NetworkNamespace pod) throws Exception {
        try (Rtnetlink inside = Rtnetlink.open(pod)) {
            for (IpFamily family : IpFamily.values()) {
                inside.routes().add(PodTwin.route(family));
                inside.rules().add(PodTwin.rule(family));
            }
        }
    }

    private static List<TrialResult> tryAll(PodRules rules, NetworkNamespace pod) throws Exception {
        return new GuaranteeTrial(rules, IptablesTools.system(), Duration.ofSeconds(2)).run(pod);
    }

    @ParameterizedTest
    @MethodSource("presets")
    void everyGuaranteeHoldsWithCompleteRules(PodRules rules, PodNetwork network) throws Exception {
        NetworkNamespace pod = network.pod(0).namespace();
        install(rules, pod);
        List<TrialResult> results = tryAll(rules, pod);
        assertThat(results).allMatch(TrialResult::holds);
        assertThat(results.stream().map(TrialResult::family)).contains(IpFamily.V4, IpFamily.V6);
        rules.redirections().forEach(redirection -> assertThat(results).filteredOn(result -> result.family() == redirection.family())
                .extracting(TrialResult::guarantee).contains(Guarantee.OUTBOUND, Guarantee.INBOUND, Guarantee.HBONE, Guarantee.MARKED, Guarantee.LOOPBACK,
                        Guarantee.OWN_ADDRESS, Guarantee.HOST_PROBE, Guarantee.RETURNED));
        assertThat(results.stream().anyMatch(result -> result.guarantee() == Guarantee.CONTAINED)).isEqualTo(rules.guard());
        assertThat(results.stream().anyMatch(result -> result.guarantee() == Guarantee.PROBE_ADDRESS)).isEqualTo(rules.guard());
        assertThat(results.stream().anyMatch(result -> result.guarantee() == Guarantee.PORTS)).isEqualTo(rules.guard());
        assertThat(results.stream().anyMatch(result -> result.guarantee() == Guarantee.REPEATED))
                .isEqualTo(rules.guard() && rules.redirections().stream().anyMatch(redirection -> !redirection.ingress()));
        assertThat(results.stream().anyMatch(result -> result.guarantee() == Guarantee.SEALED)).isEqualTo(rules.guard()
                && rules.redirections().stream().anyMatch(redirection -> redirection.profile() == Profile.REDIRECT && !redirection.ingress()));
        assertThat(new GuaranteeTrial(rules).guarantees()).containsExactlyInAnyOrderElementsOf(results.stream()
                .map(result -> result.family() + ": " + result.guarantee().words()).toList());
    }

    @ParameterizedTest
    @EnumSource(value = Variant.class, names = {"NFT", "LEGACY"})
    void bothImplementationsOfIptablesAreCopied(Variant variant, PodNetwork network) throws Exception {
        NetworkNamespace pod = network.pod(0).namespace();
        route(pod);
        new PodRulesChange(PodRules.of(V4, V6), List.of(new IptablesBackend(IptablesTools.system().withVariant(variant))), reason -> {
        }).install(pod);
        assertThat(tryAll(PodRules.of(V4, V6), pod)).allMatch(TrialResult::holds);
    }

    /** A change of the rules, the guarantee that it breaks, and the expected report. */
    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "nat     | -I OUTPUT -p tcp -j ACCEPT                   | OUTBOUND   | no answer; met nat OUTPUT rule 1: -p tcp -j ACCEPT",
        "nat     | -I ISTIO_OUTPUT -p tcp --dport 8080 -j REDIRECT --to-ports 15008 | OUTBOUND | port 15008; met nat ISTIO_OUTPUT rule 1: -p tcp -m tcp --dport 8080 -j REDIRECT --to-ports 15008",
        "nat     | -D ISTIO_OUTPUT 6                            | OUTBOUND   | no rule caught it; this one should have: nat ISTIO_OUTPUT rule 6: ! -d 127.0.0.1/32 -p tcp -m mark ! --mark 0x539/0xfff -j REDIRECT --to-ports 15001",
        "nat     | -D ISTIO_PRERT 2                             | INBOUND    | no rule caught it; this one should have: nat ISTIO_PRERT rule 2",
        "nat     | -I ISTIO_PRERT -p tcp -j REDIRECT --to-ports 15006 | HBONE | port 15006; met nat ISTIO_PRERT rule 1",
        "nat     | -I ISTIO_OUTPUT -m mark --mark 0x539/0xfff -p tcp -j REDIRECT --to-ports 15001 | MARKED | port 15001; met nat ISTIO_OUTPUT rule 1",
        "filter  | -A OUTPUT -d 127.0.0.1 -p tcp -j REJECT --reject-with tcp-reset | LOOPBACK | no answer; met filter OUTPUT rule 1",
        "nat     | -R ISTIO_OUTPUT 5 -d 127.0.0.1 -o lo -j ACCEPT | OWN_ADDRESS | port 15001",
        "nat     | -D ISTIO_OUTPUT 2                            | DNS_UDP    | the peer, past the proxy; missing: nat ISTIO_OUTPUT rule 2: ! -o lo -p udp",
        "nat     | -D ISTIO_OUTPUT 3                            | DNS_TCP    | port 15001; no rule caught it; this one should have: nat ISTIO_OUTPUT rule 3",
        "nat     | -D ISTIO_PRERT 1                             | HOST_PROBE | port 15006",
        "mangle  | -D INPOD_GUARD 3                             | CONTAINED  | the peer, past the proxy; no rule caught it; this one should have: mangle INPOD_GUARD rule 3: -j DROP",
        "mangle  | -D INPOD_GUARD 3                             | PROBE_ADDRESS | the peer, past the proxy; no rule caught it; this one should have: mangle INPOD_GUARD rule 3: -j DROP",
        "mangle  | -I INPOD_INBOUND -p tcp -g INPOD_ADMIT       | SEALED     | the application; met mangle INPOD_INBOUND rule 1: -p tcp -g INPOD_ADMIT",
        "mangle  | -I INPOD_GUARD -p tcp -j RETURN              | CONTAINED  | the peer, past the proxy; met mangle INPOD_GUARD rule 1: -p tcp -j RETURN",
        "mangle  | -D POSTROUTING 1                             | CONTAINED  | the peer, past the proxy; no rule caught it; this one should have: mangle POSTROUTING rule 1: ! -o lo -p tcp -j INPOD_GUARD",
        "mangle  | -D INPUT 1                                   | PORTS      | a stranger at port 15001; no rule caught it; this one should have: mangle INPUT rule 1: -p tcp -m multiport --dports 15001,15006,15008,15053 -j INPOD_PORTS",
        "mangle  | -D INPUT 2                                   | PORTS      | a stranger at port 15053; no rule caught it; this one should have: mangle INPUT rule 2: -p udp -m udp --dport 15053 -j INPOD_PORTS",
        "mangle  | -D INPOD_PORTS 2                             | PORTS      | a stranger at port 15001; no rule caught it; this one should have: mangle INPOD_PORTS rule 2: -m socket --nowildcard -j DROP",
        "mangle  | -I INPOD_PORTS -p tcp --dport 15008 -j RETURN | PORTS     | a stranger at port 15008; met mangle INPOD_PORTS rule 1: -p tcp -m tcp --dport 15008 -j RETURN",
        "mangle  | -D INPOD_PORTS 1                             | OUTBOUND   | no answer; missing: mangle INPOD_PORTS rule 1: -m socket --transparent --nowildcard -j RETURN",
        "filter  | :OUTPUT DROP [0:0]                          | OUTBOUND   | no answer; met filter OUTPUT policy: DROP",
        "mangle  | -A OUTPUT -p tcp --dport 8080 -d 192.0.2.0/24 -m mark ! --mark 0x539/0xfff -j DROP | OUTBOUND | no answer; met mangle OUTPUT rule 2",
    })
    void theBrokenGuaranteeIsNamedWithItsRule(String table, String change, Guarantee broken, String said, PodNetwork network) throws Exception {
        NetworkNamespace pod = network.pod(0).namespace();
        PodRules rules = PodRules.of(V4, V6);
        install(rules, pod);
        Kernel.run(pod, "*" + table + "\n" + change + "\nCOMMIT\n", "iptables-restore", "--noflush");
        List<TrialResult> results = new ArrayList<>(tryAll(rules, pod));
        results.removeIf(TrialResult::holds);
        assertThat(results).extracting(TrialResult::family).containsOnly(IpFamily.V4);
        assertThat(results).filteredOn(result -> result.guarantee() == broken).singleElement()
                .satisfies(result -> assertThat(result.toString()).contains("BROKEN").contains(said));
    }

    /** The chain is gone with the jumps to it, in both families; everything else is kept. */
    @ParameterizedTest
    @EnumSource(Profile.class)
    void portsThatNothingKeepsForTheProxyAreFound(Profile profile, PodNetwork network) throws Exception {
        NetworkNamespace pod = network.pod(0).namespace();
        PodRules rules = PodRules.of(V4.withProfile(profile), V6.withProfile(profile).withDnsCapture(false));
        install(rules, pod);
        Kernel.run(pod, "*mangle\n-D INPUT 1\n-D INPUT 1\n-F INPOD_PORTS\n-X INPOD_PORTS\nCOMMIT\n", "iptables-restore", "--noflush");
        Kernel.run(pod, "*mangle\n-D INPUT 1\n-F INPOD_PORTS\n-X INPOD_PORTS\nCOMMIT\n", "ip6tables-restore", "--noflush");
        List<TrialResult> broken = tryAll(rules, pod).stream().filter(result -> !result.holds()).toList();
        assertThat(broken).extracting(TrialResult::family).containsExactly(IpFamily.V4, IpFamily.V6);
        assertThat(broken).extracting(TrialResult::guarantee).containsOnly(Guarantee.PORTS);
        assertThat(broken.get(1)).asString().isEqualTo("IPv6: nobody but the proxy receives at its ports: BROKEN: expected no answer, "
                + "observed a stranger at port 15001; no rule caught it; these should have: mangle INPUT rule 1: -p tcp -m multiport --dports "
                + "15001,15006,15008 -j INPOD_PORTS; mangle INPOD_PORTS rule 2: -m socket --nowildcard -j DROP");
    }

    /** Each port has a jump of its own there. */
    @ParameterizedTest
    @ValueSource(strings = {"tcp dport 15001", "tcp dport 15006", "tcp dport 15008", "tcp dport 15053", "udp dport 15053"})
    void inInetTablesEveryPortCounts(String condition, PodNetwork network) throws Exception {
        NetworkNamespace pod = network.pod(0).namespace();
        PodRules rules = PodRules.of(V4, V6);
        route(pod);
        new PodRulesChange(rules, List.of(Backends.named("netlink-inet").orElseThrow()), reason -> {
        }).install(pod);
        String[] jump = Tool.run(pod, "nft", "-a", "list", "chain", "inet", "istio-ambient-mangle", "input").lines()
                .filter(line -> line.contains(condition)).findFirst().orElseThrow().split(" # handle ");
        Tool.run(pod, "nft", "delete", "rule", "inet", "istio-ambient-mangle", "input", "handle", jump[1]);
        assertThat(tryAll(rules, pod)).filteredOn(result -> !result.holds()).hasSize(2).allSatisfy(result -> {
            assertThat(result.guarantee()).isEqualTo(Guarantee.PORTS);
            assertThat(result.observed()).isEqualTo("a stranger at port " + condition.substring(10));
            assertThat(result.rules()).singleElement().asString().matches(
                    "no rule caught it; this one should have: inet istio-ambient-mangle input rule \\d: " + condition + " jump inpod-ports");
        });
    }

    /** With Istio's rule for established connections, and a guard that trusts it, the second connection goes past the proxy. */
    @Test
    void theWordOfConnectionTrackingIsNotEnough(PodNetwork network) throws Exception {
        NetworkNamespace pod = network.pod(0).namespace();
        PodRules rules = PodRules.of(V4.withProfile(Profile.TPROXY), V6.withProfile(Profile.TPROXY));
        install(rules, pod);
        String established = " -p tcp -m conntrack --ctstate ESTABLISHED -j ";
        Kernel.run(pod, "*mangle\n-I ISTIO_PRERT" + established + "ACCEPT\n-I INPOD_INBOUND" + established + "RETURN\n-I INPOD_GUARD"
                + established + "RETURN\nCOMMIT\n", "iptables-restore", "--noflush");
        assertThat(tryAll(rules, pod)).filteredOn(result -> !result.holds()).singleElement().satisfies(result -> {
            assertThat(result.guarantee()).isEqualTo(Guarantee.REPEATED);
            assertThat(result.observed()).isEqualTo("the application");
            assertThat(result.rules()).anyMatch(rule -> rule.contains("INPOD_INBOUND rule 1"));
        });
    }

    /** The twin has the pod's routing, so the trial notices what the pod lacks, and what is in the way. */
    @ParameterizedTest
    @EnumSource(Profile.class)
    void routingThatThePodLacksIsFound(Profile profile, PodNetwork network) throws Exception {
        NetworkNamespace pod = network.pod(0).namespace();
        PodRules rules = PodRules.of(V4.withProfile(profile));
        new PodRulesChange(rules).install(pod);
        assertReturnIsBroken(rules, pod);
        route(pod);
        assertThat(tryAll(rules, pod)).allMatch(TrialResult::holds);
        Tool.run(pod, "ip", "route", "flush", "table", "100");
        assertReturnIsBroken(rules, pod);
        Tool.run(pod, "ip", "route", "add", "unreachable", "default", "table", "100");
        assertReturnIsBroken(rules, pod);
        Tool.run(pod, "ip", "route", "replace", "local", "default", "dev", "lo", "table", "100");
        assertThat(tryAll(rules, pod)).allMatch(TrialResult::holds);
        Tool.run(pod, "ip", "rule", "add", "fwmark", "0x100/0x100", "pref", "100", "lookup", "101");
        Tool.run(pod, "ip", "route", "add", "default", "via", Tool.run(pod, "ip", "-4", "route", "show", "default").split(" ")[2], "table", "101");
        assertThat(tryAll(rules, pod)).filteredOn(result -> !result.holds()).extracting(TrialResult::guarantee).contains(Guarantee.RETURNED);
    }

    private static void assertReturnIsBroken(PodRules rules, NetworkNamespace pod) throws Exception {
        assertThat(tryAll(rules, pod)).filteredOn(result -> !result.holds()).singleElement().satisfies(result -> {
            assertThat(result.guarantee()).isEqualTo(Guarantee.RETURNED);
            assertThat(result.rules()).singleElement().asString().contains("mark 0x111").contains("32764: from all fwmark 0x111/0xfff lookup 100")
                    .contains("local default dev lo table 100");
        });
    }

    /** With {@code src_valid_mark}, the check of source addresses meets the local default route; see ip-sysctl.rst. */
    @ParameterizedTest
    @ValueSource(strings = {"all", "eth0"})
    void aSettingThatBreaksAPromiseBreaksItInTheTwinToo(String scope, PodNetwork network) throws Exception {
        NetworkNamespace pod = network.pod(0).namespace();
        PodRules rules = PodRules.of(V4.withProfile(Profile.TPROXY));
        install(rules, pod);
        Tool.run(pod, "sysctl", "-qw", "net.ipv4.conf." + scope + ".src_valid_mark=1");
        assertThat(tryAll(rules, pod)).filteredOn(result -> result.guarantee() == Guarantee.INBOUND).first().satisfies(result -> {
            assertThat(result.holds()).isFalse();
            assertThat(result.rules()).anyMatch(text -> text.startsWith("net.ipv4.conf." + scope + ".src_valid_mark is 1 instead of 0"));
        });
    }

    /** Source validation, which distributions switch on, doesn't concern packets that come back by the loopback interface. */
    @ParameterizedTest
    @CsvSource({"rp_filter, 1", "rp_filter, 2", "accept_local, 1"})
    void settingsThatDontMatterAreTriedToo(String setting, String value, PodNetwork network) throws Exception {
        NetworkNamespace pod = network.pod(0).namespace();
        for (Profile profile : Profile.values()) {
            PodRules rules = PodRules.of(V4.withProfile(profile));
            new PodRulesChange(rules).install(pod);
            if (profile == Profile.REDIRECT) {
                route(pod);
                for (String scope : List.of("all", "default", "lo", "eth0")) {
                    Tool.run(pod, "sysctl", "-qw", "net.ipv4.conf." + scope + "." + setting + "=" + value);
                }
            }
            assertThat(tryAll(rules, pod)).as(profile.toString()).allMatch(TrialResult::holds);
        }
    }

    /** A pod without IPv6 has no packets of it, and no routing for it: the rules are tried nevertheless. */
    @Test
    void aPodWithoutIpv6IsAsItShouldBe(PodNetwork network) throws Exception {
        NetworkNamespace pod = network.pod(0).namespace();
        PodRules rules = PodRules.of(V4, V6);
        Tool.run(pod, "sysctl", "-qw", "net.ipv6.conf.all.disable_ipv6=1");
        Tool.run(pod, "ip", "route", "add", "local", "default", "dev", "lo", "table", "100");
        Tool.run(pod, "ip", "rule", "add", "fwmark", "0x111/0xfff", "pref", "32764", "lookup", "100");
        new PodRulesChange(rules).install(pod);
        assertThat(tryAll(rules, pod)).allMatch(TrialResult::holds).extracting(TrialResult::family).contains(IpFamily.V6);
        Tool.run(pod, "sysctl", "-qw", "net.ipv6.conf.eth0.disable_ipv6=0");
        assertThat(tryAll(rules, pod)).filteredOn(result -> !result.holds()).extracting(TrialResult::family).contains(IpFamily.V6).doesNotContain(IpFamily.V4);
    }

    @Test
    void aLoopbackInterfaceThatIsDownBreaksTheRedirection(PodNetwork network) throws Exception {
        NetworkNamespace pod = network.pod(0).namespace();
        PodRules rules = PodRules.of(V4);
        install(rules, pod);
        Tool.run(pod, "ip", "link", "set", "lo", "down");
        assertThat(new GuaranteeTrial(rules, IptablesTools.system(), Duration.ofMillis(500)).run(pod))
                .filteredOn(result -> result.guarantee() == Guarantee.OUTBOUND).singleElement()
                .satisfies(result -> assertThat(result.toString()).contains("BROKEN").contains("lo is down").contains("ip link set lo up"));
    }

    @Test
    void aFamilyThatSlipsThroughIsFound(PodNetwork network) throws Exception {
        NetworkNamespace pod = network.pod(0).namespace();
        install(PodRules.of(V4), pod);
        Kernel.run(pod, "*filter\n-I OUTPUT -p tcp -j ACCEPT\nCOMMIT\n", "ip6tables-restore", "--noflush");
        assertThat(tryAll(PodRules.of(V4), pod)).filteredOn(result -> !result.holds()).singleElement().asString()
                .startsWith("IPv6: outbound TCP is rejected: BROKEN: expected refused, observed ").endsWith("; met filter OUTPUT rule 1: -p tcp -j ACCEPT");
    }

    @Test
    void aTableThatOnlyNftKnowsIsCopiedToo(PodNetwork network) throws Exception {
        NetworkNamespace pod = network.pod(0).namespace();
        install(PodRules.of(V4, V6), pod);
        Kernel.run(pod, "table inet other { chain out { type filter hook output priority 10; tcp dport 8080 ip daddr 192.0.2.1 counter reject with tcp reset; }; }",
                "nft", "-f", "-");
        assertThat(tryAll(PodRules.of(V4, V6), pod)).filteredOn(result -> result.guarantee() == Guarantee.MARKED && result.family() == IpFamily.V4)
                .singleElement().satisfies(result -> assertThat(result.toString()).contains("refused; met inet other out rule 1:"));
    }

    @Test
    void thePodInServiceIsNotTouched(PodNetwork network) throws Exception {
        NetworkNamespace pod = network.pod(0).namespace();
        install(PodRules.of(V4, V6), pod);
        String before = state(pod);
        tryAll(PodRules.of(V4, V6), pod);
        assertThat(state(pod)).isEqualTo(before);
    }

    /** Leaves out rules that only jump, because neighbour discovery of IPv6 changes their counters at any time. */
    private static String state(NetworkNamespace pod) throws Exception {
        StringBuilder state = new StringBuilder(Tool.run(pod, "ip", "-o", "link") + Tool.run(pod, "ip", "-s", "link", "show", "dev", "lo"));
        for (IpFamily family : IpFamily.values()) {
            Tool.run(pod, Programs.iptables(family) + "-save", "-c").lines().filter(line -> line.contains(" -p ")).forEach(state::append);
        }
        return state + Tool.run(pod, "conntrack", "-L", "-p", "tcp").replaceAll("(?m)^conntrack v.*", "");
    }
}
