package io.inpod.examples.nodeagent.install;

import java.io.IOException;
import java.nio.file.ClosedWatchServiceException;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardWatchEventKinds;
import java.nio.file.WatchKey;
import java.nio.file.WatchService;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Installs the plugin, and again whenever somebody else takes its entry out, for example another mesh, or the node's CNI plugin when it is
 * upgraded. Waits for a network configuration if there is none yet. {@link #run()} needs a thread of the caller's; any thread may close it.
 */
public final class InstallWatch implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger("nodeagent");

    /** How often to look even if no change is reported, for file systems that report none. */
    private static final Duration SLOWLY = Duration.ofSeconds(30);

    private final Installer installer;
    private final Path directory;
    private final Repairs repairs = new Repairs();
    private final WatchService watch;
    private final CountDownLatch closed = new CountDownLatch(1);
    private @Nullable WatchKey key;
    private volatile @Nullable String problem = "not installed yet";

    /**
     * Creates a watch that doesn't run.
     *
     * @param installer what it runs
     * @param directory the directory of network configurations; made if it doesn't exist
     * @throws IOException if nothing can be watched
     */
    public InstallWatch(Installer installer, Path directory) throws IOException {
        this.installer = installer;
        this.directory = directory;
        this.watch = FileSystems.getDefault().newWatchService();
    }

    /** {@return why the plugin isn't installed now; null if it is. An agent whose plugin isn't installed isn't ready} */
    public @Nullable String problem() {
        return problem;
    }

    /** Installs and repairs until this watch is closed. */
    public void run() {
        try {
            while (closed.getCount() > 0) {
                boolean changed = check();
                Duration pause = changed ? repairs.repaired(System.nanoTime()) : Duration.ZERO;
                if (!pause.isZero()) {
                    giveTime(pause);
                } else if (!changed) {
                    await();
                }
            }
        } catch (ClosedWatchServiceException e) {
            // closed
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void giveTime(Duration pause) throws InterruptedException {
        LOG.warn("CNI plugin: somebody rewrites {} again and again, so the next repair waits {} s: another mesh, or the node's CNI "
                + "plugin. It should leave the file alone once it is written", directory, pause.toSeconds());
        closed.await(pause.toMillis(), TimeUnit.MILLISECONDS);
    }

    /** Returns whether something was repaired. */
    private boolean check() {
        try {
            register();
            List<String> done = installer.install();
            done.forEach(step -> LOG.info("CNI plugin: {}", step));
            problem = null;
            return !done.isEmpty();
        } catch (IOException | RuntimeException e) {
            String reason = e.getMessage() == null ? e.toString() : e.getMessage();
            if (!reason.equals(problem)) {
                LOG.atLevel(e instanceof NoNetworkException ? org.slf4j.event.Level.INFO : org.slf4j.event.Level.ERROR)
                        .log("CNI plugin: not installed, will try again: {}", reason);
            }
            problem = reason;
            return false;
        }
    }

    /** Watches the directory before it is read, so that no change is missed; anew if it was replaced. */
    private void register() throws IOException {
        if (key == null || !key.isValid()) {
            Files.createDirectories(directory);
            key = directory.register(watch, StandardWatchEventKinds.ENTRY_CREATE, StandardWatchEventKinds.ENTRY_MODIFY,
                    StandardWatchEventKinds.ENTRY_DELETE);
        }
    }

    private void await() throws InterruptedException {
        WatchKey changed = watch.poll(SLOWLY.toMillis(), TimeUnit.MILLISECONDS);
        if (changed != null) {
            changed.pollEvents();
            changed.reset();
        }
    }

    /** Stops. What is installed stays. */
    @Override
    public void close() {
        closed.countDown();
        try {
            watch.close();
        } catch (IOException e) {
            LOG.warn("CNI plugin: can't stop watching {}: {}", directory, e.getMessage());
        }
    }
}
