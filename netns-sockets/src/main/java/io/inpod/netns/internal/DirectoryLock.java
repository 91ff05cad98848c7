package io.inpod.netns.internal;

import java.io.IOException;
import java.nio.file.Path;

/** An exclusive lock on a directory's files, against other holders in this and in other processes, see flock(2). */
public final class DirectoryLock implements AutoCloseable {
    private final Path directory;
    private final int fd;

    private DirectoryLock(Path directory, int fd) {
        this.directory = directory;
        this.fd = fd;
    }

    /** Waits until the lock is free, and takes it. */
    public static DirectoryLock take(Path directory) throws IOException {
        int fd = Native.check(Native.LIBC.open(directory.toString(), Constants.O_RDONLY | Constants.O_CLOEXEC, 0), "open", directory);
        int locked;
        do {
            locked = Native.LIBC.flock(fd, Constants.LOCK_EX);
        } while (locked < 0 && Native.errno() == Constants.EINTR);
        if (locked < 0) {
            IOException failure = Native.failure("flock", directory);
            Native.LIBC.close(fd);
            throw failure;
        }
        return new DirectoryLock(directory, fd);
    }

    @Override
    public void close() {
        Native.LIBC.close(fd);
    }

    @Override
    public String toString() {
        return directory.toString();
    }
}
