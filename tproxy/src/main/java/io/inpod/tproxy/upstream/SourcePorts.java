package io.inpod.tproxy.upstream;

import io.inpod.netns.NetworkNamespace;
import io.inpod.tproxy.internal.ListenerTable;
import io.inpod.tproxy.internal.NamespaceFiles;
import java.io.IOException;
import java.nio.file.Path;
import java.util.BitSet;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * The source ports of spoofed connections, used in turn: the ports of a range that the namespace's own connections never get, that aren't
 * reserved, and on which no socket listened when this object was created. See ip_local_port_range and ip_local_reserved_ports in the
 * kernel's Documentation/networking/ip-sysctl.rst; both apply to IPv6 too. For a port on which a socket listens later, bind fails.
 * Thread-safe.
 */
final class SourcePorts {
    private static final Path LOCAL = Path.of("/proc/sys/net/ipv4/ip_local_port_range");
    private static final Path RESERVED = Path.of("/proc/sys/net/ipv4/ip_local_reserved_ports");


    private final PortRange range;
    private final String local;
    private final int[] usable;
    private final AtomicInteger next;

    private SourcePorts(PortRange range, String local, int[] usable) {
        this.range = range;
        this.local = local;
        this.usable = usable;
        // Starts at random: a restarted proxy shouldn't begin with the ports that its predecessor used last.
        this.next = new AtomicInteger(usable.length == 0 ? 0 : ThreadLocalRandom.current().nextInt(usable.length));
    }

    static SourcePorts of(NetworkNamespace namespace, PortRange range) throws IOException {
        BitSet ports = new BitSet();
        ports.set(range.first(), range.last() + 1);
        String local = NamespaceFiles.read(namespace, LOCAL).replaceAll("\\s+", "-");
        clear(ports, local);
        for (String reserved : NamespaceFiles.read(namespace, RESERVED).split(",")) {
            clear(ports, reserved.strip());
        }
        ListenerTable.ports(namespace).forEach(ports::clear);
        return new SourcePorts(range, local, ports.stream().toArray());
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

    /** Returns why no port is left for a destination. */
    String exhaustion(int tried) {
        return usable.length == 0
                ? "no source port of " + range + " is left: the namespace's net.ipv4.ip_local_port_range is " + local
                        + ", and the others are reserved or in use by listeners; choose another range"
                : tried + " source ports of " + range + " in a row are in use, or were in the last minute (TIME-WAIT);"
                        + " a wider range, fewer connections to one destination, or net.ipv4.tcp_tw_reuse=1 in the namespace would help";
    }
}
