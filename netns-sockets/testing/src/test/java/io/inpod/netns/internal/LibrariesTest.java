package io.inpod.netns.internal;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import org.junit.jupiter.api.Test;

/** What is said about libraries that don't fit. */
class LibrariesTest {
    @Test
    void aMixOfNettysVersionsIsNamed() {
        assertThat(NettyVersions.mix(Map.of("netty-buffer", "4.2.18.Final", "netty-common", "4.2.18.Final", "netty-tcnative-classes", "2.0.84.Final")))
                .isEmpty();
        assertThat(NettyVersions.mix(Map.of("netty-buffer", "4.2.18.Final", "netty-common", "4.2.18.Final", "netty-handler-proxy", "4.1.130.Final",
                "netty-transport-native-unix-common", "4.1.130.Final"))).hasValueSatisfying(mix -> assertThat(mix).contains(
                        "4.1.130.Final (netty-handler-proxy, netty-transport-native-unix-common) and 4.2.18.Final (netty-buffer, netty-common)",
                        "import io.inpod:inpod-bom"));
        assertThat(NettyVersions.mix()).as("the jars of this test").isEmpty();
    }

    @Test
    void aRefusalOfNativeAccessIsntBlamedOnADirectory() {
        UnsatisfiedLinkError refused = new UnsatisfiedLinkError("could not get native definition for type `POINTER`, original error message follows:"
                + " java.lang.IllegalCallerException: Illegal native access from an unnamed module (file:/jffi.jar)\n\tat java.base/java.lang.Module");

        assertThat(JnrAccess.explain(refused)).contains("--enable-native-access=ALL-UNNAMED", "Illegal native access from an unnamed module")
                .doesNotContain("extract", "\tat");
        assertThat(JnrAccess.explain(new UnsatisfiedLinkError("failed to map segment"))).contains("jffi.extract.dir", "failed to map segment");
    }
}
