package io.inpod.tproxy.internal;

import io.inpod.netns.NetworkNamespace;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * The listening TCP sockets of a namespace, from {@code /proc/net/tcp}, see proc(5). The file lists "first all listening TCP sockets" (the
 * kernel's Documentation/networking/proc_net_tcp.rst), so the rest of it, which in a busy pod is tens of thousands of connections, isn't
 * read.
 */
public final class ListenerTable {
    private static final List<Path> FILES = List.of(Path.of("/proc/thread-self/net/tcp"), Path.of("/proc/thread-self/net/tcp6"));
    private static final String LISTEN = "0A";

    private ListenerTable() {}

    /**
     * Counts the sockets that share a port.
     *
     * @param namespace the namespace
     * @param port the port
     * @return how many sockets listen on the same address with that port; the greatest number if there are several addresses
     * @throws IOException if the kernel's table can't be read
     */
    public static int listeners(NetworkNamespace namespace, int port) throws IOException {
        int most = 0;
        for (Path file : FILES) {
            Map<String, Integer> byAddress = new HashMap<>();
            for (String address : read(namespace, file)) {
                if (port(address) == port) {
                    most = Math.max(most, byAddress.merge(address, 1, Integer::sum));
                }
            }
        }
        return most;
    }

    /** Returns the ports on which any socket listens, at any address. */
    public static Set<Integer> ports(NetworkNamespace namespace) throws IOException {
        Set<Integer> ports = new TreeSet<>();
        for (Path file : FILES) {
            for (String address : read(namespace, file)) {
                ports.add(port(address));
            }
        }
        return ports;
    }

    private static int port(String address) {
        return Integer.parseInt(address.substring(address.indexOf(':') + 1), 16);
    }

    private static List<String> read(NetworkNamespace namespace, Path file) throws IOException {
        try {
            listening(FILES.get(0)); // loads all classes before the thread enters the namespace
            return namespace.<List<String>, IOException>call(() -> listening(file));
        } catch (NoSuchFileException e) {
            return List.of(); // a kernel without IPv6
        }
    }

    private static List<String> listening(Path file) throws IOException {
        try (BufferedReader table = Files.newBufferedReader(file, StandardCharsets.US_ASCII)) {
            return listening(table);
        }
    }

    /**
     * Returns the addresses and ports, in hexadecimal, of the listeners at the beginning of a table; reads little more than those lines.
     */
    static List<String> listening(BufferedReader table) throws IOException {
        List<String> addresses = new ArrayList<>();
        table.readLine(); // names of the columns
        for (String line; (line = table.readLine()) != null;) {
            String[] fields = line.strip().split("\\s+");
            if (fields.length < 4 || !fields[3].equals(LISTEN)) {
                break;
            }
            addresses.add(fields[1]);
        }
        return addresses;
    }
}
