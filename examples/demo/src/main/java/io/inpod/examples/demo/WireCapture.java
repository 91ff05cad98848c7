package io.inpod.examples.demo;

import static io.inpod.netns.InPodConstants.HBONE_PORT;

import io.inpod.netlink.Rtnetlink;
import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.socket.PacketSocket;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.SocketTimeoutException;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/** Captures the frames on a node's links to its pods, and examines them afterwards. One thread reads; the others only start and stop it. */
public final class WireCapture implements AutoCloseable {
    private static final Duration TICK = Duration.ofMillis(100);
    private static final int TCP = 6;
    private static final int SYN = 2;
    private static final int ACK = 16;

    private final PacketSocket socket;
    private final Thread reader;
    private final List<byte[]> frames = Collections.synchronizedList(new ArrayList<>());
    private volatile boolean stopped;

    private WireCapture(PacketSocket socket) {
        this.socket = socket;
        this.reader = new Thread(this::read, "capture");
    }

    /**
     * Captures what passes one link.
     *
     * @param node the node's network namespace
     * @param link the link's name
     * @return the running capture
     * @throws IOException if there is no such link, or nothing may be captured there
     */
    public static WireCapture start(NetworkNamespace node, String link) throws IOException {
        try (Rtnetlink network = Rtnetlink.open(node)) {
            return start(node, network.links().get(link).index());
        }
    }

    /**
     * Captures what passes any link, also those that are made later: so nothing that a pod sends is missed, from its first packet on.
     *
     * @param node the node's network namespace
     * @return the running capture, in which a frame is once for each link that it passes
     * @throws IOException if nothing may be captured there
     */
    public static WireCapture start(NetworkNamespace node) throws IOException {
        return start(node, 0);
    }

    private static WireCapture start(NetworkNamespace node, int link) throws IOException {
        WireCapture capture = new WireCapture(PacketSocket.open(node, link));
        capture.reader.start();
        return capture;
    }

    private void read() {
        ByteBuffer frame = ByteBuffer.allocateDirect(128 * 1024); // with segmentation offload a frame can be longer than the MTU
        for (;;) {
            try {
                socket.receive(frame.clear(), TICK);
                byte[] copy = new byte[frame.remaining()];
                frame.get(copy);
                frames.add(copy);
            } catch (SocketTimeoutException e) {
                if (stopped) {
                    return; // everything that passed before has been read
                }
            } catch (IOException e) {
                return; // closed
            }
        }
    }

    /** {@return what has been read so far} */
    public Evidence soFar() {
        synchronized (frames) {
            return new Evidence(List.copyOf(frames));
        }
    }

    /**
     * Ends the capture when all frames that have passed so far are read.
     *
     * @return what was captured
     * @throws InterruptedException if the thread was interrupted
     */
    public Evidence stop() throws InterruptedException {
        stopped = true;
        reader.join();
        return new Evidence(List.copyOf(frames));
    }

    @Override
    public void close() {
        stopped = true;
        socket.close();
    }

    /**
     * Captured frames, parsed as Ethernet, IPv4 or IPv6, and TCP.
     *
     * @param frames the frames, in the order in which they passed
     */
    public record Evidence(List<byte[]> frames) {
        /** {@return how many frames begin with a TLS record, by the server's port} */
        public Map<Integer, Integer> tlsFramesByPort() {
            Map<Integer, Integer> found = new TreeMap<>();
            for (Segment segment : segments()) {
                byte[] data = segment.data();
                if (data.length >= 5 && data[0] >= 20 && data[0] <= 23 && data[1] == 3) {
                    found.merge(segment.serverPort(), 1, Integer::sum);
                }
            }
            return found;
        }

        /**
         * Finds what pods of a mesh sent one another without a tunnel: data, and attempts to connect.
         *
         * @param members the addresses of the pods
         * @return a line for each such frame; empty if the mesh kept its promise
         */
        public List<String> outsideTunnels(Set<InetAddress> members) {
            return segments().stream().filter(segment -> members.contains(segment.source()) && members.contains(segment.destination()))
                    .filter(segment -> segment.sourcePort() != HBONE_PORT && segment.destinationPort() != HBONE_PORT)
                    .filter(segment -> segment.data().length > 0 || segment.opens())
                    .map(segment -> segment.source().getHostAddress() + ":" + segment.sourcePort() + " to "
                            + segment.destination().getHostAddress() + ":" + segment.destinationPort() + ": "
                            + (segment.opens() ? "a connection" : segment.data().length + " bytes"))
                    .toList();
        }

