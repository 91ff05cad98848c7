package io.inpod.netns;

import io.inpod.netns.error.AlreadyClosedException;
import io.inpod.netns.internal.Constants;
import io.inpod.netns.internal.Native;
import io.netty.util.ResourceLeakDetector;
import io.netty.util.ResourceLeakDetectorFactory;
import io.netty.util.ResourceLeakTracker;
import java.io.IOException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * A file descriptor with exactly one owner, which closes it. Thread-safe: the number is returned to the kernel only when the owner has
 * closed it <em>and</em> no call uses it any more, so that a call never hits a reused number.
 *
 * <p>A descriptor that isn't closed stays open forever. Netty's leak detector samples descriptors (all of them with
 * {@code -Dio.netty.leakDetection.level=paranoid}). If one becomes unreachable without being closed, the detector logs where it was
 * created, see {@link ResourceLeakDetector}.
 */
public final class OwnedFd implements AutoCloseable {
    private static final ResourceLeakDetector<OwnedFd> LEAKS =
            ResourceLeakDetectorFactory.instance().newResourceLeakDetector(OwnedFd.class);

    private final int value;
    private final String what;
    private final AtomicInteger uses = new AtomicInteger(1);
    private final AtomicBoolean closed = new AtomicBoolean();
    private final @Nullable ResourceLeakTracker<OwnedFd> watched = LEAKS.track(this);

    private OwnedFd(int value, String what) {
        this.value = value;
        this.what = what;
    }

    /**
     * Takes ownership of a file descriptor. From now on nothing else may close it.
     *
     * @param value an open file descriptor of this process, at least 0
     * @return its new owner
     * @throws IllegalArgumentException if the number is negative
     */
    public static OwnedFd adopt(int value) {
        return adopt(value, "fd " + value);
    }

    /**
     * Takes ownership of a file descriptor, as {@link #adopt(int)} does.
     *
     * @param value an open file descriptor of this process, at least 0
     * @param what what it is, in words, for errors
     * @return its new owner
     * @throws IllegalArgumentException if the number is negative
     */
    public static OwnedFd adopt(int value, String what) {
        if (value < 0) {
            throw new IllegalArgumentException("a file descriptor is at least 0, not " + value);
        }
        return new OwnedFd(value, what);
    }

    /**
     * Marks the descriptor as in use until {@link #release()}: it stays open until then, even if the owner closes it meanwhile.
     *
     * @return the number, valid until {@link #release()}
     * @throws AlreadyClosedException if the owner has closed it
     */
    public int acquire() throws AlreadyClosedException {
        for (;;) {
            int n = uses.get();
            if (n == 0 || closed.get()) {
                throw new AlreadyClosedException(what);
            }
            if (uses.compareAndSet(n, n + 1)) {
                return value;
            }
        }
    }

    /**
     * Ends a use begun by {@link #acquire()}.
     *
     * @throws IllegalStateException if there is no use to end
     */
    public void release() {
        for (;;) {
            int n = uses.get();
            if (n == 0 || n == 1 && !closed.get()) {
                throw new IllegalStateException("more releases than acquires of " + this);
            }
            if (uses.compareAndSet(n, n - 1)) {
                if (n == 1) {
                    Native.LIBC.close(value);
                }
                return;
            }
        }
    }

    /**
     * Duplicates the descriptor, see fcntl(2) F_DUPFD_CLOEXEC.
     *
     * @return an independent owner of the same open file
     * @throws IOException if this one is closed or the process has too many files open
     */
    public OwnedFd duplicate() throws IOException {
        int fd = acquire();
        try {
            return new OwnedFd(Native.check(Native.LIBC.fcntl(fd, Constants.F_DUPFD_CLOEXEC, 0), "fcntl(F_DUPFD_CLOEXEC)", this), what);
        } finally {
            release();
        }
    }

    /**
     * Checks, after a wait, that the descriptor is still open.
     *
     * @throws AlreadyClosedException if the owner has closed it meanwhile
     */
    public void requireOpen() throws AlreadyClosedException {
        if (isClosed()) {
            throw new AlreadyClosedException(what);
        }
    }

    /** {@return whether the owner has closed it} */
    public boolean isClosed() {
        return closed.get();
    }

    /** Closes the descriptor once nothing uses it any more. Closing twice does nothing. */
    @Override
    public void close() {
        if (closed.compareAndSet(false, true)) {
            if (watched != null) {
                watched.close(this);
            }
            release();
        }
    }

    @Override
    public String toString() {
        return what;
    }
}
