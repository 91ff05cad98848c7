package io.inpod.examples.ztunnel.config;

import com.sun.management.HotSpotDiagnosticMXBean;
import com.sun.management.UnixOperatingSystemMXBean;
import io.inpod.tproxy.share.Holdings;
import java.lang.management.ManagementFactory;
import java.time.Duration;

/**
 * What all pods together may take of the process. The rest is reserved for control work: the session with the agent, the listeners of new
 * pods, and connections that are accepted only to be reset.
 *
 * @param sockets INPOD_MAX_SOCKETS: the number of sockets of connections
 * @param bufferBytes INPOD_MAX_BUFFER_MIB: the number of bytes that wait in buffers for peers that don't read
 * @param idle INPOD_IDLE_AT_LIMIT: how long a connection must have been idle to be reset when its client has its share of sockets
 */
public record Limits(long sockets, long bufferBytes, Duration idle) {
    private static final long MIB = 1 << 20;
    private static final long MOST_RESERVED = 4096;
    /** Heap that a socket needs with its channel, pipeline and half of a relay, and as much again for the garbage collector. */
    private static final long HEAP_PER_SOCKET = 8 << 10;

    static Limits from(Variables env) throws ConfigException {
        return new Limits(
                env.number("INPOD_MAX_SOCKETS", (int) Math.min(Integer.MAX_VALUE, defaultSockets()), 16, Integer.MAX_VALUE),
                env.number("INPOD_MAX_BUFFER_MIB", (int) Math.max(1, maxDirectMemory() / 2 / MIB), 1, 1 << 20) * MIB,
                env.duration("INPOD_IDLE_AT_LIMIT", Duration.ofSeconds(30)));
    }

    /** {@return these limits, with nobody holding anything} */
    public Holdings holdings() {
        return Holdings.of(sockets, bufferBytes);
    }

    private static long defaultSockets() {
        long byHeap = Runtime.getRuntime().maxMemory() / HEAP_PER_SOCKET;
        if (!(ManagementFactory.getOperatingSystemMXBean() instanceof UnixOperatingSystemMXBean system)) {
            return byHeap;
        }
        long free = system.getMaxFileDescriptorCount() - system.getOpenFileDescriptorCount();
        return Math.max(16, Math.min(byHeap, free - Math.min(MOST_RESERVED, free / 4)));
    }

    private static long maxDirectMemory() {
        HotSpotDiagnosticMXBean flags = ManagementFactory.getPlatformMXBean(HotSpotDiagnosticMXBean.class);
        long set = Long.parseLong(flags.getVMOption("MaxDirectMemorySize").getValue());
        return set == 0 ? Runtime.getRuntime().maxMemory() : set;
    }
}
