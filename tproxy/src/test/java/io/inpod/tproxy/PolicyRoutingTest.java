package io.inpod.tproxy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.inpod.netlink.Loopback;
import io.inpod.netns.IpFamily;
import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.testing.PodNetwork;
import io.inpod.netns.testing.Pods;
import io.inpod.netns.testing.Tool;
import java.io.IOException;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Policy routing, judged by the system's own tool. */
class PolicyRoutingTest {
    private static final PolicyRouting BOTH = PolicyRouting.DEFAULT;
    private static final PolicyRouting V4 = PolicyRouting.DEFAULT.withFamilies(Set.of(IpFamily.V4));

    @Test
    @Pods
    void installsAndRemovesBothParts(PodNetwork network) throws Exception {
        NetworkNamespace pod = network.pod(0).namespace();
        for (int twice = 0; twice < 2; twice++) {
            BOTH.install(pod);
            BOTH.verify(pod);
            for (String family : new String[] {"-4", "-6"}) {
                assertThat(Tool.run(pod, "ip", family, "rule")).containsOnlyOnce("32764:\tfrom all fwmark 0x111/0xfff lookup 100");
                assertThat(Tool.run(pod, "ip", family, "route", "show", "table", "100")).containsOnlyOnce("local default dev lo");
            }
        }
        for (int twice = 0; twice < 2; twice++) {
            BOTH.remove(pod);
            assertThat(Tool.run(pod, "ip", "rule") + Tool.run(pod, "ip", "-6", "rule")).doesNotContain("0x111");
            assertThat(Tool.run(pod, "ip", "route", "show", "table", "all")).doesNotContain("table 100");
        }
        assertThatThrownBy(() -> BOTH.verify(pod)).hasMessageContaining("rule \"32764").hasMessageContaining("route \"local default");
    }

    @Test
    @Pods
    void completesAndRemovesHalfAnInstallation(PodNetwork network) throws Exception {
        NetworkNamespace pod = network.pod(0).namespace();
        assertThat(V4.isInstalled(pod)).isFalse();
        assertThat(V4.installMissing(pod)).isTrue();
        assertThat(V4.installMissing(pod)).isFalse();
        assertThat(V4.isInstalled(pod)).isTrue();
        Tool.run(pod, "ip", "rule", "del", "pref", "32764");
        assertThat(V4.isInstalled(pod)).isFalse();
        assertThatThrownBy(() -> V4.verify(pod)).hasMessageContaining("rule").hasMessageNotContaining("route \"");
        assertThat(V4.installMissing(pod)).isTrue();
        V4.verify(pod);
        Tool.run(pod, "ip", "route", "flush", "table", "100");
        V4.remove(pod);
        assertThat(Tool.run(pod, "ip", "rule")).doesNotContain("0x111");
    }

    @Test
    @Pods
    void leavesAForeignRuleAloneAndUndoesItsOwnPart(PodNetwork network) throws Exception {
        NetworkNamespace pod = network.pod(0).namespace();
        Tool.run(pod, "ip", "rule", "add", "pref", "32764", "fwmark", "0x42", "lookup", "200");
        assertThatThrownBy(() -> V4.install(pod)).isInstanceOf(IOException.class).hasMessageContaining("0x42");
        assertThat(Tool.run(pod, "ip", "rule")).contains("fwmark 0x42 lookup 200");
        assertThat(Tool.run(pod, "ip", "route", "show", "table", "all")).doesNotContain("table 100");
    }

    private static void refusesAndChangesNothing(NetworkNamespace pod, PolicyRouting routing, String... because) throws Exception {
        String before = state(pod);
        assertThatThrownBy(() -> routing.install(pod)).isInstanceOf(IOException.class).hasMessageContainingAll(because);
        assertThatThrownBy(() -> routing.verify(pod)).isInstanceOf(IOException.class).hasMessageContainingAll(because);
        assertThat(state(pod)).isEqualTo(before);
    }

