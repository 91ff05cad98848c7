package io.inpod.iptables.pod;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.inpod.iptables.pod.InPodRedirection.Profile;
import io.inpod.netns.IpFamily;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The composition of a pod's rules from presets. */
class PodRulesTest {
    private static final InPodRedirection V4 = InPodRedirection.of(IpFamily.V4);
    private static final InPodRedirection V6 = InPodRedirection.of(IpFamily.V6);

    static List<PodRules> presets() {
        return List.of(PodRules.of(V4, V6), PodRules.of(V4), PodRules.of(V6).withGuard(false), PodRules.of(V4.withDnsCapture(true), V6),
                PodRules.of(V4.withProfile(Profile.TPROXY), V6.withIngress(true)).withProxyCgroup("kubepods/proxy"));
    }

    @ParameterizedTest
    @MethodSource("presets")
    void togetherTheFamiliesAreWhatTheyAreAlone(PodRules rules) {
        for (IpFamily family : IpFamily.values()) {
            assertThat(rules.shared().only(family)).isEqualTo(rules.ruleSet(family));
        }
    }

    @ParameterizedTest
    @MethodSource("presets")
    void theManagedNamesFindAllOfIt(PodRules rules) {
        PodRules.NAMES.checkShared(rules.shared());
        PodRules.NAMES.check(rules.inet());
    }

    @Test
    void whatDoesNotFitIsRefused() {
        assertThatThrownBy(() -> PodRules.of()).isInstanceOf(IllegalArgumentException.class).hasMessageContaining("no redirection");
        assertThatThrownBy(() -> PodRules.of(V4, V4)).isInstanceOf(IllegalArgumentException.class).hasMessageContaining("two redirections for IPv4");
        assertThatThrownBy(() -> new PodRules(List.of(V4), false, List.of("proxy"))).isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("proxyCgroup");
        assertThatThrownBy(() -> PodRules.of(V4).withProxyCgroup("/proxy")).isInstanceOf(IllegalArgumentException.class).hasMessageContaining("cgroup path");
    }
}
