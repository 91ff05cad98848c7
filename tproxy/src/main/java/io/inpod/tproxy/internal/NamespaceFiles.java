package io.inpod.tproxy.internal;

import io.inpod.netns.NetworkNamespace;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Reads files in {@code /proc/sys/net}, which show the namespace of the thread that opens them, see namespaces(7). */
public final class NamespaceFiles {
    private static final int USUAL_BYTES = 1024;
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
        return read(namespace, List.of(file)).get(0);
    }

    /**
     * Reads several settings of a namespace, which is entered once.
     *
     * @param namespace whose settings
     * @param files the files that show them
     * @return the texts in the same order, as for {@link #read(NetworkNamespace, Path)}
     * @throws java.nio.file.NoSuchFileException if the kernel lacks one of them
     * @throws IOException if a file can't be read or the namespace can't be entered
     */
    public static List<String> read(NetworkNamespace namespace, List<Path> files) throws IOException {
        if (!loaded) {
            whole(files); // loads all classes before a thread enters a namespace
            loaded = true;
        }
        return namespace.<List<String>, IOException>call(() -> whole(files));
    }

    private static List<String> whole(List<Path> files) throws IOException {
        List<String> texts = new ArrayList<>(files.size());
        for (Path file : files) {
            texts.add(whole(file));
        }
        return texts;
    }

    /** Reads the file in one system call: for some settings a second call returns nothing, even if the first one was for fewer bytes. */
    private static String whole(Path file) throws IOException {
        String text = beginning(file, USUAL_BYTES);
        return (text.length() < USUAL_BYTES ? text : beginning(file, MAX_BYTES)).strip();
    }

    private static String beginning(Path file, int most) throws IOException {
        try (InputStream in = Files.newInputStream(file)) {
            byte[] bytes = new byte[most];
            return new String(bytes, 0, Math.max(0, in.read(bytes)), StandardCharsets.US_ASCII);
        }
    }
}
