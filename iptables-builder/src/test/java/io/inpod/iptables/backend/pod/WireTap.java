package io.inpod.iptables.backend.pod;

import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.socket.JdkChannels;
import io.inpod.netns.socket.SocketOptions;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.DatagramChannel;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/** Captures the packets that leave a pod through one interface, with an independent program: Python with a packet(7) socket. */
public final class WireTap implements AutoCloseable {
    private static final String SNIFFER = """
            import socket, sys
            tap = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(3))
            tap.bind((sys.argv[1], 0))
            tap.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
            print("ready", flush=True)
            while True:
                frame, (_, _, kind, _, _) = tap.recvfrom(65536)
                if kind == socket.PACKET_OUTGOING:
                    print(frame.hex(), flush=True)
            """;

    private final NetworkNamespace pod;
    private final PythonProcess sniffer;
    private int fences;

    private WireTap(NetworkNamespace pod, PythonProcess sniffer) {
        this.pod = pod;
        this.sniffer = sniffer;
    }

    public static WireTap on(NetworkNamespace pod) throws IOException {
        return on(pod, "eth0");
    }

    public static WireTap on(NetworkNamespace pod, String link) throws IOException {
        WireTap tap = new WireTap(pod, PythonProcess.start(pod, SNIFFER, link));
        String first = tap.sniffer.line();
        if (!"ready".equals(first)) {
            tap.close();
            throw new IOException("the sniffer says: " + first);
        }
        return tap;
    }

    /** Returns all packets that have left so far, in hex starting with the IP header, without the marker that ends the list. */
    public List<String> drain(InetAddress somewhere) throws IOException {
        return drain(pod, somewhere);
    }

    /** Returns the same for packets that another namespace sends through the pod. */
    public List<String> drain(NetworkNamespace from, InetAddress somewhere) throws IOException {
        String fence = "fence " + ++fences;
        try (DatagramChannel channel = JdkChannels.datagram(from, SocketOptions.NONE)) {
            channel.send(ByteBuffer.wrap(fence.getBytes(StandardCharsets.UTF_8)), new InetSocketAddress(somewhere, 9));
        }
        List<String> packets = new ArrayList<>();
        String end = hex(fence);
        for (String line = sniffer.line(); !line.endsWith(end); line = sniffer.line()) {
            packets.add(line);
        }
        return packets;
    }

    /** Returns whether the packets contain TCP to the destination, of either family: the two ports follow the IP header's last address. */
    public static boolean shows(List<String> packets, InetAddress destination, int port) {
        Pattern header = Pattern.compile(hex(destination) + String.format("[0-9a-f]{4}%04x", port));
        return packets.stream().anyMatch(packet -> header.matcher(packet).find());
    }

    public static String hex(String text) {
        return hex(text.getBytes(StandardCharsets.UTF_8));
    }

    public static String hex(InetAddress address) {
        return hex(address.getAddress());
    }

    private static String hex(byte[] bytes) {
        StringBuilder hex = new StringBuilder();
        for (byte b : bytes) {
            hex.append(String.format("%02x", b));
        }
        return hex.toString();
    }

    @Override
    public void close() {
        sniffer.close();
    }
}
