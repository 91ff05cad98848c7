package io.inpod.examples.rules;

import static org.assertj.core.api.Assertions.assertThat;

import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.testing.PodNetwork;
import io.inpod.netns.testing.Pods;
import io.inpod.netns.testing.Tool;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code ./inpod rules}: each command's effect on a pod, its output, and its exit code. */
@Pods
class RulesMainTest {
    private static RulesRun run(String command, String... arguments) {
        return RulesRun.of(command, arguments);
    }

    private static RulesRun in(NetworkNamespace pod, String command, String... arguments) throws Exception {
        return run(command, with(new String[] {"--netns", Tool.pathOf(pod).toString()}, arguments));
    }

    @Test
    void printsTheAgentsRules() {
        RulesRun printed = run("print");
        assertThat(printed.code()).isZero();
        assertThat(printed.out()).contains("*nat\n", ":ISTIO_PRERT - [0:0]\n", "-A ISTIO_OUTPUT ! -d 127.0.0.1/32 -p tcp -m mark ! --mark 0x539/0xfff -j REDIRECT --to-ports 15001\n")
                .doesNotContain("*raw", "INPOD", "::1");
        assertThat(run("print", "--family", "6").out()).contains("! -d ::1/128").doesNotContain("127.0.0.1");
        assertThat(run("print", "--dns", "--ingress", "--virtual-interfaces", "br0,tap-1", "--host-probe-v4", "192.0.2.1").out())
                .contains("*raw\n", "--to-ports 15053", "-A ISTIO_PRERT -i tap-1 -p tcp -j REDIRECT --to-ports 15001\n", "-d 192.0.2.1/32").doesNotContain("15006");
        assertThat(run("print", "--profile", "tproxy").out()).contains("TPROXY --on-port 15008");
        assertThat(run("print", "--guard", "true").out()).contains("-A POSTROUTING ! -o lo -p tcp -j INPOD_GUARD\n",
                "-A INPOD_GUARD -m mark --mark 0x539/0xfff -g INPOD_ADMIT\n",                 "-A INPOD_GUARD -j DROP\n", "-A INPUT -p tcp -j INPOD_INBOUND\n",
                "-A INPUT -p tcp -m multiport --dports 15001,15006,15008 -j INPOD_PORTS\n", "-A INPOD_PORTS -m socket --nowildcard -j DROP\n",
                "-A INPOD_INBOUND -p tcp -m multiport --dports 15006,15008 -g INPOD_ADMIT\n", "-A INPOD_ADMIT -j CONNMARK --set-xmark 0x1000/0x1000\n");
        assertThat(run("print", "--guard", "true", "--host-probe-v4", "192.0.2.1", "--ingress", "--virtual-interfaces", "br0").out())
                .contains("-A FORWARD -p tcp -j INPOD_FORWARD\n", "-A INPOD_FORWARD -i br0 -j DROP\n", "-A INPOD_FORWARD -g INPOD_ADMIT\n",
                        "-A INPOD_GUARD -m addrtype ! --src-type LOCAL -m connmark --mark 0x1000/0x1000 -j RETURN\n", "-A INPOD_INBOUND -g INPOD_ADMIT\n").doesNotContain("15006");
        assertThat(run("print", "--guard", "true", "--virtual-interfaces", "br0").out()).contains("-A INPOD_GUARD -s 169.254.7.127/32 -o br0 -g INPOD_ADMIT\n").doesNotContain("FORWARD");
        assertThat(run("print", "--guard", "true", "--dns", "--ingress").out()).contains("--dports 15001,15008,15053 -j INPOD_PORTS\n");
        assertThat(run("print", "--scope", "host").out()).contains("-I POSTROUTING 1 -j ISTIO_POSTRT\n", "--match-set istio-inpod-probes-v4 dst -j SNAT --to-source 169.254.7.127\n");
        assertThat(run("print", "--format", "nft").out()).contains("inet istio-ambient-nat", "redirect to :15006").doesNotContain("::1", "inpod-guard", "reject");
        assertThat(run("print", "--format", "nft", "--family", "6").out()).contains("ip6 daddr", "ip daddr");
        assertThat(run("print", "--format", "nft", "--scope", "host", "--kubelet-uid", "1000").out()).contains("skuid 1000", "@istio-inpod-probes-v4");
        assertThat(run("print", "--format", "json").out()).startsWith("{").contains("\"type\" : \"RuleSet\"", "\"type\" : \"Redirect\"", "15001");
    }

