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
 * reserved, and on which no socket listened when this object was created; or, if that leaves none, those that its own connections get. See
 * ip_local_port_range and ip_local_reserved_ports in the kernel's Documentation/networking/ip-sysctl.rst; both apply to IPv6 too. For a
 * port on which a socket listens later, bind fails. Thread-safe.
 */
final class SourcePorts {
    private static final Path LOCAL = Path.of("/proc/sys/net/ipv4/ip_local_port_range");
    private static final Path RESERVED = Path.of("/proc/sys/net/ipv4/ip_local_reserved_ports");

    private final PortRange range;
    private final String local;
    private final int[] usable;
    private final boolean shared;
    private final AtomicInteger next;

    private SourcePorts(PortRange range, String local, int[] usable, boolean shared) {
        this.range = range;
        this.local = local;
        this.usable = usable;
        this.shared = shared;
        // Starts at random: a restarted proxy shouldn't begin with the ports that its predecessor used last.
        this.next = new AtomicInteger(usable.length == 0 ? 0 : ThreadLocalRandom.current().nextInt(usable.length));
    }

    /** The ports of a range. */
    static SourcePorts of(NetworkNamespace namespace, PortRange range) throws IOException {
        return of(namespace, range, false);
    }

    /** The ports of the default range, or the namespace's own. */
    static SourcePorts any(NetworkNamespace namespace) throws IOException {
        return of(namespace, PortRange.DEFAULT, true);
    }

    private static SourcePorts of(NetworkNamespace namespace, PortRange range, boolean orLocal) throws IOException {
        BitSet unusable = new BitSet();
        for (String reserved : NamespaceFiles.read(namespace, RESERVED).split(",")) {
            set(unusable, reserved.strip());
        }
        ListenerTable.ports(namespace).forEach(unusable::set);
        String local = NamespaceFiles.read(namespace, LOCAL).replaceAll("\\s+", "-");
        BitSet locals = new BitSet();
        set(locals, local);
        BitSet ports = new BitSet();
        ports.set(range.first(), range.last() + 1);
        ports.andNot(locals);
        ports.andNot(unusable);
        boolean shared = orLocal && ports.isEmpty();
        if (shared) {
            ports = locals;
            ports.andNot(unusable);
        }
        return new SourcePorts(range, local, ports.stream().toArray(), shared);
    }

    private static void set(BitSet ports, String range) {
        if (!range.isEmpty()) {
            String[] ends = range.split("-");
            ports.set(Integer.parseInt(ends[0]), Integer.parseInt(ends[ends.length - 1]) + 1);
        }
    }

    /** Whether clients and the namespace use the same ports, so that each must be asked about. */
    boolean isShared() {
        return shared;
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
                : tried + " source ports of " + (shared ? local : range) + " in a row are in use, or were in the last minute (TIME-WAIT);"
                        + " a wider range, fewer connections to one destination, or net.ipv4.tcp_tw_reuse=1 in the namespace would help";
    }
}
