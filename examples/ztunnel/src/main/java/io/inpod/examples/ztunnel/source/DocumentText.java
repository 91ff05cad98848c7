package io.inpod.examples.ztunnel.source;

import io.inpod.examples.ztunnel.config.ConfigException;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufInputStream;
import io.netty.buffer.Unpooled;
import java.io.InputStreamReader;
import java.io.Reader;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CoderResult;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/**
 * The text of a document as bytes, which take less memory than a string, and none of the heap if they are in a direct buffer. The mark that
 * some editors write at the beginning is left out.
 */
final class DocumentText {
    private static final ByteBuffer BYTE_ORDER_MARK =
            ByteBuffer.wrap(new byte[] {(byte) 0xef, (byte) 0xbb, (byte) 0xbf}).asReadOnlyBuffer();
    private static final int BUFFER = 8192;

    private final ByteBuffer bytes;
    private final int start;
    private final boolean mayBeJson;

    private DocumentText(ByteBuffer bytes) {
        this.bytes = bytes;
        int length = BYTE_ORDER_MARK.remaining();
        this.start = bytes.limit() >= length && bytes.slice(0, length).equals(BYTE_ORDER_MARK) ? length : 0;
        this.mayBeJson = firstVisible() == '{';
        if (mayBeJson) {
            replaceTabs();
        }
    }

    /**
     * Takes a text.
     *
     * @param source the source of the text, for errors
     * @param bytes its bytes, which may be changed; they remain the caller's, who releases them when the text is of no use any more
     * @return the text
     * @throws ConfigException naming source and line if it isn't UTF-8
     */
    static DocumentText of(String source, ByteBuf bytes) throws ConfigException {
        DocumentText text = new DocumentText(bytes.nioBuffer());
        text.checkUtf8(source);
        return text;
    }

    /** Returns whether it begins like an object of JSON, which may also be YAML. */
    boolean mayBeJson() {
        return mayBeJson;
    }

    /** Returns the bytes, to be read only. */
    ByteBuffer bytes() {
        return bytes.slice(start, bytes.limit() - start).asReadOnlyBuffer();
    }

    Reader reader() {
        return new InputStreamReader(new ByteBufInputStream(Unpooled.wrappedBuffer(bytes.slice(start, bytes.limit() - start))),
                StandardCharsets.UTF_8);
    }

    private int firstVisible() {
        for (int i = start; i < bytes.limit(); i++) {
            byte value = bytes.get(i);
            if (value != ' ' && value != '\t' && value != '\n' && value != '\r') {
                return value;
            }
        }
        return -1;
    }

    /** JSON may be indented with tabs, which YAML forbids; its strings can't contain them. */
    private void replaceTabs() {
        for (int i = start; i < bytes.limit(); i++) {
            if (bytes.get(i) == '\t') {
                bytes.put(i, (byte) ' ');
            }
        }
    }

    private void checkUtf8(String source) throws ConfigException {
        CharsetDecoder decoder = StandardCharsets.UTF_8.newDecoder();
        ByteBuffer in = bytes.duplicate();
        CharBuffer out = CharBuffer.allocate(BUFFER);
        CoderResult result;
        do {
            out.clear();
            result = decoder.decode(in, out, true);
        } while (result.isOverflow());
        if (result.isError()) {
            int line = 1;
            for (int i = 0; i < in.position(); i++) {
                line += bytes.get(i) == '\n' ? 1 : 0;
            }
            throw new ConfigException(source + ":" + line + ": the text isn't UTF-8: byte 0x"
                    + HexFormat.of().toHexDigits(bytes.get(in.position())));
        }
    }

    /** Returns what tells a text from others. */
    static String hash(ByteBuf bytes) {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            digest.update(bytes.nioBuffer());
            return HexFormat.of().formatHex(digest.digest(), 0, 8);
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError("every JDK has SHA-256", e);
        }
    }
}
