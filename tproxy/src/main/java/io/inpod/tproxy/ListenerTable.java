package io.inpod.tproxy;

import io.inpod.netns.NetworkNamespace;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/** Who else listens, as {@code /proc/net/tcp} says, see proc(5). */
final class ListenerTable {
    private static final List<Path> FILES = List.of(Path.of("/proc/thread-self/net/tcp"), Path.of("/proc/thread-self/net/tcp6"));
    private static final String LISTEN = "0A";

    private ListenerTable() {}

    /**
     * Counts the sockets that share a port.
     *
     * @param namespace where
     * @param port the port
     * @return how many listen on the same address with it; where that is so for several addresses, the greatest number
     * @throws IOException if the kernel's table can't be read
     */
    static int listeners(NetworkNamespace namespace, int port) throws IOException {
        int most = 0;
        for (Path file : FILES) {
            Map<String, Integer> byAddress = new HashMap<>();
            for (String line : read(namespace, file)) {
                String[] fields = line.strip().split("\\s+");
                if (fields.length > 3 && fields[3].equals(LISTEN) && Integer.parseInt(fields[1].substring(fields[1].indexOf(':') + 1), 16) == port) {
                    most = Math.max(most, byAddress.merge(fields[1], 1, Integer::sum));
                }
            }
        }
        return most;
    }

    /** The ports that anybody listens on, at any address. */
    static Set<Integer> ports(NetworkNamespace namespace) throws IOException {
        Set<Integer> ports = new TreeSet<>();
        for (Path file : FILES) {
            for (String line : read(namespace, file)) {
                String[] fields = line.strip().split("\\s+");
                if (fields.length > 3 && fields[3].equals(LISTEN)) {
                    ports.add(Integer.parseInt(fields[1].substring(fields[1].indexOf(':') + 1), 16));
                }
            }
        }
        return ports;
    }

    private static List<String> read(NetworkNamespace namespace, Path file) throws IOException {
        try {
            Files.readAllLines(FILES.get(0)); // loads the classes outside
            return namespace.<List<String>, IOException>call(() -> Files.readAllLines(file));
        } catch (NoSuchFileException e) {
            return List.of(); // a kernel without IPv6
        }
    }
}
