package io.inpod.netns;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.inpod.netns.testing.PodNetwork;
import io.inpod.netns.testing.Pods;
import io.inpod.netns.testing.Tool;
import java.io.IOException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Each setting is found by name, and set. */
@Pods
class InPodSettingsTest {
    private static final InPodSettings REDIRECT = InPodSettings.of(false);
    private static final InPodSettings TPROXY = InPodSettings.of(true);

    @ParameterizedTest
    @ValueSource(strings = {"net.ipv4.tcp_fwmark_accept", "net.ipv4.fwmark_reflect", "net.ipv6.fwmark_reflect", "net.ipv4.conf.all.route_localnet",
        "net.ipv4.conf.eth0.route_localnet", "net.ipv4.conf.default.src_valid_mark"})
    void aChangedSettingIsNamedWithItsRemedyAndSet(String name, PodNetwork network) throws IOException {
        NetworkNamespace pod = network.pod(0).namespace();
        assertThat(TPROXY.diff(pod)).isEmpty();
        Tool.run(pod, "sysctl", "-qw", name + "=1");

        assertThat(TPROXY.diff(pod)).singleElement().asString().startsWith(name + " is 1 instead of 0: ").contains("run sysctl -w " + name + "=0");
        assertThatThrownBy(() -> TPROXY.verify(pod)).isInstanceOf(IOException.class).hasMessageContaining(name);
        assertThat(TPROXY.installMissing(pod)).isTrue();
        assertThat(TPROXY.installMissing(pod)).isFalse();

        TPROXY.verify(pod);
        assertThat(Tool.run(pod, "sysctl", "-n", name)).isEqualTo("0\n");
    }

    /** Each line of a log that names them all would be as long as a process of the pod wants. */
    @Test
    void anErrorDescribesTenAndCountsTheOthers(PodNetwork network) throws IOException {
        NetworkNamespace pod = network.pod(0).namespace();
        Tool.run(pod, "sh", "-c", "set -e; for i in 1 2 3 4 5 6 7 8 9 10 11 12 13; do ip link add d$i type veth peer name e$i; "
                + "echo 1 >/proc/sys/net/ipv4/conf/d$i/route_localnet; done");

        assertThat(TPROXY.diff(pod)).hasSize(13);
        assertThatThrownBy(() -> TPROXY.verify(pod)).message().endsWith("; and 3 more settings").satisfies(
                text -> assertThat(text.split("route_localnet is 1")).hasSize(1 + 10));
        TPROXY.install(pod);
        TPROXY.verify(pod);
    }

    @Test
    void someMatterForTproxyOnly(PodNetwork network) throws IOException {
        NetworkNamespace pod = network.pod(0).namespace();
        Tool.run(pod, "sysctl", "-qw", "net.ipv4.conf.all.src_valid_mark=1");
        REDIRECT.install(pod);
        REDIRECT.verify(pod);
        assertThat(TPROXY.diff(pod)).hasSize(1);
    }
}
