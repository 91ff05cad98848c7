package io.inpod.examples.ztunnel;

import static org.assertj.core.api.Assertions.assertThat;

import io.inpod.netns.testing.PodNetwork;
import io.inpod.netns.testing.Pods;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What a ztunnel takes to start, in a figure that is the same on every machine. {@link ConnectionCostTest} says what a bound means. */
@Timeout(180)
@Pods(4)
class StartCostTest {
    /** Until the first requests between three pods are answered, with no archive: 5,498 to 5,510; from Java 22 on 5,822 to 5,830. */
    private static final int MOST_CLASSES = Runtime.version().feature() < 22 ? 5_780 : 6_100;

    @Test
    void classesThatAreLoaded(PodNetwork network, @TempDir Path home) throws Exception {
        Path classes = home.resolve("classes");
        String logged = "-Xlog:class+load:file=" + classes + "::filecount=0";
        try (ShareScene scene = ShareScene.start(network, home, Map.of("JAVA_TOOL_OPTIONS", logged))) {
            long loaded;
            try (var lines = Files.lines(classes)) {
                loaded = lines.filter(line -> line.contains(" source: ")).count();
            }
            assertThat(loaded).isBetween(2_000L, (long) MOST_CLASSES);
            scene.request(scene.q, scene.r);
        }
    }
}
