package io.inpod.iptables.backend.internal.nft.expr;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/** The data that nft stores in the kernel for itself: entries that consist of a byte for the type, a byte for the length, and the value. */
public final class UserData {
    private static final int COMMENT = 0;

    /** The flags of an element, four bytes: it has no end. */
    private static final byte[] OPEN = {1, 4, 1, 0, 0, 0};

    /** Of a set: nft joins elements that touch. */
    private static final int MERGE = 2;

    /** Types that nft doesn't know, and passes over. */
    private static final int HEADER_MATCH = 0x49;
    private static final int FAMILY = 0x46;

    private UserData() {}

    /** A comment, at most 254 bytes. */
    public static byte[] comment(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        byte[] data = new byte[bytes.length + 3];
        data[0] = COMMENT;
        data[1] = (byte) (bytes.length + 1); // with a zero byte at the end
        System.arraycopy(bytes, 0, data, 2, bytes.length);
        return data;
    }

    /** What nft stores with an element of a set: its comment if it has one, and whether it is an interval without an end. */
    public static byte[] element(String comment, boolean open) {
        byte[] data = comment.isEmpty() ? new byte[0] : comment(comment);
        if (!open) {
            return data;
        }
        byte[] both = Arrays.copyOf(data, data.length + OPEN.length);
        System.arraycopy(OPEN, 0, both, data.length, OPEN.length);
        return both;
    }

    public static Optional<String> comment(byte[] data) {
        return find(data, COMMENT).filter(value -> value.length > 0)
                .map(value -> new String(value, 0, value.length - 1, StandardCharsets.UTF_8));
    }

    /** Returns whether the data of a set say that nft joins elements that touch. */
    public static boolean merges(byte[] set) {
        return find(set, MERGE).filter(value -> value.length > 0 && value[0] != 0).isPresent();
    }

    /** The position of the condition that the TCP or UDP header is complete, for which native expressions need nothing. */
    public static byte[] headerMatch(int index) {
        return new byte[] {HEADER_MATCH, 1, (byte) index};
    }

    public static Optional<Integer> headerMatch(byte[] data) {
        return find(data, HEADER_MATCH).filter(value -> value.length == 1).map(value -> (int) value[0]);
    }

    /** The only family to which a table for both families applies. */
    public static byte[] family(int nfproto) {
        return new byte[] {FAMILY, 1, (byte) nfproto};
    }

    public static Optional<Integer> family(byte[] data) {
        return find(data, FAMILY).filter(value -> value.length == 1).map(value -> (int) value[0]);
    }

    /** Returns the data to store with a rule. */
    public static byte[] of(List<Expr> expressions) {
        byte[] all = {};
        for (Expr expression : expressions) {
            byte[] entry = expression instanceof Expr.Comment comment ? comment(comment.text())
                    : expression instanceof Expr.HeaderMatch header ? headerMatch(header.index()) : null;
            if (entry != null) {
                int before = all.length;
                all = Arrays.copyOf(all, before + entry.length);
                System.arraycopy(entry, 0, all, before, entry.length);
            }
        }
        return all;
    }

    private static Optional<byte[]> find(byte[] data, int type) {
        for (int at = 0; at + 1 < data.length; at += 2 + (data[at + 1] & 0xff)) {
            int length = data[at + 1] & 0xff;
            if (data[at] == type && at + 2 + length <= data.length) {
                return Optional.of(Arrays.copyOfRange(data, at + 2, at + 2 + length));
            }
        }
        return Optional.empty();
    }
}
