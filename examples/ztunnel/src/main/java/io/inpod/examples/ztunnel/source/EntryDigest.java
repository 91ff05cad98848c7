package io.inpod.examples.ztunnel.source;

import java.nio.ByteBuffer;
import java.security.DigestException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;

/** The first half of the SHA-256 of a piece of text: so long that no two pieces have the same. For one thread. */
final class EntryDigest {
    private final MessageDigest sha256;
    private final byte[] bytes;
    private final ByteBuffer numbers;

    EntryDigest() {
        try {
            sha256 = MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError("every JDK has SHA-256", e);
        }
        bytes = new byte[sha256.getDigestLength()];
        numbers = ByteBuffer.wrap(bytes);
    }

    /** Makes it the digest of what is between a buffer's position and its limit, which is consumed. */
    void of(ByteBuffer text) {
        sha256.update(text);
        try {
            sha256.digest(bytes, 0, bytes.length);
        } catch (DigestException e) {
            throw new AssertionError("there is room for it", e);
        }
    }

    long high() {
        return numbers.getLong(0);
    }

    long low() {
        return numbers.getLong(Long.BYTES);
    }
}