        /** {@return how many frames carried data, by the server's port} */
        public Map<Integer, Integer> dataFramesByPort() {
            Map<Integer, Integer> found = new TreeMap<>();
            for (Segment segment : segments()) {
                if (segment.data().length > 0) {
                    found.merge(segment.serverPort(), 1, Integer::sum);
                }
            }
            return found;
        }

        /**
         * Searches for a text anywhere in the frames, and in the data of consecutive segments of one direction.
         *
         * @param text the text
         * @return whether it was found
         */
        public boolean contains(String text) {
            Map<String, ByteArrayOutputStream> directions = new TreeMap<>();
            for (Segment segment : segments()) {
                directions.computeIfAbsent(segment.direction(), key -> new ByteArrayOutputStream()).writeBytes(segment.data());
            }
            return frames.stream().anyMatch(frame -> latin1(frame).contains(text))
                    || directions.values().stream().anyMatch(data -> latin1(data.toByteArray()).contains(text));
        }

        /**
         * Leaves out what is no pod's business, such as what a kubelet and its runtime say to one another on the node's loopback device.
         *
         * @param pods addresses
         * @return the frames with TCP from or to one of them
         */
        public Evidence of(Set<InetAddress> pods) {
            return new Evidence(frames.stream().filter(frame -> new Evidence(List.of(frame)).segments().stream()
                    .anyMatch(segment -> pods.contains(segment.source()) || pods.contains(segment.destination()))).toList());
        }

        private static String latin1(byte[] bytes) {
            return new String(bytes, StandardCharsets.ISO_8859_1);
        }

        private List<Segment> segments() {
            List<Segment> segments = new ArrayList<>();
            for (byte[] frame : frames) {
                ByteBuffer bytes = ByteBuffer.wrap(frame);
                if (frame.length < 34) {
                    continue;
                }
                int type = bytes.getShort(12) & 0xffff;
                if (type == 0x0800 && bytes.get(23) == TCP) {
                    add(segments, bytes, 14 + (bytes.get(14) & 0xf) * 4, 14 + (bytes.getShort(16) & 0xffff), 26, 8);
                } else if (type == 0x86dd && bytes.get(20) == TCP) {
                    add(segments, bytes, 54, 54 + (bytes.getShort(18) & 0xffff), 22, 32);
                }
            }
            return segments;
        }

        private static void add(List<Segment> segments, ByteBuffer frame, int tcp, int end, int addresses, int addressBytes) {
            int limit = Math.min(end, frame.limit());
            if (tcp + 20 > limit) {
                return;
            }
            int start = tcp + ((frame.get(tcp + 12) >> 4) & 0xf) * 4;
            byte[] data = new byte[Math.max(0, limit - start)];
            frame.get(Math.min(start, limit), data);
            segments.add(
                    new Segment(address(frame, addresses, addressBytes / 2), address(frame, addresses + addressBytes / 2, addressBytes / 2),
                            frame.getShort(tcp) & 0xffff, frame.getShort(tcp + 2) & 0xffff, frame.get(tcp + 13), data));
        }
    }

    private static InetAddress address(ByteBuffer frame, int at, int length) {
        byte[] bytes = new byte[length];
        frame.get(at, bytes);
        try {
            return InetAddress.getByAddress(bytes);
        } catch (UnknownHostException e) {
            throw new IllegalStateException(length + " isn't the length of an address", e);
        }
    }

    @SuppressWarnings("ArrayRecordComponent") // segments aren't compared
    private record Segment(InetAddress source, InetAddress destination, int sourcePort, int destinationPort, byte flags, byte[] data) {
        String direction() {
            return source + ":" + sourcePort + ">" + destination + ":" + destinationPort;
        }

        /** Whether it asks for a connection: SYN without ACK. */
        boolean opens() {
            return (flags & (SYN | ACK)) == SYN;
        }

        int serverPort() {
            return Math.min(sourcePort, destinationPort);
        }
    }
}
