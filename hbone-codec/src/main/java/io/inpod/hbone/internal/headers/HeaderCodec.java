package io.inpod.hbone.internal.headers;

import io.inpod.hbone.Header;
import io.inpod.hbone.internal.frames.ConnectionError;
import io.netty.buffer.ByteBuf;
import io.netty.handler.codec.http2.DefaultHttp2Headers;
import io.netty.handler.codec.http2.DefaultHttp2HeadersDecoder;
import io.netty.handler.codec.http2.DefaultHttp2HeadersEncoder;
import io.netty.handler.codec.http2.Http2CodecUtil;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2Exception;
import io.netty.handler.codec.http2.Http2Headers;
import io.netty.handler.codec.http2.Http2HeadersEncoder;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * HPACK by Netty, without Netty's validation: {@link RequestRules} and {@link ResponseRules} are stricter and check the fields' order.
 */
public final class HeaderCodec implements AutoCloseable {
    private static final int TABLE_LIMIT = 4096;
    private static final int MAX_SIZES = 2;
    /** The overhead that counts for each field in addition to its characters (RFC 9113 section 6.5.2). */
    private static final int FIELD_OVERHEAD = 32;

    private final Decoder decoder;
    private final DefaultHttp2HeadersEncoder encoder = new DefaultHttp2HeadersEncoder(Http2HeadersEncoder.NEVER_SENSITIVE, false);
    /**
     * The smallest size that the peer has given our encoder's table since the last block, or -1; of many changes only the smallest and the
     * last count.
     */
    private long smallestTable = -1;
    private long lastTable;

    /** The codec of one connection; {@code maxHeaderListSize} limits what is decoded. */
    public HeaderCodec(int maxHeaderListSize) {
        this.decoder = new Decoder(maxHeaderListSize);
    }

    /** One field as received, unchecked. */
    public record Field(String name, String value) {}

    /**
     * Decodes a block.
     *
     * @return the fields, or null if the list exceeds the limit; the table is intact in both cases
     * @throws ConnectionError if the block can't be decoded
     */
    public @Nullable List<Field> decode(int stream, ByteBuf block) throws ConnectionError {
        refuseManySizes(block);
        try {
            Recorder list = (Recorder) decoder.decodeHeaders(stream, block);
            if (list.hasNothing) {
                // Malformed in any case, and a table full of such fields sends Netty's decoder into an endless loop in one of the next
                // blocks.
                throw ConnectionError.protocol("a field with neither name nor value");
            }
            return list.left < 0 ? null : list.fields;
        } catch (Http2Exception e) {
            Http2Error code = e.error() == Http2Error.ENHANCE_YOUR_CALM ? e.error() : Http2Error.COMPRESSION_ERROR;
            throw new ConnectionError(code, "header block: " + e.getMessage());
        }
    }

    /**
     * An encoder announces the smallest and the last size of its table (RFC 7541 section 4.2), no more; each makes Netty copy the whole
     * table.
     */
    private static void refuseManySizes(ByteBuf block) throws ConnectionError {
        int sizes = 0;
        for (int at = block.readerIndex(); at < block.writerIndex() && (block.getByte(at) & 0xe0) == 0x20; at++) {
            if (++sizes > MAX_SIZES) {
                throw new ConnectionError(Http2Error.COMPRESSION_ERROR, "more than " + MAX_SIZES + " sizes of the table in a header block");
            }
            if ((block.getByte(at) & 0x1f) == 0x1f) { // and the rest of the number
                do {
                    at++;
                } while (at < block.writerIndex() && block.getByte(at) < 0);
            }
        }
    }

    /** Encodes a list; pseudo-headers come first. */
    public void encode(int stream, List<Field> pseudo, List<Header> headers, ByteBuf out) throws Http2Exception {
        Http2Headers all = new DefaultHttp2Headers(false, 8);
        pseudo.forEach(f -> all.add(f.name(), f.value()));
        headers.forEach(h -> all.add(h.name(), h.value()));
        resizeTable();
        encoder.encodeHeaders(stream, all, out);
    }

    /**
     * The peer's SETTINGS_HEADER_TABLE_SIZE. The next block announces it (RFC 7541 section 4.2): Netty would write each change immediately,
     * and a peer can send any number of them.
     */
    public void peerTableSize(long size) {
        lastTable = Math.min(size, TABLE_LIMIT);
        smallestTable = smallestTable < 0 ? lastTable : Math.min(smallestTable, lastTable);
    }

    private void resizeTable() throws Http2Exception {
        if (smallestTable >= 0) {
            encoder.configuration().maxHeaderTableSize(smallestTable);
            encoder.configuration().maxHeaderTableSize(lastTable);
            smallestTable = -1;
        }
    }

    /** The peer's SETTINGS_MAX_HEADER_LIST_SIZE. */
    public void peerMaxHeaderListSize(long size) throws Http2Exception {
        encoder.configuration().maxHeaderListSize(size);
    }

    @Override
    public void close() {
        encoder.close();
    }

    /** Without a limit of Netty's, which would hide what exceeds it. */
    private static final class Decoder extends DefaultHttp2HeadersDecoder {
        private final int maxHeaderListSize;

        Decoder(int maxHeaderListSize) {
            super(false, Http2CodecUtil.MAX_HEADER_LIST_SIZE);
            this.maxHeaderListSize = maxHeaderListSize;
        }

        @Override
        protected Http2Headers newHeaders() {
            return new Recorder(maxHeaderListSize);
        }
    }

    /** Keeps the fields while the list is within the limit. */
    private static final class Recorder extends DefaultHttp2Headers {
        final List<Field> fields = new ArrayList<>();
        long left;
        boolean hasNothing;

        Recorder(int maxHeaderListSize) {
            super(false, 2); // it holds no fields itself
            left = maxHeaderListSize;
        }

        @Override
        public Http2Headers add(CharSequence name, CharSequence value) {
            left -= name.length() + value.length() + FIELD_OVERHEAD;
            hasNothing |= name.length() + value.length() == 0;
            if (left >= 0) {
                fields.add(new Field(name.toString(), value.toString()));
            }
            return this;
        }
    }
}
