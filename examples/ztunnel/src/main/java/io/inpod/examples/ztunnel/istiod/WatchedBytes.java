package io.inpod.examples.ztunnel.istiod;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * A file's content, which is looked at from time to time. Content, because a mounted secret changes by switching a link whose times say
 * nothing; and a change counts once two looks in a row find the same, because the file may be half written. Not thread-safe.
 */
public final class WatchedBytes {
    private final Path file;
    private byte[] used;
    private byte @Nullable [] seen;

    private WatchedBytes(Path file, byte[] first) {
        this.file = file;
        this.used = first;
    }

    /**
     * Reads a file for the first time.
     *
     * @param file the file
     * @return its content, which counts
     * @throws IOException if it can't be read
     */
    public static WatchedBytes read(Path file) throws IOException {
        return new WatchedBytes(file, bytes(file));
    }

    private static byte[] bytes(Path file) throws IOException {
        try {
            return Files.readAllBytes(file);
        } catch (IOException e) {
            throw new IOException(file.toAbsolutePath() + " can't be read: " + e, e);
        }
    }

    /** {@return the content that counts} */
    public byte[] content() {
        return used;
    }

    /**
     * Takes a look.
     *
     * @return whether the content that counts has changed
     * @throws IOException if the file can't be read
     */
    public boolean look() throws IOException {
        byte[] now = bytes(file);
        boolean changed = !Arrays.equals(now, used) && Arrays.equals(now, seen);
        seen = now;
        if (changed) {
            used = now;
        }
        return changed;
    }

    @Override
    public String toString() {
        return file.toString();
    }
}
