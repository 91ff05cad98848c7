package io.inpod.examples.nodeagent.enrol;

import io.inpod.netns.NamespaceChange;
import java.io.IOException;
import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.function.BiConsumer;
import java.util.function.Supplier;
import org.slf4j.event.Level;

/**
 * Watches settings of the pods, which user 0 of a pod can change. A changed one is logged and set again; what was changed in the same way
 * at the check before is not logged again. The checks run on one thread.
 */
public final class SettingsWatch {
    private final Supplier<? extends Collection<EnrolledPod>> pods;
    private final NamespaceChange settings;
    private final Duration pause;
    private final Delays delays;
    private final BiConsumer<Level, String> log;
    /** What the last check has found, by the pod's uid. */
    private Map<String, String> last = Map.of();

    /**
     * Creates a watch that doesn't run.
     *
     * @param pods returns the pods that are enrolled now
     * @param settings their settings
     * @param pause how long to wait before they are read, again and again
     * @param delays runs the checks
     * @param log receives the lines
     */
    public SettingsWatch(Supplier<? extends Collection<EnrolledPod>> pods, NamespaceChange settings, Duration pause, Delays delays,
            BiConsumer<Level, String> log) {
        this.pods = pods;
        this.settings = settings;
        this.pause = pause;
        this.delays = delays;
        this.log = log;
    }

    /** Watches from now on. */
    public void start() {
        delays.later(pause, () -> {
            try {
                check();
            } finally {
                start();
            }
        });
    }

    private void check() {
        Map<String, String> found = new HashMap<>();
        for (EnrolledPod pod : pods.get()) {
            try {
                settings.verify(pod.netns());
            } catch (IOException | RuntimeException changed) {
                Level level = Level.WARN;
                String text = String.valueOf(changed.getMessage());
                try {
                    settings.install(pod.netns());
                } catch (IOException | RuntimeException e) {
                    level = Level.ERROR;
                    text = String.valueOf(e.getMessage());
                }
                found.put(pod.uid(), text);
                if (!text.equals(last.get(pod.uid()))) {
                    log.accept(level, "pod " + pod.uid() + ": " + text);
                }
            }
        }
        last = found;
    }
}
