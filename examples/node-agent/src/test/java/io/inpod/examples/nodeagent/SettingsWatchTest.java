package io.inpod.examples.nodeagent;

import static org.assertj.core.api.Assertions.assertThat;

import io.inpod.examples.nodeagent.enrol.EnrolledPod;
import io.inpod.examples.nodeagent.enrol.SettingsWatch;
import io.inpod.examples.zds.WorkloadInfo;
import io.inpod.iptables.pod.PodOverrides;
import io.inpod.netns.NamespaceChange;
import io.inpod.netns.NetworkNamespace;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** A process of the pod can change a setting again after each check. */
class SettingsWatchTest {
    private final ArrayDeque<Runnable> later = new ArrayDeque<>();
    private final List<String> lines = new ArrayList<>();
    private final Settings settings = new Settings();

    /** A pod's settings; empty texts mean that all is well. */
    private static final class Settings implements NamespaceChange {
        private String difference = "";
        private String obstacle = "";
        private int installed;

        @Override
        public void verify(NetworkNamespace namespace) throws IOException {
            failWith(difference);
        }

        @Override
        public void install(NetworkNamespace namespace) throws IOException {
            installed++;
            failWith(obstacle);
        }

        @Override
        public void remove(NetworkNamespace namespace) {}

        private static void failWith(String text) throws IOException {
            if (!text.isEmpty()) {
                throw new IOException(text);
            }
        }
    }

    private List<String> check(String difference, String obstacle) {
        settings.difference = difference;
        settings.obstacle = obstacle;
        lines.clear();
        later.remove().run();
        return List.copyOf(lines);
    }

    @Test
    void theSameChangeIsSetAgainEachTimeAndLoggedOnce() throws IOException {
        try (NetworkNamespace netns = NetworkNamespace.current()) {
            EnrolledPod pod = new EnrolledPod("u", new WorkloadInfo("web", "shop", "web"), PodOverrides.NONE, settings, netns);
            new SettingsWatch(() -> List.of(pod), settings, Duration.ofSeconds(10), (pause, task) -> later.add(task),
                    (level, line) -> lines.add(level + " " + line)).start();

            assertThat(check("", "")).isEmpty();
            assertThat(check("a is 1", "")).containsExactly("WARN pod u: a is 1");
            assertThat(check("a is 1", "")).isEmpty();
            assertThat(check("b is 1", "")).containsExactly("WARN pod u: b is 1");
            assertThat(check("b is 1", "b can't be set")).containsExactly("ERROR pod u: b can't be set");
            assertThat(check("b is 1", "b can't be set")).isEmpty();
            assertThat(check("", "")).isEmpty();
            assertThat(check("b is 1", "")).containsExactly("WARN pod u: b is 1");
            assertThat(settings.installed).isEqualTo(6);
        }
    }
}
