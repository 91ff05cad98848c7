package io.inpod.hbone.internal.connection;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.Random;

/** Input generated from a seed: what a peer could send, with occasional damage. */
public final class FuzzInput {
    private static final byte[] PREFACE = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".getBytes(StandardCharsets.US_ASCII);
    private static final int[] NUMBERS = {0, 1, 2, 4, 5, 8, 9, 16_384, 16_385, 65_535, 0x7fff_ffff, 0x8000_0000, -1};
    private static final String[] NAMES = {":method", ":authority", ":scheme", ":path", ":status", ":protocol", "baggage", "forwarded", "te",
        "connection", "content-length", "X-Upper", "", "a b"};
    private static final String[] VALUES = {"CONNECT", "GET", "10.0.0.1:80", "[::1]:80", "name:1", "200", "https", "/", "trailers", "", "\u0000", "a\r\nb", "k=v"};

    private static final String DELIMITERS = ":/.[]%@-_ 019azAZ\u0000\n";

    public final Random random;
    private byte[] last = new byte[0];
    private String lastText = "";

    FuzzInput(long seed) {
        random = new Random(seed * 0x9e37_79b9_7f4a_7c15L); // otherwise neighbouring seeds would start similarly
    }

    /** Returns a connection's bytes, starting with the client's preface. */
    public byte[] clientBytes() {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.writeBytes(PREFACE);
        out.writeBytes(frame(4, 0, 0, random.nextInt(4) == 0 ? settings() : new byte[0]));
        return frames(out, false);
    }

    /** Returns a connection's bytes, starting with the server's SETTINGS. */
    public byte[] serverBytes() {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.writeBytes(frame(4, 0, 0, random.nextInt(4) == 0 ? settings() : new byte[0]));
        return frames(out, true);
    }

    private byte[] frames(ByteArrayOutputStream out, boolean server) {
        int frames = 1 + random.nextInt(30);
        for (int i = 0; i < frames; i++) {
            out.writeBytes(anyFrame(server));
        }
        return last = damage(out.toByteArray(), 4);
    }

    private byte[] anyFrame(boolean server) {
        int stream = random.nextInt(8) == 0 ? number() : 1 + 2 * random.nextInt(8);
        return switch (random.nextInt(14)) {
            case 0, 1, 2, 3 -> frame(1, 4 | random.nextInt(2), stream, server ? answer() : request());
            case 4, 5, 6 -> frame(0, random.nextInt(4) == 0 ? 1 : 0, stream, bytes(random.nextInt(3000)));
            case 7 -> frame(0, 8 | random.nextInt(2), stream, bytes(1 + random.nextInt(300)));
            case 8 -> frame(3, 0, stream, word(random.nextInt(16)));
            case 9 -> frame(4, random.nextInt(4) == 0 ? 1 : 0, 0, settings());
            case 10 -> frame(6, random.nextInt(2), 0, bytes(8));
            case 11 -> frame(8, 0, random.nextBoolean() ? 0 : stream, word(number()));
            case 12 -> server ? frame(7, 0, 0, concat(word(random.nextBoolean() ? number() : random.nextInt(12)), word(random.nextInt(16))))
                    : concat(frame(1, random.nextInt(2), stream, half(true)), frame(9, 4, stream, half(false)));
            default -> frame(random.nextInt(12), random.nextInt(256), stream, bytes(random.nextInt(40)));
        };
    }

    private byte[] half(boolean first) {
        byte[] block = headerFields(":method", "CONNECT", ":authority", "10.0.0.1:80");
        return first ? java.util.Arrays.copyOf(block, 9) : java.util.Arrays.copyOfRange(block, 9, block.length);
    }

    private byte[] request() {
        return random.nextInt(5) == 0 ? headerBlock() : headerFields(":method", "CONNECT", ":authority", "10.0.0.1:80", "baggage", "k=v");
    }

    private byte[] answer() {
        return random.nextInt(5) == 0 ? headerBlock() : headerFields(":status", pick("200", "200", "200", "503", "102"), "baggage", "k=v");
    }

