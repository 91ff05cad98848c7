package io.inpod.iptables.backend.internal.tools;

import io.inpod.netns.NetworkNamespace;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * Serialises reading and replacing rules among all threads and processes of this user: without it, two that find no rules would both add
 * their jumps. The lock of the tools covers only one run of a tool. A second lock, which is taken before the first, does the same for those
 * who read a set's elements and then decide which to change.
 */
public final class ApplyLock {
    private static final long PAUSE_MILLIS = 10;

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
        FileChannel channel = take(file, namespace, limit);
        try {
            action.run();
        } finally {
            channel.close(); // releases the lock
        }
    }

    private static FileChannel take(Path file, NetworkNamespace namespace, Duration limit) throws IOException {
        FileChannel channel = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        try {
            long end = System.nanoTime() + limit.toNanos();
            while (tryLock(channel) == null) {
                if (System.nanoTime() - end > 0) {
                    throw new IOException(
                            "another thread or process has been changing the rules of " + namespace + " for more than " + limit.toSeconds()
                                    + " s and holds " + file);
                }
                Thread.sleep(PAUSE_MILLIS); // neither the kernel nor the JDK has a lock with a time limit
            }
            return channel;
        } catch (InterruptedException e) {
            channel.close();
            Thread.currentThread().interrupt();
            throw (IOException) new InterruptedIOException("waiting for the rules of " + namespace + " was interrupted").initCause(e);
        } catch (IOException e) {
            channel.close();
            throw e;
        }
    }

    private static @Nullable FileLock tryLock(FileChannel channel) throws IOException {
        try {
            return channel.tryLock();
        } catch (OverlappingFileLockException e) { // held by another thread of this process
            return null;
        }
    }
}
