package io.inpod.tproxy.internal;

import io.inpod.netns.NetworkNamespace;
import io.inpod.tproxy.internal.ListenerTable.Listener;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * The listening TCP sockets of a namespace, from {@code /proc/net/tcp}, see proc(5). The file lists "first all listening TCP sockets" (the
 * kernel's Documentation/networking/proc_net_tcp.rst), so the rest of it, which in a busy pod is tens of thousands of connections, isn't
 * read.
 */
final class ProcListeners {
    private static final List<Path> FILES = List.of(Path.of("/proc/thread-self/net/tcp"), Path.of("/proc/thread-self/net/tcp6"));
    private static final String LISTEN = "0A";

    private ProcListeners() {}

    static List<Listener> read(NetworkNamespace namespace) throws IOException {
        listening(FILES.get(0)); // loads all classes before the thread enters the namespace
        return namespace.<List<Listener>, IOException>call(() -> {
            List<Listener> all = new ArrayList<>();
            for (Path file : FILES) {
                all.addAll(listening(file));
            }
            return all;
        });
    }

    private static List<Listener> listening(Path file) throws IOException {
        try (BufferedReader table = Files.newBufferedReader(file, StandardCharsets.US_ASCII)) {
            return listening(table);
        } catch (NoSuchFileException e) {
            return List.of(); // a kernel without IPv6
        }
    }

    /** Returns the addresses, in hexadecimal, and ports of the listeners at a table's beginning; reads little more than those lines. */
    static List<Listener> listening(BufferedReader table) throws IOException {
        List<Listener> listeners = new ArrayList<>();
        table.readLine(); // names of the columns
        for (String line; (line = table.readLine()) != null;) {
            String[] fields = line.strip().split("\\s+");
            if (fields.length < 4 || !fields[3].equals(LISTEN)) {
                break;
            }
            String[] local = fields[1].split(":");
            listeners.add(new Listener(local[0], Integer.parseInt(local[1], 16)));
        }
        return listeners;
    }
}
