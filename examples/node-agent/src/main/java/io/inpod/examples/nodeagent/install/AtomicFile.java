package io.inpod.examples.nodeagent.install;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Replaces files as a whole: whoever reads sees the old one or the new one, even after the power failed. */
final class AtomicFile {
    private static final String PREFIX = ".inpod-";
    /** No suffix that a runtime reads. */
    private static final String SUFFIX = ".tmp";

    private static final Logger LOG = LoggerFactory.getLogger("nodeagent");

    private AtomicFile() {}

    /**
     * Writes a file. If that fails, for example because the disk is full, the old one stays.
     *
     * @param file the file; if it is a symbolic link, what it leads to is replaced
     * @param bytes its new contents
     * @param mode its permissions unless it exists; an existing file keeps its own, and its owner
     */
    static void write(Path file, byte[] bytes, int mode) throws IOException {
        Path target = Files.exists(file) ? file.toRealPath() : file;
        Path directory = java.util.Objects.requireNonNull(target.toAbsolutePath().getParent());
        Path temporary = Files.createTempFile(directory, PREFIX, SUFFIX);
        try {
            try (FileChannel out = FileChannel.open(temporary, StandardOpenOption.WRITE)) {
                ByteBuffer data = ByteBuffer.wrap(bytes);
                while (data.hasRemaining()) {
                    out.write(data);
                }
                out.force(true);
            }
            boolean exists = Files.exists(target);
            if (exists) {
                keep(target, temporary, "unix:uid");
                keep(target, temporary, "unix:gid");
            }
            Files.setAttribute(temporary, "unix:mode", exists ? (int) Files.getAttribute(target, "unix:mode") & 07777 : mode);
            Files.move(temporary, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException | RuntimeException e) {
            Files.deleteIfExists(temporary);
            throw e;
        }
        sync(directory);
    }

    /** An agent in a container may not be allowed to give files away. The runtime, which is root, can read the file nevertheless. */
    private static void keep(Path target, Path temporary, String attribute) throws IOException {
        Object wanted = Files.getAttribute(target, attribute);
        if (!wanted.equals(Files.getAttribute(temporary, attribute))) {
            try {
                Files.setAttribute(temporary, attribute, wanted);
            } catch (IOException e) {
                LOG.warn("CNI plugin: {} now belongs to this process's user: {}", target, e.getMessage());
            }
        }
    }

    /** Gives a file another name in the same directory. */
    static void rename(Path from, Path to) throws IOException {
        Files.move(from, to, StandardCopyOption.ATOMIC_MOVE);
        sync(java.util.Objects.requireNonNull(to.toAbsolutePath().getParent()));
    }

    /** Removes what an installer left that was killed while it wrote. */
    static void removeLeftovers(Path directory) throws IOException {
        try (Stream<Path> files = Files.list(directory)) {
            for (Path file : files.toList()) {
                String name = String.valueOf(file.getFileName());
                if (name.startsWith(PREFIX) && name.endsWith(SUFFIX)) {
                    Files.deleteIfExists(file);
                }
            }
        }
    }

    private static void sync(Path directory) throws IOException {
        try (FileChannel channel = FileChannel.open(directory, StandardOpenOption.READ)) {
            channel.force(true);
        }
    }
}
