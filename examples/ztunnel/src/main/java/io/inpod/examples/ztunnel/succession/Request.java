package io.inpod.examples.ztunnel.succession;

import io.inpod.netns.NamespaceIdentity;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/**
 * A successor's request for a listener, as a line of text: {@code listener DEVICE INODE PORT}. The answer is {@code 1} with a descriptor,
 * or {@code 0}. The successor confirms with {@code taken}.
 */
record Request(NamespaceIdentity namespace, int port) {
    static final int MAX_BYTES = 128;
    static final String TAKEN = "taken";
    private static final String WORD = "listener";

    ByteBuffer bytes() {
        return bytes(String.join(" ", WORD, Long.toString(namespace.device()), Long.toString(namespace.inode()), Integer.toString(port)));
    }

    static Request of(ByteBuffer message) throws IOException {
        String[] words = text(message).split(" ");
        try {
            if (words.length == 4 && words[0].equals(WORD)) {
                return new Request(new NamespaceIdentity(Long.parseLong(words[1]), Long.parseLong(words[2])), Integer.parseInt(words[3]));
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
