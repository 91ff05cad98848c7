package io.inpod.tproxy.internal;

import io.inpod.netns.NetworkNamespace;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/** Reads files in {@code /proc/sys/net}, which show the namespace of the thread that opens them, see namespaces(7). */
public final class NamespaceFiles {
    private static final int MAX_BYTES = 64 * 1024;
    private static volatile boolean loaded;

    private NamespaceFiles() {}

    /**
     * Reads a setting of a namespace.
     *
     * @param namespace whose setting
     * @param file the file that shows it
     * @return its text, without the line's end
     * @throws java.nio.file.NoSuchFileException if the kernel has no such setting
     * @throws IOException if the file can't be read or the namespace can't be entered
     */
    public static String read(NetworkNamespace namespace, Path file) throws IOException {
        if (!loaded) {
            whole(file); // loads all classes before a thread enters a namespace
            loaded = true;
        }
        return namespace.<String, IOException>call(() -> whole(file));
    }

    /** Reads the file in one system call: for some settings a second call returns nothing, even if the first one was for fewer bytes. */
    private static String whole(Path file) throws IOException {
        try (InputStream in = Files.newInputStream(file)) {
            byte[] bytes = new byte[MAX_BYTES];
            int length = in.read(bytes);
            return new String(bytes, 0, Math.max(0, length), StandardCharsets.US_ASCII).strip();
        }
    }
}
