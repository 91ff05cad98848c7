package io.inpod.examples.nodeagent.files;

import java.io.IOException;
import java.nio.file.ClosedWatchServiceException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardWatchEventKinds;
import java.nio.file.WatchEvent;
import java.nio.file.WatchKey;
import java.nio.file.WatchService;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Duration;
import java.util.HashSet;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Calls a reader when something in a directory has changed, and from time to time. The directory may be replaced, and come later. */
final class DirectoryWatch implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger("nodeagent");

    private final Path directory;
    private final Duration pass;
    private final Consumer<@Nullable Set<String>> reader;
    private final WatchService events;
    private @Nullable WatchKey key;
    private @Nullable Object watched;

    /** Creates a watch that doesn't run. The reader gets the names that have changed, none for a pass, or null for all. */
    DirectoryWatch(Path directory, Duration pass, Consumer<@Nullable Set<String>> reader) throws IOException {
        this.directory = directory;
        this.pass = pass;
        this.reader = reader;
        this.events = directory.getFileSystem().newWatchService();
    }

    void start() {
        Thread thread = new Thread(this::run, "nodeagent-pods");
        thread.setDaemon(true);
        thread.start();
    }

    private void run() {
        Set<String> changed = null;
        for (;;) {
            try {
                if (register()) {
                    changed = null;
                }
                reader.accept(changed);
                changed = next();
            } catch (ClosedWatchServiceException e) {
                return;
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return;
            } catch (RuntimeException e) {
                LOG.error("unexpected failure while reading {}", directory, e);
            }
        }
    }

    /** Watches the directory that has this name now; returns whether it is another than before. */
    private boolean register() {
        try {
            Object now = Files.readAttributes(directory, BasicFileAttributes.class).fileKey();
            WatchKey before = key;
            if (before != null && before.isValid() && Objects.equals(now, watched)) {
                return false;
            }
            if (before != null) {
                before.cancel();
            }
            key = directory.register(events, StandardWatchEventKinds.ENTRY_CREATE, StandardWatchEventKinds.ENTRY_MODIFY,
                    StandardWatchEventKinds.ENTRY_DELETE);
            watched = now;
            return true;
        } catch (IOException e) {
            return false; // the reader fails, too, and says so
        }
    }

    /** Waits for events, or until it is time for a pass; returns the names in them, or null if some were lost. */
    private @Nullable Set<String> next() throws InterruptedException {
        Set<String> names = new HashSet<>();
        WatchKey ready = events.poll(pass.toMillis(), TimeUnit.MILLISECONDS);
        while (ready != null) {
            for (WatchEvent<?> event : ready.pollEvents()) {
                if (event.kind() == StandardWatchEventKinds.OVERFLOW) {
                    names = null;
                } else if (names != null) {
                    names.add(String.valueOf(event.context()));
                }
            }
            ready.reset();
            if (names == null) {
                return null;
            }
            ready = events.poll();
        }
        return names;
    }

    @Override
    public void close() {
        try {
            events.close();
        } catch (IOException e) {
            LOG.debug("can't close the watch: {}", e.getMessage());
        }
    }
}
