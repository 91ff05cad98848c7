package io.inpod.examples.nodeagent;

import io.inpod.netns.NamespaceChange;
import java.io.IOException;
import java.time.Duration;
import java.util.Collection;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Watches settings of the pods, which user 0 of a pod can change. A changed one is logged and set again.
 *
 * @param pods returns the pods that are enrolled now
 * @param settings their settings
 * @param pause how long to wait before they are read, again and again
 * @param delays runs the checks
 */
record SettingsWatch(Supplier<? extends Collection<EnrolledPod>> pods, NamespaceChange settings, Duration pause, Delays delays) {
    private static final Logger LOG = LoggerFactory.getLogger("nodeagent");

    /** Watches from now on. */
    void start() {
        delays.later(pause, () -> {
            try {
                pods.get().forEach(this::check);
            } finally {
                start();
            }
        });
    }

    private void check(EnrolledPod pod) {
        try {
            settings.verify(pod.netns());
        } catch (IOException | RuntimeException changed) {
            LOG.warn("pod {}: {}", pod.uid(), changed.getMessage());
            try {
                settings.install(pod.netns());
            } catch (IOException | RuntimeException e) {
                LOG.error("pod {}: {}", pod.uid(), e.getMessage());
            }
        }
    }
}
