package io.inpod.netns.doctor;

import static org.assertj.core.api.Assertions.assertThat;

import io.inpod.netns.testing.PodNetwork;
import io.inpod.netns.testing.Pods;
import io.inpod.netns.testing.Tool;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

/** The doctor names settings of a pod that break in-pod redirection. */
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
}
