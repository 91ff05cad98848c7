package io.inpod.examples.nodeagent.files;

import io.inpod.examples.nodeagent.pod.AgentException;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps other agents from a directory of pods: two agents with different proxies or options would replace each other's rules again and
 * again. The kernel ends the lock with the process, see fcntl_locking(2). Not thread-safe.
 */
final class DirectoryLock implements AutoCloseable {
    /** Never taken for a pod's file, because it begins with a dot. */
    static final String NAME = ".agent.lock";

    private static final Logger LOG = LoggerFactory.getLogger("nodeagent");

    private final @Nullable FileChannel channel;

    private DirectoryLock(@Nullable FileChannel channel) {
        this.channel = channel;
    }

    /**
     * Takes the lock. Where nothing can be written, as in a directory that is mounted read-only, nothing is locked, and the log says so.
     *
     * @throws AgentException if another agent has it
     */
    static DirectoryLock take(Path directory) throws AgentException {
        FileChannel channel = null;
        try {
            channel = FileChannel.open(directory.resolve(NAME),
                    Set.of(StandardOpenOption.CREATE, StandardOpenOption.WRITE, LinkOption.NOFOLLOW_LINKS),
                    PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
            if (isTaken(channel)) {
                channel.close();
                throw new AgentException("another agent has its pods in " + directory + "; stop it, or name another directory with --pods");
            }
            return new DirectoryLock(channel);
        } catch (AgentException e) {
            throw e;
        } catch (IOException e) {
            LOG.warn("{} can't be locked, so a second agent with the same pods wouldn't be noticed: {}", directory, PodFiles.reason(e));
            return new DirectoryLock(channel);
        }
    }

    private static boolean isTaken(FileChannel channel) throws IOException {
        try {
            FileLock lock = channel.tryLock();
            return lock == null;
        } catch (OverlappingFileLockException e) {
            return true; // by another one in this process
        }
    }

    @Override
    public void close() {
        try {
            if (channel != null) {
                channel.close();
            }
        } catch (IOException e) {
            LOG.debug("can't close the lock: {}", e.getMessage());
        }
    }
}
