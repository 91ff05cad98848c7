package io.inpod.examples.rules;

import static org.assertj.core.api.Assertions.assertThat;

import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.testing.ChildProcess;
import io.inpod.netns.testing.PodNetwork;
import io.inpod.netns.testing.Pods;
import io.inpod.netns.testing.Tool;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code ./inpod rules}: the names by which a namespace is found, and the tables in which rules are found. */
@Pods
class RulesPlaceTest {
    private static void assertWhole(String... where) {
        assertThat(RulesRun.of("verify", where).code()).isEqualTo(1);
        assertThat(RulesRun.of("apply", where).code()).isZero();
        assertThat(RulesRun.of("verify", where).code()).isZero();
        assertThat(RulesRun.of("diff", where)).satisfies(outcome -> assertThat(outcome.out()).isEmpty());
        assertThat(RulesRun.of("probe", RulesRun.with(where, "--dry-run")).code()).isZero();
    }

    private static void assertNothingLeft(NetworkNamespace pod) throws Exception {
        assertThat(Tool.run(pod, "sh", "-c", "iptables-nft-save; ip6tables-nft-save; iptables-legacy-save; ip6tables-legacy-save; nft list ruleset inet; ipset save"))
                .doesNotContain("15001", "ISTIO", "istio", "INPOD", "inpod");
    }

    /** The name was created by ip netns. */
    @Test
    void byName(PodNetwork network) throws Exception {
        String name = "inpod-rules-" + ProcessHandle.current().pid();
        Tool.run(network.node(), "ip", "netns", "add", name);
        Tool.run(network.node(), "ip", "-n", name, "link", "set", "lo", "up");
        try (NetworkNamespace pod = NetworkNamespace.named(name)) {
            assertWhole("--netns", name);
            assertThat(Tool.run(network.node(), "ip", "netns", "exec", name, "iptables-save")).contains("ISTIO_OUTPUT");
            assertThat(RulesRun.of("remove", "--netns", name).code()).isZero();
            assertNothingLeft(pod);
        } finally {
            Tool.run(network.node(), "ip", "netns", "delete", name);
        }
        assertThat(RulesRun.of("verify", "--netns", name)).satisfies(outcome -> {
            assertThat(outcome.code()).isEqualTo(3);
            assertThat(outcome.err()).contains(name);
        });
    }

    @Test
    void byProcess(PodNetwork network) throws Exception {
        NetworkNamespace pod = network.pod(0).namespace();
        String pid;
        try (ChildProcess inPod = ChildProcess.start(Tool.inside(pod, "sh", "-c", "echo up; exec cat"))) {
            pid = Long.toString(inPod.handle().pid());
            inPod.expect("up");
            assertWhole("--pid", pid);
            assertThat(Tool.run(pod, "iptables-save")).contains("ISTIO_OUTPUT");
            assertThat(RulesRun.of("remove", "--pid", pid).code()).isZero();
            assertNothingLeft(pod);
        }
        assertThat(RulesRun.of("verify", "--pid", pid)).satisfies(outcome -> {
            assertThat(outcome.code()).isEqualTo(3);
            assertThat(outcome.err()).contains("/proc/" + pid);
        });
        assertThat(RulesRun.of("verify", "--pid", "x").code()).isEqualTo(2);
    }

    @Test
    void aSettingThatBreaksThePromiseIsNamed(PodNetwork network) throws Exception {
        NetworkNamespace pod = network.pod(0).namespace();
        String[] where = {"--netns", Tool.pathOf(pod).toString()};
        assertThat(RulesRun.of("apply", where).code()).isZero();
        assertThat(RulesRun.of("verify", where).code()).isZero();
        Tool.run(pod, "sysctl", "-qw", "net.ipv4.tcp_fwmark_accept=1");
        assertThat(RulesRun.of("verify", where)).satisfies(outcome -> {
            assertThat(outcome.code()).isEqualTo(1);
            assertThat(outcome.err()).contains("net.ipv4.tcp_fwmark_accept is 1 instead of 0").contains("sysctl -w");
        });
    }

