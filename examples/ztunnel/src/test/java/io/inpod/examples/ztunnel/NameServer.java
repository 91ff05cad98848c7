package io.inpod.examples.ztunnel;

import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * A name server (RFC 1035) that a program asks which is started {@link #through} a shell with files of its own in {@code /etc}. It
 * answers with one address, except for names that begin with "slow": those it doesn't answer until it is told so.
 */
final class NameServer implements AutoCloseable {
    private static final String ADDRESS = "127.77.0.53";
    private static final int NO_SUCH_NAME = 3;

    private final DatagramSocket socket;
    private final byte[] answer;
    private final List<DatagramPacket> unanswered = new ArrayList<>();
    private boolean released;

    /** Starts a name server in the namespace of this process. */
    NameServer(Inet4Address answer) throws IOException {
        this.answer = answer.getAddress();
        socket = new DatagramSocket(new InetSocketAddress(InetAddress.getByName(ADDRESS), 53));
        new Thread(this::serve, "name server").start();
    }

    /** Returns the beginning of a command line. */
    static String[] through(Path directory) throws IOException {
        Path resolver = Files.writeString(directory.resolve("resolv.conf"), "nameserver " + ADDRESS + "\noptions timeout:30 attempts:5\n");
        Path order = Files.writeString(directory.resolve("nsswitch.conf"), "hosts: files dns\n");
        String script = "f=$(readlink -m /etc/resolv.conf) && mkdir -p \"$(dirname \"$f\")\" && touch \"$f\" && mount --bind \"$0\" \"$f\""
                + " && if [ -e /etc/nsswitch.conf ]; then mount --bind \"$1\" /etc/nsswitch.conf; fi && shift && exec \"$@\"";
        return new String[] {"unshare", "--mount", "sh", "-euc", script, resolver.toString(), order.toString()};
    }

    private void serve() {
        try {
            for (;;) {
                DatagramPacket query = new DatagramPacket(new byte[512], 512);
                socket.receive(query);
                handle(query);
            }
        } catch (IOException e) {
            // closed
        }
    }

    private synchronized void handle(DatagramPacket query) throws IOException {
        boolean slow = new String(query.getData(), 13, 4, StandardCharsets.US_ASCII).equals("slow");
        if (slow && !released) {
            unanswered.add(query);
        } else {
            send(query, slow ? NO_SUCH_NAME : 0);
        }
    }

    /** Sends the header with the question, and for type A an answer whose name is a pointer to the question's. */
    private void send(DatagramPacket query, int code) throws IOException {
        ByteBuffer asked = ByteBuffer.wrap(query.getData(), 0, query.getLength());
        int end = 12;
        while (asked.get(end) != 0) {
            end += asked.get(end) + 1;
        }
        boolean address = code == 0 && asked.getShort(end + 1) == 1;
        ByteBuffer text = ByteBuffer.allocate(512).putShort(asked.getShort(0)).putShort((short) (0x8180 | code)).putShort((short) 1)
                .putShort((short) (address ? 1 : 0)).putInt(0).put(query.getData(), 12, end + 5 - 12);
        if (address) {
            text.putShort((short) 0xc00c).putShort((short) 1).putShort((short) 1).putInt(60).putShort((short) 4).put(answer);
        }
        socket.send(new DatagramPacket(text.array(), text.position(), query.getSocketAddress()));
    }

    /** Answers that the slow names don't exist. */
    synchronized void release() throws IOException {
        released = true;
        for (DatagramPacket query : unanswered) {
            send(query, NO_SUCH_NAME);
        }
    }

    @Override
    public void close() {
        socket.close(); // the thread ends
    }
}
