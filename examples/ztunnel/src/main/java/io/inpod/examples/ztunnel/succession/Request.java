package io.inpod.examples.ztunnel.succession;

import io.inpod.netns.NamespaceIdentity;
import java.io.IOException;
import java.net.Inet6Address;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Set;

/**
 * A successor's request for a socket, as a line of text: {@code listener DEVICE INODE PORT}, followed by a word if it isn't a TCP listener
 * at an address of IPv4 or at all addresses: {@code ::1}, {@code udp} or {@code udp::1}, since all of them may have one port. The answer is
 * {@code 1} with a descriptor, or {@code 0}. The successor confirms with {@code taken}.
 */
record Request(NamespaceIdentity namespace, String kind, int port) {
    static final int MAX_BYTES = 128;
    static final String TAKEN = "taken";
    private static final String WORD = "listener";
    private static final String IPV6_LOOPBACK = "::1";
    private static final String UDP = "udp";
    private static final Set<String> KINDS = Set.of(IPV6_LOOPBACK, UDP, UDP + IPV6_LOOPBACK);

    /** Returns the word for a listener, or "". */
    static String listener(InetSocketAddress local) {
        return local.getAddress() instanceof Inet6Address six && six.isLoopbackAddress() ? IPV6_LOOPBACK : "";
    }

    /** Returns the word for a UDP socket. */
    static String datagrams(InetSocketAddress local) {
        return UDP + listener(local);
    }

    ByteBuffer bytes() {
        return bytes(String
                .join(" ", WORD, Long.toString(namespace.device()), Long.toString(namespace.inode()), Integer.toString(port), kind)
                .strip());
    }

    static Request of(ByteBuffer message) throws IOException {
        String[] words = text(message).split(" ");
        try {
            boolean whole = words.length == 4 || words.length == 5 && KINDS.contains(words[4]);
            if (whole && words[0].equals(WORD)) {
                return new Request(new NamespaceIdentity(Long.parseLong(words[1]), Long.parseLong(words[2])),
                        words.length == 5 ? words[4] : "",
                        Integer.parseInt(words[3]));
            }
        } catch (NumberFormatException e) {
            // answered below
        }
        throw new IOException("not a request for a listener");
    }

    static ByteBuffer bytes(String text) {
        return ByteBuffer.wrap(text.getBytes(StandardCharsets.US_ASCII));
    }

    static String text(ByteBuffer message) {
        return StandardCharsets.US_ASCII.decode(message).toString();
    }
}