    /** Returns a header block with fields in any order, in any of HPACK's forms, and possibly damaged. */
    byte[] headerBlock() {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        if (random.nextInt(4) == 0) {
            out.writeBytes(new byte[] {0x3f, (byte) (1 + 32 * random.nextInt(4))}); // a table with room for a few of the smallest entries
        }
        int fields = random.nextInt(8);
        for (int i = 0; i < fields; i++) {
            switch (random.nextInt(6)) {
                case 0 -> out.write(0x80 | random.nextInt(128));
                case 1 -> out.write(0x20 | random.nextInt(32));
                case 2 -> {
                    out.write(0x40 | random.nextInt(64));
                    literal(out, pick(VALUES));
                }
                case 3 -> {
                    out.write(0x40);
                    literal(out, pick(NAMES));
                    literal(out, pick(VALUES).repeat(1 + random.nextInt(400)));
                }
                default -> out.writeBytes(headerFields(pick(NAMES), pick(VALUES)));
            }
        }
        return last = damage(out.toByteArray(), 3);
    }

    private static byte[] headerFields(String... fields) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        for (int i = 0; i < fields.length; i += 2) {
            out.write(0);
            literal(out, fields[i]);
            literal(out, fields[i + 1]);
        }
        return out.toByteArray();
    }

    private static void literal(ByteArrayOutputStream out, String text) {
        int length = text.length();
        if (length < 127) {
            out.write(length);
        } else {
            out.write(127);
            for (length -= 127; length >= 128; length >>= 7) {
                out.write(length & 127 | 128);
            }
            out.write(length);
        }
        out.writeBytes(text.getBytes(StandardCharsets.ISO_8859_1));
    }

    /** Returns one of the texts, possibly with characters changed, inserted, duplicated or removed. */
    public String text(String... like) {
        StringBuilder s = new StringBuilder(pick(like));
        for (int changes = random.nextInt(4); changes > 0; changes--) {
            int at = random.nextInt(s.length() + 1);
            char c = random.nextInt(4) == 0 ? (char) random.nextInt(0x200) : DELIMITERS.charAt(random.nextInt(DELIMITERS.length()));
            switch (random.nextInt(4)) {
                case 0 -> s.insert(at, c);
                case 1 -> s.setLength(at);
                case 2 -> s.append(s.substring(0, at));
                default -> {
                    if (at < s.length()) {
                        s.setCharAt(at, c);
                    }
                }
            }
        }
        return lastText = random.nextInt(20) == 0 ? (s.toString() + pick(",", ";", "", "-")).repeat(1 + random.nextInt(100)) : s.toString();
    }

    private byte[] damage(byte[] bytes, int rarely) {
        if (bytes.length > 0 && random.nextInt(rarely) == 0) {
            for (int i = random.nextInt(4); i >= 0; i--) {
                bytes[random.nextInt(bytes.length)] ^= (byte) (1 << random.nextInt(8));
            }
        }
        return bytes;
    }

    private byte[] settings() {
        ByteBuffer out = ByteBuffer.allocate(6 * (1 + random.nextInt(3)));
        while (out.hasRemaining()) {
            out.putShort((short) random.nextInt(9)).putInt(random.nextInt(3) == 0 ? number() : 1 << 14 + random.nextInt(8));
        }
        return out.array();
    }

    private int number() {
        return random.nextInt(5) == 0 ? random.nextInt() : NUMBERS[random.nextInt(NUMBERS.length)];
    }

    private String pick(String... of) {
        return of[random.nextInt(of.length)];
    }

    private byte[] bytes(int n) {
        byte[] bytes = new byte[n];
        random.nextBytes(bytes);
        return bytes;
    }

    private static byte[] word(int value) {
        return ByteBuffer.allocate(4).putInt(value).array();
    }

    private static byte[] concat(byte[] a, byte[] b) {
        return ByteBuffer.allocate(a.length + b.length).put(a).put(b).array();
    }

    private static byte[] frame(int type, int flags, int stream, byte[] payload) {
        ByteBuffer out = ByteBuffer.allocate(9 + payload.length);
        out.put((byte) (payload.length >> 16)).putShort((short) payload.length).put((byte) type).put((byte) flags).putInt(stream).put(payload);
        return out.array();
    }

    @Override
    public String toString() {
        return lastText.isEmpty() ? HexFormat.of().formatHex(last) : lastText;
    }
}
