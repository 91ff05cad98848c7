package io.inpod.tproxy.upstream;

import io.inpod.netns.NetworkNamespace;
import io.inpod.tproxy.internal.ListenerTable;
import io.inpod.tproxy.internal.NamespaceFiles;
import java.io.IOException;
import java.nio.file.Path;
import java.util.BitSet;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

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
    private final Found found;
    private final BitSet usable;
    private final int size;
    private final boolean shared;
    private final AtomicInteger next;

    /** What a namespace's settings and sockets say: the text of its own range, these ports, and those that nobody may use. */
    private record Found(String local, BitSet locals, BitSet unusable) {
        static Found in(NetworkNamespace namespace) throws IOException {
            List<String> settings = NamespaceFiles.read(namespace, List.of(RESERVED, LOCAL));
            BitSet unusable = new BitSet();
            for (String reserved : settings.get(0).split(",")) {
                set(unusable, reserved.strip());
            }
            ListenerTable.ports(namespace).forEach(unusable::set);
            String local = settings.get(1).replaceAll("\\s+", "-");
            BitSet locals = new BitSet();
            set(locals, local);
            return new Found(local, locals, unusable);
        }
    }

    private SourcePorts(Found found, PortRange range, boolean orLocal) {
        BitSet ports = new BitSet();
        ports.set(range.first(), range.last() + 1);
        ports.andNot(found.locals);
        ports.andNot(found.unusable);
        this.shared = orLocal && ports.isEmpty();
        if (shared) {
            ports.or(found.locals);
            ports.andNot(found.unusable);
        }
        this.range = range;
        this.found = found;
        this.usable = ports;
        this.size = ports.cardinality();
        // Starts at random: a restarted proxy shouldn't begin with the ports that its predecessor used last.
        this.next = new AtomicInteger(ThreadLocalRandom.current().nextInt(Math.max(1, ports.length())));
    }

    /** The ports of a range, or, if there is none, those of the default range or else the namespace's own. */
    static SourcePorts of(NetworkNamespace namespace, @Nullable PortRange range) throws IOException {
        return of(Found.in(namespace), range);
    }

    /** The ports of another range, with the same namespace's settings and listeners as when this object was created. */
    SourcePorts with(@Nullable PortRange other) {
        return of(found, other);
    }

    private static SourcePorts of(Found found, @Nullable PortRange range) {
        return range == null ? new SourcePorts(found, PortRange.DEFAULT, true) : new SourcePorts(found, range, false);
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
        return size;
    }

    /** The next one in turn; there must be one. */
    int next() {
        for (;;) {
            int from = next.get();
            int port = usable.nextSetBit(from);
            if (port < 0) {
                port = usable.nextSetBit(0);
            }
            if (next.compareAndSet(from, port + 1)) {
                return port;
            }
        }
    }

    /** Returns why no port is left for a destination. */
    String exhaustion(int tried) {
        return size == 0
                ? "no source port of " + range + " is left: the namespace's net.ipv4.ip_local_port_range is " + found.local
                        + ", and the others are reserved or in use by listeners; choose another range"
                : tried + " source ports of " + (shared ? found.local : range)
                        + " in a row are in use, or were in the last minute (TIME-WAIT);"
                        + " a wider range, fewer connections to one destination, or net.ipv4.tcp_tw_reuse=1 in the namespace would help";
    }
}
