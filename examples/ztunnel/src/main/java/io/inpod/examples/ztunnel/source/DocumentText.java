package io.inpod.examples.ztunnel.source;

import io.inpod.examples.ztunnel.config.ConfigException;
import java.io.ByteArrayInputStream;
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

/** The text of a document as bytes, which take less memory than a string. The mark that some editors write at the beginning is left out. */
final class DocumentText {
    private static final byte[] BYTE_ORDER_MARK = {(byte) 0xef, (byte) 0xbb, (byte) 0xbf};
    private static final int BUFFER = 8192;

    private final byte[] bytes;
    private final int start;
    private final boolean mayBeJson;

    private DocumentText(byte[] bytes) {
        this.bytes = bytes;
        this.start = bytes.length >= BYTE_ORDER_MARK.length && ByteBuffer.wrap(bytes, 0, BYTE_ORDER_MARK.length)
                .equals(ByteBuffer.wrap(BYTE_ORDER_MARK)) ? BYTE_ORDER_MARK.length : 0;
        this.mayBeJson = firstVisible() == '{';
        if (mayBeJson) {
            replaceTabs();
        }
    }

    /**
     * Takes a text.
     *
     * @param source the source of the text, for errors
     * @param bytes its bytes, which belong to the result from now on
     * @return the text
     * @throws ConfigException naming source and line if it isn't UTF-8
     */
    static DocumentText of(String source, byte[] bytes) throws ConfigException {
        DocumentText text = new DocumentText(bytes);
        text.checkUtf8(source);
        return text;
    }

    /** Returns whether it begins like an object of JSON, which may also be YAML. */
    boolean mayBeJson() {
        return mayBeJson;
    }

    Reader reader() {
        return new InputStreamReader(new ByteArrayInputStream(bytes, start, bytes.length - start), StandardCharsets.UTF_8);
    }

    private int firstVisible() {
        for (int i = start; i < bytes.length; i++) {
            if (bytes[i] != ' ' && bytes[i] != '\t' && bytes[i] != '\n' && bytes[i] != '\r') {
                return bytes[i];
            }
        }
        return -1;
    }

    /** JSON may be indented with tabs, which YAML forbids; its strings can't contain them. */
    private void replaceTabs() {
        for (int i = start; i < bytes.length; i++) {
            if (bytes[i] == '\t') {
                bytes[i] = ' ';
            }
        }
    }

    private void checkUtf8(String source) throws ConfigException {
        CharsetDecoder decoder = StandardCharsets.UTF_8.newDecoder();
        ByteBuffer in = ByteBuffer.wrap(bytes);
        CharBuffer out = CharBuffer.allocate(BUFFER);
        CoderResult result;
        do {
            out.clear();
            result = decoder.decode(in, out, true);
        } while (result.isOverflow());
        if (result.isError()) {
            int line = 1;
            for (int i = 0; i < in.position(); i++) {
                line += bytes[i] == '\n' ? 1 : 0;
            }
            throw new ConfigException(source + ":" + line + ": the text isn't UTF-8: byte 0x"
                    + HexFormat.of().toHexDigits(bytes[in.position()]));
        }
    }

    /** Returns what tells a text from others. */
    static String hash(byte[] bytes) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes), 0, 8);
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError("every JDK has SHA-256", e);
        }
    }
}
