package io.inpod.tproxy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.inpod.netlink.IpFamily;
import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.testing.PodNetwork;
import io.inpod.netns.testing.Pods;
import io.inpod.netns.testing.Tool;
import java.io.IOException;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Policy routing, judged by the system's own tool. */
class PolicyRoutingTest {
    private static final PolicyRouting BOTH = PolicyRouting.DEFAULT.withFamilies(Set.of(IpFamily.V4, IpFamily.V6));

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
        PolicyRouting.DEFAULT.install(pod);
        Tool.run(pod, "ip", "rule", "del", "pref", "32764");
        assertThatThrownBy(() -> PolicyRouting.DEFAULT.verify(pod)).hasMessageContaining("rule").hasMessageNotContaining("route \"");
        PolicyRouting.DEFAULT.install(pod);
        PolicyRouting.DEFAULT.verify(pod);
        Tool.run(pod, "ip", "route", "flush", "table", "100");
        PolicyRouting.DEFAULT.remove(pod);
        assertThat(Tool.run(pod, "ip", "rule")).doesNotContain("0x111");
    }

    @Test
    @Pods
    void leavesAForeignRuleAloneAndUndoesItsOwnPart(PodNetwork network) throws Exception {
        NetworkNamespace pod = network.pod(0).namespace();
        Tool.run(pod, "ip", "rule", "add", "pref", "32764", "fwmark", "0x42", "lookup", "200");
        assertThatThrownBy(() -> PolicyRouting.DEFAULT.install(pod)).isInstanceOf(IOException.class).hasMessageContaining("0x42");
        assertThat(Tool.run(pod, "ip", "rule")).contains("fwmark 0x42 lookup 200");
        assertThat(Tool.run(pod, "ip", "route", "show", "table", "all")).doesNotContain("table 100");
    }
}
