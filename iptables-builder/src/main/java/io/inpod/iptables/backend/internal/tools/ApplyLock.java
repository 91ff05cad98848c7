package io.inpod.iptables.backend.internal.tools;

import io.inpod.netns.NetworkNamespace;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Serialises reading and replacing rules among all threads and processes of this user: without it, two that find no rules would both add
 * their jumps. The lock of the tools covers only one run of a tool. A second lock, which is taken before the first, does the same for those
 * who read a set's elements and then decide which to change.
 */
public final class ApplyLock {
    private static final long PAUSE_MILLIS = 10;

    /**
     * The threads of this process that want a lock file, first come, first served; there are few files. A lock on a file belongs to the
     * process: the thread that has just released it would take it again before one that polls looks, and when a thread that gives up
     * closed its own descriptor of the file, the kernel would release the lock of another (fcntl(2)).
     */
    private static final Map<Path, ReentrantLock> TURNS = new ConcurrentHashMap<>();

    private ApplyLock() {}

    /** An action under the lock. */
    public interface Action {
        void run() throws IOException;
    }

    /** Runs an action under the lock of a namespace, or fails if the lock can't be taken within the limit. */
    public static void holding(NetworkNamespace namespace, Duration limit, Action action) throws IOException {
        holding(LockFile.applying(namespace.identity()), namespace, limit, action);
    }

    /** Runs an action that reads the elements of sets and then changes them, or fails as {@link #holding}. */
    public static void deciding(NetworkNamespace namespace, Duration limit, Action action) throws IOException {
        holding(LockFile.deciding(namespace.identity()), namespace, limit, action);
    }

    private static void holding(Path file, NetworkNamespace namespace, Duration limit, Action action) throws IOException {
        long end = System.nanoTime() + limit.toNanos();
        try {
            ReentrantLock turn = TURNS.computeIfAbsent(file, unused -> new ReentrantLock(true));
            if (!turn.tryLock(limit.toNanos(), TimeUnit.NANOSECONDS)) {
                throw busy("another thread", file, namespace, limit);
            }
            try {
                alone(file, end, namespace, limit, action);
            } finally {
                turn.unlock();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw (IOException) new InterruptedIOException("waiting for the rules of " + namespace + " was interrupted").initCause(e);
        }
    }

    private static void alone(Path file, long end, NetworkNamespace namespace, Duration limit, Action action)
            throws IOException, InterruptedException {
        // closing it releases the lock
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
            while (channel.tryLock() == null) {
                if (System.nanoTime() - end > 0) {
                    throw busy("another process", file, namespace, limit);
                }
                Thread.sleep(PAUSE_MILLIS); // neither the kernel nor the JDK has a lock with a time limit
            }
            action.run();
        }
    }

    private static IOException busy(String who, Path file, NetworkNamespace namespace, Duration limit) {
        return new IOException(
                who + " has been changing the rules of " + namespace + " for more than " + limit.toSeconds() + " s and holds " + file);
    }
}
