package io.inpod.examples.ztunnel.dns;

import io.inpod.netns.testing.Pod;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.DatagramChannel;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * A name server (RFC 1035) in a pod, whose behaviour depends on the first label: "spoof" sends answers to other questions and from other
 * sockets first, "slow" doesn't answer, "big" answers in full over TCP only, "huge" sends 60,000 bytes over UDP, "none" doesn't exist, and
 * all others have the address 192.0.2.1.
 */
final class OddNameServer implements AutoCloseable {
    private static final int TRUNCATED = 0x0200;
    private static final int NO_SUCH_NAME = 3;
    private final DatagramChannel udp;
    private final DatagramChannel stranger;
    private final ServerSocketChannel tcp;
    final Set<Integer> ports = ConcurrentHashMap.newKeySet();
    final Set<Integer> numbers = ConcurrentHashMap.newKeySet();

    OddNameServer(Pod pod) throws IOException {
        InetSocketAddress address = new InetSocketAddress(pod.address(), 53);
        udp = pod.namespace().<DatagramChannel, IOException>call(DatagramChannel::open).bind(address);
        stranger = pod.namespace().<DatagramChannel, IOException>call(DatagramChannel::open).bind(new InetSocketAddress(pod.address(), 54));
        tcp = pod.namespace().<ServerSocketChannel, IOException>call(ServerSocketChannel::open).bind(address);
        new Thread(this::serveUdp, "udp name server").start();
        new Thread(this::serveTcp, "tcp name server").start();
    }

    private void serveUdp() {
        try {
            for (;;) {
                ByteBuffer query = ByteBuffer.allocate(4096);
                SocketAddress client = udp.receive(query);
                ports.add(((InetSocketAddress) client).getPort());
                numbers.add(query.getShort(0) & 0xffff);
                answer(query.flip(), client);
            }
        } catch (IOException e) {
            // closed
        }
    }

    private void answer(ByteBuffer query, SocketAddress client) throws IOException {
        switch (kind(query)) {
            case "slow" -> {
            }
            case "spoof" -> {
                udp.send(response(query, 0, 0x2007, 203).putShort(0, (short) (query.getShort(0) + 1)), client);
                ByteBuffer other = response(query, 0, 0, 203);
                other.put(14, (byte) 'x');
                udp.send(other, client);
                stranger.send(response(query, 0, 0, 203), client);
                udp.send(response(query, 0, 0, 1), client);
            }
            case "big" -> udp.send(response(query, TRUNCATED, 0, 0), client);
            case "huge" -> {
                ByteBuffer huge = ByteBuffer.allocate(60_000).put(response(query, 0, 0, 1));
                udp.send(huge.clear(), client);
            }
            case "none" -> udp.send(response(query, NO_SUCH_NAME, 0, 0), client);
            default -> udp.send(response(query, 0, 0, 1), client);
        }
    }

    private void serveTcp() {
        try {
            for (;;) {
                SocketChannel connection = tcp.accept();
                new Thread(() -> serve(connection.socket()), "tcp connection").start();
            }
        } catch (IOException e) {
            // closed
        }
    }

    private static void serve(Socket socket) {
        try (socket) {
            DataInputStream in = new DataInputStream(socket.getInputStream());
            DataOutputStream out = new DataOutputStream(socket.getOutputStream());
            byte[] query = new byte[in.readUnsignedShort()];
            in.readFully(query);
            int answers = kind(ByteBuffer.wrap(query)).equals("big") ? 100 : 1;
            ByteBuffer answer = response(ByteBuffer.wrap(query), 0, answers, 1);
            out.writeShort(answer.remaining());
            out.write(answer.array(), 0, answer.remaining());
            out.flush();
        } catch (IOException e) {
            // closed
        }
    }

    private static String kind(ByteBuffer query) {
        return new String(query.array(), 13, query.get(12), StandardCharsets.US_ASCII).toLowerCase(Locale.ROOT).replaceAll("[0-9]+$", "");
    }

    /** Several addresses for more than one answer, otherwise 192.0.2.LAST, or none for 0. */
    private static ByteBuffer response(ByteBuffer query, int flags, int answers, int last) {
        int end = 12;
        while (query.get(end) != 0) {
            end += query.get(end) + 1;
        }
        boolean address = last > 0 && query.getShort(end + 1) == 1;
        int count = address ? Math.max(1, answers > 100 ? 1 : answers) : 0;
        ByteBuffer text = ByteBuffer.allocate(8192).putShort(query.getShort(0)).putShort((short) (0x8180 | flags)).putShort((short) 1)
                .putShort((short) count).putInt(0).put(query.array(), 12, end + 5 - 12);
        for (int i = 0; i < count; i++) {
            text.putShort((short) 0xc00c).putShort((short) 1).putShort((short) 1).putInt(60).putShort((short) 4)
                    .put(new byte[] {(byte) 192, 0, 2, (byte) (last + i)});
        }
        return text.flip();
    }

    @Override
    public void close() throws IOException {
        udp.close();
        stranger.close();
        tcp.close();
    }
}
