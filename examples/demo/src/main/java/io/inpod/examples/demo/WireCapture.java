package io.inpod.examples.demo;

import io.inpod.netlink.Rtnetlink;
import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.socket.PacketSocket;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Captures the frames on a link between the pods, and examines them afterwards. */
final class WireCapture implements AutoCloseable {
    private static final Duration TICK = Duration.ofMillis(100);
    private static final int TCP = 6;

    private final PacketSocket socket;
    private final Thread reader;
    private final List<byte[]> frames = new ArrayList<>();
    private volatile boolean stopped;

    private WireCapture(PacketSocket socket) {
        this.socket = socket;
        this.reader = new Thread(this::read, "capture");
    }

    static WireCapture start(NetworkNamespace node, String link) throws IOException {
        try (Rtnetlink network = Rtnetlink.open(node)) {
            WireCapture capture = new WireCapture(PacketSocket.open(node, network.links().get(link).index()));
            capture.reader.start();
            return capture;
        }
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

    /** Ends the capture when all frames that have passed so far are read. */
    Evidence stop() throws InterruptedException {
        stopped = true;
        reader.join();
        return new Evidence(List.copyOf(frames));
    }

    @Override
    public void close() {
        stopped = true;
        socket.close();
    }

    /** Captured frames, parsed as Ethernet, IPv4 or IPv6, and TCP. */
    record Evidence(List<byte[]> frames) {
        /** Returns how many frames begin with a TLS record, by the server's port. */
        Map<Integer, Integer> tlsFramesByPort() {
            Map<Integer, Integer> found = new TreeMap<>();
            for (Segment segment : segments()) {
                byte[] data = segment.data();
                if (data.length >= 5 && data[0] >= 20 && data[0] <= 23 && data[1] == 3) {
                    found.merge(segment.serverPort(), 1, Integer::sum);
                }
            }
            return found;
        }

        /** Returns how many frames carried data, by the server's port. */
        Map<Integer, Integer> dataFramesByPort() {
            Map<Integer, Integer> found = new TreeMap<>();
            for (Segment segment : segments()) {
                if (segment.data().length > 0) {
                    found.merge(segment.serverPort(), 1, Integer::sum);
                }
            }
            return found;
        }

        /** Whether a text stands anywhere in the frames, or in the data of consecutive segments of one direction. */
        boolean contains(String text) {
            Map<String, ByteArrayOutputStream> directions = new TreeMap<>();
            for (Segment segment : segments()) {
                directions.computeIfAbsent(segment.direction(), key -> new ByteArrayOutputStream()).writeBytes(segment.data());
            }
            return frames.stream().anyMatch(frame -> latin1(frame).contains(text))
                    || directions.values().stream().anyMatch(data -> latin1(data.toByteArray()).contains(text));
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
            byte[] pair = new byte[addressBytes];
            frame.get(addresses, pair);
            segments.add(
                    new Segment(java.util.Arrays.toString(pair), frame.getShort(tcp) & 0xffff, frame.getShort(tcp + 2) & 0xffff, data));
        }
    }

    @SuppressWarnings("ArrayRecordComponent") // segments aren't compared
    private record Segment(String addresses, int sourcePort, int destinationPort, byte[] data) {
        String direction() {
            return addresses + sourcePort + ">" + destinationPort;
        }

        int serverPort() {
            return Math.min(sourcePort, destinationPort);
        }
    }
}
