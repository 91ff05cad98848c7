package io.inpod.iptables.backend.pod;

import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.socket.JdkChannels;
import io.inpod.netns.socket.SocketOptions;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.DatagramChannel;

/** A datagram that arrives after what was sent before it by the same path: what hasn't arrived by then was dropped. */
final class Fence {
    private static final int PATIENCE = 30_000;

    private Fence() {
    }

    /** Returns when the datagram has arrived. */
    static void pass(NetworkNamespace from, NetworkNamespace to, InetAddress address) throws IOException {
        try (DatagramChannel receiver = JdkChannels.datagram(to, SocketOptions.NONE);
                DatagramChannel sender = JdkChannels.datagram(from, SocketOptions.NONE)) {
            receiver.bind(new InetSocketAddress(address, 0));
            receiver.socket().setSoTimeout(PATIENCE);
            sender.send(ByteBuffer.allocate(1), receiver.getLocalAddress());
            receiver.socket().receive(new DatagramPacket(new byte[1], 1));
        }
    }
}