    @ParameterizedTest
    @ValueSource(strings = {"redirect", "tproxy"})
    void routingIsAPartOfTheRules(String profile, PodNetwork network) throws Exception {
        NetworkNamespace pod = network.pod(0).namespace();
        String[] where = {"--netns", Tool.pathOf(pod).toString(), "--profile", profile};
        assertThat(RulesRun.of("apply", where).code()).isZero();
        for (String family : List.of("-4", "-6")) {
            assertThat(Tool.run(pod, "ip", family, "rule")).contains("32764:\tfrom all fwmark 0x111/0xfff lookup 100");
            assertThat(Tool.run(pod, "ip", family, "route", "show", "table", "100")).contains("local default dev lo");
        }
        assertThat(RulesRun.of("verify", where).code()).isZero();
        assertThat(RulesRun.of("remove", RulesRun.with(where, "--dry-run")).out())
                .contains("would be removed: rule \"32764: from all fwmark 0x111/0xfff lookup 100\"", "would be removed: route \"local default dev lo table 100\"");

        Tool.run(pod, "ip", "rule", "del", "pref", "32764");
        assertThat(RulesRun.of("verify", where)).satisfies(outcome -> {
            assertThat(outcome.code()).isEqualTo(1);
            assertThat(outcome.err()).contains("lacks rule \"32764: from all fwmark 0x111/0xfff lookup 100\"");
        });
        assertThat(RulesRun.of("diff", where)).satisfies(outcome -> {
            assertThat(outcome.code()).isEqualTo(1);
            assertThat(outcome.out().lines()).singleElement().asString().contains("lacks rule");
        });
        assertThat(RulesRun.of("probe", where)).satisfies(outcome -> {
            assertThat(outcome.code()).isEqualTo(1);
            assertThat(outcome.out()).contains("IPv4: answers to a client's address return to the proxy: BROKEN")
                    .contains("IPv6: answers to a client's address return to the proxy: kept");
        });
        assertThat(RulesRun.of("apply", RulesRun.with(where, "--dry-run")).out()).contains("would be corrected: ", "lacks rule");
        assertThat(RulesRun.of("apply", where).code()).isZero();
        assertThat(RulesRun.of("verify", where).code()).isZero();

        assertThat(RulesRun.of("remove", where).code()).isZero();
        for (String family : List.of("-4", "-6")) {
            assertThat(Tool.run(pod, "ip", family, "rule")).doesNotContain("32764");
            assertThat(Tool.tryRun(pod, "ip", family, "route", "show", "table", "100").output()).doesNotContain("default");
        }
        assertNothingLeft(pod);
    }

    /** A failure leaves the pod as it was: nothing of what it had before is missing, nothing that was tried is left. */
    @Test
    void aFailedApplyTouchesNoRouting(PodNetwork network) throws Exception {
        NetworkNamespace pod = network.pod(0).namespace();
        String[] where = {"--netns", Tool.pathOf(pod).toString()};
        String[] impossible = RulesRun.with(where, "--mark-owner", "there-is-no-such-cgroup");
        assertThat(RulesRun.of("apply", impossible).code()).isEqualTo(3);
        assertThat(Tool.run(pod, "ip", "rule")).doesNotContain("32764");
        assertThat(RulesRun.of("apply", where).code()).isZero();
        assertThat(RulesRun.of("apply", impossible).code()).isEqualTo(3);
        assertThat(RulesRun.of("verify", where).code()).isZero();
    }

    @Test
    void aLoopbackInterfaceThatIsDownIsNamed(PodNetwork network) throws Exception {
        NetworkNamespace pod = network.pod(0).namespace();
        for (String ipv6 : List.of("true", "false")) {
            String[] where = {"--netns", Tool.pathOf(pod).toString(), "--ipv6", ipv6};
            Tool.run(pod, "ip", "link", "set", "lo", "down");
            assertThat(RulesRun.of("apply", where)).satisfies(outcome -> {
                assertThat(outcome.code()).isEqualTo(1);
                assertThat(outcome.err()).containsOnlyOnce("lo is down").contains("ip link set lo up").contains("apply again");
            });
            assertThat(Tool.run(pod, "iptables-save")).as("closed, not open").contains("INPOD_GUARD");
            Tool.run(pod, "ip", "link", "set", "lo", "up");
            assertThat(RulesRun.of("apply", where).code()).isZero();
            assertThat(RulesRun.of("verify", where).code()).isZero();
            Tool.run(pod, "ip", "link", "set", "lo", "down");
            for (String command : List.of("verify", "diff")) {
                assertThat(RulesRun.of(command, where)).satisfies(outcome -> {
                    assertThat(outcome.code()).isEqualTo(1);
                    assertThat(outcome.err() + outcome.out()).contains("lo is down");
                });
            }
            assertThat(RulesRun.of("remove", where).code()).isZero();
        }
    }

    /** The selected back end sees only one kind of tables, but rules in other tables are effective too. */
    @ParameterizedTest
    @CsvSource({"iptables-legacy, netlink", "netlink-inet, iptables-nft", "iptables-nft, netlink-inet"})
    void removesWhatAnotherBackEndApplied(String before, String now, PodNetwork network) throws Exception {
        NetworkNamespace pod = network.pod(0).namespace();
        for (List<String> scope : List.of(List.of("--scope", "pod"), List.of("--scope", "host", "--pod", "10.77.0.9=uid-9"))) {
            String[] where = RulesRun.with(scope.toArray(String[]::new), "--netns", Tool.pathOf(pod).toString(), "--backend");
            assertThat(RulesRun.of("apply", RulesRun.with(where, before)).code()).isZero();
            assertThat(RulesRun.of("remove", RulesRun.with(where, now, "--dry-run")).out()).contains("would be removed: ", "IPv4: nat ", "nothing was changed");
            assertThat(RulesRun.of("remove", RulesRun.with(where, now)).code()).isZero();
            assertNothingLeft(pod);
            assertThat(RulesRun.of("remove", RulesRun.with(where, now, "--dry-run")).out()).startsWith("nothing to do in ");
        }
    }
}
