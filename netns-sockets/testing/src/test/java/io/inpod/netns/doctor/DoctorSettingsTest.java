package io.inpod.netns.doctor;

import static org.assertj.core.api.Assertions.assertThat;

import io.inpod.netns.IpFamily;
import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.testing.PodNetwork;
import io.inpod.netns.testing.Pods;
import io.inpod.netns.testing.Tool;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** The doctor names settings and links of a pod that break in-pod redirection. */
@Pods
class DoctorSettingsTest {
    private static String doctor(PodNetwork network) throws Exception {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        String path = Tool.pathOf(network.pod(0).namespace()).toString();
        assertThat(Doctor.run(new String[] {path}, new PrintStream(out, true, StandardCharsets.UTF_8), System.err)).isZero();
        return out.toString(StandardCharsets.UTF_8);
    }

    @Test
    void aBadSettingIsNamed(PodNetwork network) throws Exception {
        assertThat(doctor(network)).doesNotContain("For in-pod redirection");
        Tool.run(network.pod(0).namespace(), "sysctl", "-qw", "net.ipv4.tcp_fwmark_accept=1");
        assertThat(doctor(network)).contains("For in-pod redirection: net.ipv4.tcp_fwmark_accept is 1 instead of 0")
                .contains("run sysctl -w net.ipv4.tcp_fwmark_accept=0 in the namespace");
    }

    @Test
    void aLoopbackInterfaceThatIsDownIsNamed(PodNetwork network) throws Exception {
        Tool.run(network.pod(0).namespace(), "ip", "link", "set", "lo", "down");
        assertThat(doctor(network)).contains("For in-pod redirection: lo is down").contains("run ip link set lo up in the namespace");
    }

    @Test
    void aLoopbackInterfaceWithoutIpv6IsNamedOnlyWhereOthersHaveIt(PodNetwork network) throws Exception {
        NetworkNamespace pod = network.pod(0).namespace();
        Tool.run(pod, "sysctl", "-qw", "net.ipv6.conf.lo.disable_ipv6=1");
        assertThat(doctor(network)).contains("For in-pod redirection: net.ipv6.conf.lo.disable_ipv6 is 1, while eth0 has IPv6");
        assertThat(new InPodSurroundings(false, Set.of(IpFamily.V4)).diff(pod)).isEmpty();
        Tool.run(pod, "sysctl", "-qw", "net.ipv6.conf.all.disable_ipv6=1");
        assertThat(doctor(network)).doesNotContain("For in-pod redirection");
    }
}
