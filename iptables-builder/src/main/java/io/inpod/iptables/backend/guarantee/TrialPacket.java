package io.inpod.iptables.backend.guarantee;

import io.inpod.netns.NetworkNamespace;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import org.jspecify.annotations.Nullable;

/**
 * A TCP connection or a UDP datagram that a trial sends.
 *
 * @param from the sender's namespace
 * @param to the destination
 * @param datagram whether it is a datagram
 * @param mark the mark of its socket; 0 for none
 * @param source its source, which needn't be an address of the namespace; null if the kernel chooses
 * @param repeated whether a connection like it comes before it, which the side that accepts it resets
 */
record TrialPacket(NetworkNamespace from, InetSocketAddress to, boolean datagram, int mark, @Nullable InetSocketAddress source,
        boolean repeated) {
    static TrialPacket connection(NetworkNamespace from, InetAddress to, int port) {
        return new TrialPacket(from, new InetSocketAddress(to, port), false, 0, null, false);
    }

    static TrialPacket datagram(NetworkNamespace from, InetAddress to, int port) {
        return new TrialPacket(from, new InetSocketAddress(to, port), true, 0, null, false);
    }

    TrialPacket marked(int value) {
        return new TrialPacket(from, to, datagram, value, source, repeated);
    }

    TrialPacket from(InetAddress address, int port) {
        return new TrialPacket(from, to, datagram, mark, new InetSocketAddress(address, port), repeated);
    }

    TrialPacket again() {
        return new TrialPacket(from, to, datagram, mark, source, true);
    }
}