    /** All rules, and the routes that aren't in the kernel's own tables. */
    private static String state(NetworkNamespace pod) throws IOException {
        String routes = Tool.run(pod, "ip", "-4", "route", "show", "table", "all") + Tool.run(pod, "ip", "-6", "route", "show", "table", "all");
        return Tool.run(pod, "ip", "-4", "rule") + Tool.run(pod, "ip", "-6", "rule")
                + routes.lines().filter(line -> line.contains(" table ") && !line.contains(" table local")).toList();
    }

    @Test
    @Pods
    void leavesOtherConflictsAloneToo(PodNetwork network) throws Exception {
        NetworkNamespace pod = network.pod(0).namespace();
        Tool.run(pod, "ip", "rule", "add", "pref", "50", "fwmark", "0x111/0xff", "lookup", "200");
        refusesAndChangesNothing(pod, V4, "earlier rule", "50:", "lookup 200");
        Tool.run(pod, "ip", "rule", "del", "pref", "50");
        Tool.run(pod, "ip", "rule", "add", "pref", "60", "fwmark", "0x222/0xfff", "lookup", "200"); // for other packets
        Tool.run(pod, "ip", "route", "add", "10.0.0.0/8", "via", "10.77.0.1", "table", "100");
        refusesAndChangesNothing(pod, V4, "another route", "10.0.0.0/8");
        Tool.run(pod, "ip", "route", "del", "10.0.0.0/8", "table", "100");
        Tool.run(pod, "ip", "-6", "route", "add", "blackhole", "default", "table", "100");
        refusesAndChangesNothing(pod, BOTH, "another route", "blackhole");
        Tool.run(pod, "ip", "-6", "route", "del", "blackhole", "default", "table", "100");
        BOTH.install(pod);
        BOTH.verify(pod);
    }

    @Test
    @Pods
    void takesAnyMarkPriorityAndTable(PodNetwork network) throws Exception {
        NetworkNamespace pod = network.pod(0).namespace();
        String before = state(pod);
        PolicyRouting[] all = {
            new PolicyRouting(0x80000000, 0x80000000, 1, -1, Set.of(IpFamily.V4, IpFamily.V6)),
            new PolicyRouting(0x2bcdef02, -1, 32765, 1, Set.of(IpFamily.V6)),
            new PolicyRouting(1, 1, 100, 65_536, Set.of(IpFamily.V4)),
        };
        for (PolicyRouting routing : all) {
            routing.install(pod);
        }
        for (PolicyRouting routing : all) {
            routing.install(pod);
            routing.verify(pod);
        }
        assertThat(Tool.run(pod, "ip", "-4", "rule")).contains("1:\tfrom all fwmark 0x80000000/0x80000000 lookup 4294967295")
                .contains("100:\tfrom all fwmark 0x1/0x1 lookup 65536");
        assertThat(Tool.run(pod, "ip", "-6", "rule")).contains("32765:\tfrom all fwmark 0x2bcdef02 lookup 1");
        assertThat(Tool.run(pod, "ip", "-6", "route", "show", "table", "4294967295")).contains("local default dev lo");
        for (PolicyRouting routing : all) {
            routing.remove(pod);
        }
        assertThat(state(pod)).isEqualTo(before);
    }

    @Test
    @Pods
    void completesEachHalfOfEachFamily(PodNetwork network) throws Exception {
        NetworkNamespace pod = network.pod(0).namespace();
        String before = state(pod);
        BOTH.install(pod);
        String whole = state(pod);
        for (String family : new String[] {"-4", "-6"}) {
            for (String[] half : new String[][] {{"rule", "del", "pref", "32764"}, {"route", "flush", "table", "100"}}) {
                String[] command = {"ip", family, half[0], half[1], half[2], half[3]};
                Tool.run(pod, command);
                assertThatThrownBy(() -> BOTH.verify(pod)).hasMessageContaining("lacks " + half[0]);
                BOTH.install(pod);
                assertThat(state(pod)).isEqualTo(whole);
                Tool.run(pod, command);
                BOTH.remove(pod);
                assertThat(state(pod)).isEqualTo(before);
                BOTH.install(pod);
            }
        }
    }

