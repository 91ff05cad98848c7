package io.inpod.tproxy.upstream;

import io.inpod.netns.NetworkNamespace;
import io.inpod.tproxy.internal.ListenerTable;
import java.io.FileInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.BitSet;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * The source ports that spoofed connections take turns with: those of a range that the namespace's own connections never get, nobody
 * has reserved and nobody listens on, as the namespace says when this is made. See ip_local_port_range and ip_local_reserved_ports in the
 * kernel's Documentation/networking/ip-sysctl.rst; both are for IPv6 too. A port that somebody listens on later is found out when it is
 * bound. Thread-safe.
 */
final class SourcePorts {
    private static final Path LOCAL = Path.of("/proc/sys/net/ipv4/ip_local_port_range");
    private static final Path RESERVED = Path.of("/proc/sys/net/ipv4/ip_local_reserved_ports");

    private static final int MAX_BYTES = 64 * 1024;

    private final PortRange range;
    private final String local;
    private final int[] usable;
    private final AtomicInteger next;

    private SourcePorts(PortRange range, String local, int[] usable) {
        this.range = range;
        this.local = local;
        this.usable = usable;
        // Somewhere: a proxy that restarts shouldn't begin with the ports that its predecessor used last.
        this.next = new AtomicInteger(usable.length == 0 ? 0 : ThreadLocalRandom.current().nextInt(usable.length));
    }

    static SourcePorts of(NetworkNamespace namespace, PortRange range) throws IOException {
        BitSet ports = new BitSet();
        ports.set(range.first(), range.last() + 1);
        String local = read(namespace, LOCAL).replaceAll("\\s+", "-");
        clear(ports, local);
        for (String reserved : read(namespace, RESERVED).split(",")) {
            clear(ports, reserved.strip());
        }
        ListenerTable.ports(namespace).forEach(ports::clear);
        return new SourcePorts(range, local, ports.stream().toArray());
    }

    /** The files show the namespace of the thread that opens them, see namespaces(7). */
    private static String read(NetworkNamespace namespace, Path file) throws IOException {
        whole(file); // loads the classes outside
        return namespace.<String, IOException>call(() -> whole(file));
    }

    /** With one read: a second one finds the end, so that what reads piece by piece, as Files.readString does here, gets one character. */
    private static String whole(Path file) throws IOException {
        try (FileInputStream in = new FileInputStream(file.toFile())) {
            byte[] bytes = new byte[MAX_BYTES];
            int length = in.read(bytes);
            return new String(bytes, 0, Math.max(0, length), StandardCharsets.US_ASCII).strip();
        }
    }

    private static void clear(BitSet ports, String range) {
        if (!range.isEmpty()) {
            String[] ends = range.split("-");
            ports.clear(Integer.parseInt(ends[0]), Integer.parseInt(ends[ends.length - 1]) + 1);
        }
    }

    int size() {
        return usable.length;
    }

    int next() {
        return usable[Math.floorMod(next.getAndIncrement(), usable.length)];
    }

    /** Why there is none left for a destination, in words. */
    String exhaustion(int tried) {
        return usable.length == 0
                ? "no source port of " + range + " is left: the namespace's net.ipv4.ip_local_port_range is " + local
                        + ", and others are reserved or listened on; take another range"
                : tried + " source ports of " + range + " in a row are in use, or were less than a minute ago (TIME-WAIT);"
                        + " a wider range, fewer connections to one destination, or net.ipv4.tcp_tw_reuse=1 in the namespace would help";
    }
}