    @Test
    void wrongUsageIsToldApartFromFailure() {
        assertThat(run("print", "--family", "5").code()).isEqualTo(2);
        assertThat(run("print", "--virtual-interfaces", "a b")).satisfies(outcome -> {
            assertThat(outcome.code()).isEqualTo(2);
            assertThat(outcome.err()).contains("virtual interface \"a b\" is not an interface name");
        });
        assertThat(run("print", "--host-probe-v4", "fd00::1").code()).isEqualTo(2);
        assertThat(run("verify").code()).isEqualTo(2);
        assertThat(run("verify", "--nonsense").err().lines()).as("the message isn't hidden by a screen of options")
                .hasSize(2).first().asString().contains("--nonsense");
        assertThat(run("verify", "--netns", "x", "--pid", "1").code()).isEqualTo(2);
        assertThat(run("apply", "--netns", "no-such-pod")).satisfies(outcome -> {
            assertThat(outcome.code()).isEqualTo(3);
            assertThat(outcome.err()).contains("no-such-pod");
        });
        assertThat(run("apply", "--netns", "/proc/self/ns/net")).satisfies(outcome -> {
            assertThat(outcome.code()).isEqualTo(3);
            assertThat(outcome.err()).contains("would cut off the node");
        });
        assertThat(run("apply", "--netns", "/proc/self/ns/net", "--dry-run").err()).contains("would cut off the node");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "netlink", "netlink-inet", "nft", "iptables-nft", "iptables-legacy"})
    void appliesVerifiesAndRemoves(String backend, PodNetwork network) throws Exception {
        NetworkNamespace pod = network.pod(0).namespace();
        String[] by = backend.isEmpty() ? new String[0] : new String[] {"--backend", backend};
        assertThat(in(pod, "verify", by).code()).isEqualTo(1);
        assertThat(in(pod, "apply", with(by, "--dry-run"))).satisfies(outcome -> {
            assertThat(outcome.code()).isZero();
            assertThat(outcome.out()).contains("would be corrected: ", "nothing was changed");
        });
        assertThat(everything(pod)).doesNotContain("15001");
        assertThat(in(pod, "apply", by).code()).isZero();
        assertThat(in(pod, "apply", by).code()).isZero();
        assertThat(everything(pod)).contains("15001", "15006");
        assertThat(in(pod, "verify", by)).satisfies(outcome -> {
            assertThat(outcome.code()).isZero();
            assertThat(outcome.out()).contains("are as expected");
        });
        assertThat(in(pod, "verify", with(by, "--dns")).code()).isEqualTo(1);
        assertThat(in(pod, "diff", by)).satisfies(outcome -> assertThat(outcome.out()).isEmpty());
        assertThat(in(pod, "diff", with(by, "--dns"))).satisfies(outcome -> {
            assertThat(outcome.code()).isEqualTo(1);
            assertThat(outcome.out()).contains("15053");
        });
        assertThat(in(pod, "remove", with(by, "--dry-run")).out()).contains("would be removed: ", "nothing was changed");
        assertThat(everything(pod)).contains("15001");
        assertThat(in(pod, "remove", by).code()).isZero();
        assertThat(in(pod, "remove", by).code()).isZero();
        assertThat(everything(pod)).doesNotContain("15001", "ISTIO", "istio", "INPOD", "inpod");
    }

    private static String[] with(String[] arguments, String... more) {
        return RulesRun.with(arguments, more);
    }

    private static String everything(NetworkNamespace pod) throws Exception {
        return Tool.run(pod, "sh", "-c", "iptables-nft-save; ip6tables-nft-save; iptables-legacy-save; ip6tables-legacy-save; nft list ruleset inet");
    }

    @Test
    void saysInWordsWhatSomebodyChangedAndWhatItBreaks(PodNetwork network) throws Exception {
        NetworkNamespace pod = network.pod(0).namespace();
        assertThat(in(pod, "apply").code()).isZero();
        assertThat(in(pod, "probe")).satisfies(outcome -> {
            assertThat(outcome.code()).isZero();
            assertThat(outcome.out()).contains("IPv4: outbound TCP goes to 15001: kept\n", "IPv6: inbound TCP goes to 15006: kept\n").doesNotContain("BROKEN");
        });
        Tool.run(pod, "iptables", "-t", "nat", "-R", "ISTIO_OUTPUT", "4", "!", "-d", "127.0.0.1", "-p", "tcp", "-m", "mark", "!", "--mark", "0x539/0xfff", "-j",
                "REDIRECT", "--to-ports", "15008");
        assertThat(in(pod, "diff")).satisfies(outcome -> {
            assertThat(outcome.code()).isEqualTo(1);
            assertThat(outcome.out()).contains("ISTIO_OUTPUT", "15008", "15001");
        });
        assertThat(in(pod, "probe")).satisfies(outcome -> {
            assertThat(outcome.code()).isEqualTo(1);
            assertThat(outcome.out()).contains("IPv4: outbound TCP goes to 15001: BROKEN: expected port 15001, observed port 15008; met nat ISTIO_OUTPUT rule 4:");
        });
        assertThat(in(pod, "probe", "--dry-run").out()).contains("IPv4: outbound TCP goes to 15001\n");
    }

    @Test
    void theNodesRulesToo(PodNetwork network) throws Exception {
        String[] options = {"--scope", "host", "--pod", "10.77.0.2=uid-1", "--pod", "fd77::2=uid-1"};
        assertThat(in(network.node(), "apply", options).code()).isZero();
        assertThat(in(network.node(), "verify", options).code()).isZero();
        assertThat(in(network.node(), "verify", "--scope", "host").code()).isEqualTo(1);
        assertThat(Tool.run(network.node(), "ipset", "save")).contains("add istio-inpod-probes-v4 10.77.0.2 comment \"uid-1\"");
        assertThat(in(network.node(), "remove", "--scope", "host").code()).isZero();
        assertThat(everything(network.node())).doesNotContain("ISTIO");
        assertThat(Tool.run(network.node(), "ipset", "save")).doesNotContain("istio");
    }
}
