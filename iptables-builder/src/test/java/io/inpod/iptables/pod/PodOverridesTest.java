package io.inpod.iptables.pod;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.inpod.netns.IpFamily;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A pod's annotations, and how they override the defaults. */
class PodOverridesTest {
    @ParameterizedTest
    @CsvSource({"false, , false", "true, , true", "false, true, true", "true, F, false", "true, 1, true", "false, 0, false"})
    void thePodDecidesIfItSaysSo(boolean global, String annotation, boolean captured) {
        Map<String, String> annotations = annotation == null ? Map.of() : Map.of("ambient.istio.io/dns-capture", annotation);
        InPodRedirection everywhere = InPodRedirection.of(IpFamily.V4).withDnsCapture(global);
        assertThat(everywhere.with(PodOverrides.ofAnnotations(annotations))).isEqualTo(everywhere.withDnsCapture(captured));
    }

    @Test
    void allOfThem() {
        PodOverrides overrides = PodOverrides.ofAnnotations(Map.of("ambient.istio.io/bypass-inbound-capture", "True",
                "istio.io/reroute-virtual-interfaces", " br0, tap-1", "other", "x"));
        assertThat(overrides).isEqualTo(new PodOverrides(Optional.empty(), true, List.of("br0", "tap-1")));
        assertThat(InPodRedirection.of(IpFamily.V6).with(overrides))
                .isEqualTo(InPodRedirection.of(IpFamily.V6).withIngress(true).withVirtualInterfaces(List.of("br0", "tap-1")));
        assertThat(PodOverrides.ofAnnotations(Map.of("istio.io/reroute-virtual-interfaces", ""))).isEqualTo(PodOverrides.NONE);
    }

    @ParameterizedTest
    @CsvSource({"ambient.istio.io/dns-capture, yes", "ambient.istio.io/bypass-inbound-capture, ' true'", "istio.io/reroute-virtual-interfaces, 'a,,b'",
        "istio.io/reroute-virtual-interfaces, 'br0 -j ACCEPT'", "istio.io/reroute-virtual-interfaces, abcdefghijklmnop"})
    void whatCanNotBeReadIsNamed(String name, String value) {
        assertThatThrownBy(() -> PodOverrides.ofAnnotations(Map.of(name, value))).isInstanceOf(IllegalArgumentException.class).hasMessageContaining(name);
    }
}