    @Test
    @Pods
    void leavesIpv6OutWhereLoopbackHasNone(PodNetwork network) throws Exception {
        NetworkNamespace pod = network.pod(0).namespace();
        String before = state(pod);
        BOTH.install(pod);
        Tool.run(pod, "sysctl", "-w", "net.ipv6.conf.lo.disable_ipv6=1"); // removes the route, not the rule
        BOTH.verify(pod);
        BOTH.remove(pod);
        assertThat(state(pod)).doesNotContain("0x111").doesNotContain("table 100");
        BOTH.install(pod);
        BOTH.verify(pod);
        assertThat(Tool.run(pod, "ip", "-4", "rule")).contains("0x111");
        assertThat(Tool.run(pod, "ip", "-6", "rule")).doesNotContain("0x111");
        BOTH.remove(pod);
        Tool.run(pod, "sysctl", "-w", "net.ipv6.conf.lo.disable_ipv6=0");
        assertThat(state(pod)).isEqualTo(before);
    }

    @Test
    @Pods
    void takesNoRuleThatOnlyResemblesItsOwn(PodNetwork network) throws Exception {
        NetworkNamespace pod = network.pod(0).namespace();
        Tool.run(pod, "ip", "rule", "add", "pref", "32764", "from", "10.0.0.0/8", "fwmark", "0x111/0xfff", "lookup", "100");
        Tool.run(pod, "ip", "-6", "rule", "add", "pref", "32764", "fwmark", "0x111/0xfff", "lookup", "100", "proto", "static");
        Tool.run(pod, "ip", "route", "add", "local", "default", "dev", "lo", "table", "100", "src", "127.0.0.1");
        Tool.run(pod, "ip", "-6", "route", "add", "unreachable", "default", "table", "100");
        String before = state(pod);

        PolicyRouting.DEFAULT.remove(pod);

        assertThat(state(pod)).isEqualTo(before).contains("from 10.0.0.0/8", "src 127.0.0.1", "unreachable");
    }

    @Test
    @Pods
    void theRouteStaysWhileAnotherRuleNeedsIt(PodNetwork network) throws Exception {
        NetworkNamespace pod = network.pod(0).namespace();
        String before = state(pod);
        PolicyRouting other = new PolicyRouting(0x200, 0xf00, 100, 100, Set.of(IpFamily.V4, IpFamily.V6));
        BOTH.install(pod);
        other.install(pod);

        BOTH.remove(pod);
        other.verify(pod);
        BOTH.remove(pod);
        other.verify(pod);
        assertThat(Tool.run(pod, "ip", "-6", "route", "show", "table", "100")).contains("local default dev lo");

        other.remove(pod);
        assertThat(state(pod)).isEqualTo(before);
    }

    @Test
    @Pods
    void saysThatLoopbackIsDownAndChangesNothing(PodNetwork network) throws Exception {
        NetworkNamespace pod = network.pod(0).namespace();
        try (NetworkNamespace own = NetworkNamespace.current()) {
            String before = state(own);
            Tool.run(pod, "ip", "link", "set", "lo", "down");
            for (IpFamily family : IpFamily.values()) {
                refusesAndChangesNothing(pod, BOTH.withFamilies(Set.of(family)), "lo is down", "ip link set lo up");
            }
            assertThat(Loopback.fault(pod)).hasValueSatisfying(fault -> assertThat(fault).startsWith("lo is down"));
            Tool.run(pod, "ip", "link", "set", "lo", "up");
            assertThat(Loopback.fault(pod)).isEmpty();
            BOTH.install(pod);
            Tool.run(pod, "ip", "link", "set", "lo", "down"); // takes the route of IPv6 with it
            assertThatThrownBy(() -> BOTH.verify(pod)).isInstanceOf(IOException.class).hasMessageContaining("lo is down");
            assertThat(V4.isInstalled(pod)).isFalse();
            BOTH.remove(pod);
            assertThat(state(pod)).doesNotContain("0x111").doesNotContain("table 100");
            assertThat(state(own)).isEqualTo(before);
            try (NetworkNamespace still = NetworkNamespace.current()) {
                assertThat(still).isEqualTo(own);
            }
        }
    }
}
