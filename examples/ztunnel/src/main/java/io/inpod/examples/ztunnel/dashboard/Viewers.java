package io.inpod.examples.ztunnel.dashboard;

import io.inpod.examples.ztunnel.admin.EventStream;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Those who look, each of whom is sent the same snapshot once a second. A viewer that hasn't read the last one gets none, and is dropped by
 * the port when that lasts. On the admin port's thread.
 */
final class Viewers {
    private static final Logger LOG = LoggerFactory.getLogger("admin");
    private static final String EVENT = "snapshot";

    private final Snapshots snapshots;
    private final ScheduledExecutorService thread;
    private final Set<EventStream> viewers = new LinkedHashSet<>();
    private @Nullable ScheduledFuture<?> clock;

    Viewers(Snapshots snapshots, ScheduledExecutorService thread) {
        this.snapshots = snapshots;
        this.thread = thread;
    }

    void add(EventStream viewer) {
        viewers.add(viewer);
        viewer.onEnd(() -> {
            viewers.remove(viewer);
            if (viewers.isEmpty() && clock != null) {
                clock.cancel(false);
                clock = null;
                snapshots.forget();
            }
        });
        if (clock == null) {
            clock = thread.scheduleAtFixedRate(this::next, 1, 1, TimeUnit.SECONDS);
        }
        viewer.send(EVENT, snapshots.current().json());
    }

    private void next() {
        try {
            String json = snapshots.next().json();
            List.copyOf(viewers).forEach(viewer -> viewer.send(EVENT, json)); // who can't be sent it leaves
        } catch (RuntimeException e) { // otherwise there would be none any more
            LOG.error("the dashboard can't be updated", e);
        }
    }
}
