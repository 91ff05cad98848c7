package io.inpod.examples.ztunnel.config;

import com.sun.management.HotSpotDiagnosticMXBean;
import com.sun.management.UnixOperatingSystemMXBean;
import io.inpod.tproxy.share.Holdings;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.time.Duration;

/**
 * What all pods together may take of the process. The rest is reserved for control work: the session with the agent, the listeners of new
 * pods, and connections that are accepted only to be reset.
 *
 * @param sockets INPOD_MAX_SOCKETS: the number of sockets of connections
 * @param bufferBytes INPOD_MAX_BUFFER_MIB: the number of bytes that wait in buffers for peers that don't read
 * @param tcpBytes INPOD_MAX_TCP_MIB: from how many bytes on that TCP holds on the node there are none left for more
 * @param leastBytes how many bytes a connection that carries tunnels may hold in each direction although its client has no room
 * @param idle INPOD_IDLE_AT_LIMIT: how long a connection must have been idle to be reset when its client has its share of sockets
 */
public record Limits(long sockets, long bufferBytes, long tcpBytes, int leastBytes, Duration idle) {
    private static final long MIB = 1 << 20;
    private static final long MOST_RESERVED = 4096;
    /** Heap that a socket needs with its channel, pipeline and half of a relay, or with TLS and its peer's certificates. */
    private static final long HEAP_PER_SOCKET = 16 << 10;
    /** Buffers outside of the heap, half of which is for what waits: a TLS record that is being received, and what is held without room. */
    private static final long DIRECT_PER_SOCKET = 64 << 10;
    private static final int LEAST_BYTES = 4 << 10;
    private static final int MOST_LEAST_BYTES = 64 << 10;

    static Limits from(Variables env) throws ConfigException {
        long direct = maxDirectMemory();
        long sockets = env.number("INPOD_MAX_SOCKETS", (int) Math.min(Integer.MAX_VALUE, defaultSockets(direct)), 16, Integer.MAX_VALUE);
        long bytes = env.number("INPOD_MAX_BUFFER_MIB", (int) Math.max(1, direct / 2 / MIB), 1, 1 << 20) * MIB;
        long tcp = env.number("INPOD_MAX_TCP_MIB", (int) Math.max(1, tcpLimit() / MIB), 1, 1 << 20) * MIB;
        return new Limits(sockets, bytes, tcp, leastBytes(direct - bytes, sockets),
                env.duration("INPOD_IDLE_AT_LIMIT", Duration.ofSeconds(30)));
    }

    /**
     * Divides what the bound on bytes leaves of the memory among all sockets. Half of a socket's part is for a TLS record that is being
     * received, and a quarter for each direction, in which a connection may hold twice the result; see docs/operators.md.
     */
    static int leastBytes(long spare, long sockets) {
        return (int) Math.max(LEAST_BYTES, Math.min(MOST_LEAST_BYTES, spare / sockets / 8));
    }

    /** {@return these limits, with nobody holding anything} */
    public Holdings holdings() {
        return Holdings.of(sockets, bufferBytes);
    }

    private static long tcpLimit() throws ConfigException {
        try {
            return TcpUsage.limit();
        } catch (IOException e) {
            throw new ConfigException("set INPOD_MAX_TCP_MIB: " + e.getMessage(), e);
        }
    }

    private static long defaultSockets(long direct) {
        long byMemory = Math.min(Runtime.getRuntime().maxMemory() / HEAP_PER_SOCKET, direct / DIRECT_PER_SOCKET);
        if (!(ManagementFactory.getOperatingSystemMXBean() instanceof UnixOperatingSystemMXBean system)) {
            return Math.max(16, byMemory);
        }
        long free = system.getMaxFileDescriptorCount() - system.getOpenFileDescriptorCount();
        return Math.max(16, Math.min(byMemory, free - Math.min(MOST_RESERVED, free / 4)));
    }

    static long maxDirectMemory() {
        HotSpotDiagnosticMXBean flags = ManagementFactory.getPlatformMXBean(HotSpotDiagnosticMXBean.class);
        long set = Long.parseLong(flags.getVMOption("MaxDirectMemorySize").getValue());
        return set == 0 ? Runtime.getRuntime().maxMemory() : set;
    }
}
