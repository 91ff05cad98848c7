package io.inpod.hbone.internal;

import io.inpod.hbone.Header;
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

/** HPACK by Netty, without its validation: {@link RequestRules} and {@link ResponseRules} are stricter and see the order. */
final class HeaderCodec implements AutoCloseable {
    private static final int TABLE_LIMIT = 4096;
    private static final int MAX_SIZES = 2;
    /** What a field counts beyond its characters (RFC 9113 section 6.5.2). */
    private static final int FIELD_OVERHEAD = 32;

    private final Decoder decoder;
    private final DefaultHttp2HeadersEncoder encoder = new DefaultHttp2HeadersEncoder(Http2HeadersEncoder.NEVER_SENSITIVE, false);
    /** What the peer has made of our table's size since the last block, or -1: of many changes only the smallest and the last one count. */
    private long smallestTable = -1;
    private long lastTable;

    HeaderCodec(int maxHeaderListSize) {
        this.decoder = new Decoder(maxHeaderListSize);
    }

    /** One field as it came: not checked. */
    record Field(String name, String value) { }

    /**
     * Decodes a block.
     *
     * @return null if the list is larger than we said; the table is intact
     * @throws ConnectionError if the block can't be decoded
     */
    @Nullable List<Field> decode(int stream, ByteBuf block) throws ConnectionError {
        refuseManySizes(block);
        try {
            Recorder list = (Recorder) decoder.decodeHeaders(stream, block);
            if (list.hasNothing) {
                // Malformed anyway, and a table full of such fields makes Netty's decoder run in circles at one of the next blocks.
                throw ConnectionError.protocol("a field with neither name nor value");
            }
            return list.left < 0 ? null : list.fields;
        } catch (Http2Exception e) {
            Http2Error code = e.error() == Http2Error.ENHANCE_YOUR_CALM ? e.error() : Http2Error.COMPRESSION_ERROR;
            throw new ConnectionError(code, "header block: " + e.getMessage());
        }
    }

    /** An encoder has to tell the smallest and the last size of its table (RFC 7541 section 4.2); each makes Netty copy the whole table. */
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

    void encode(int stream, List<Field> pseudo, List<Header> headers, ByteBuf out) throws Http2Exception {
        Http2Headers all = new DefaultHttp2Headers(false, 8);
        pseudo.forEach(f -> all.add(f.name(), f.value()));
        headers.forEach(h -> all.add(h.name(), h.value()));
        resizeTable();
        encoder.encodeHeaders(stream, all, out);
    }

    /** Told at the next block (RFC 7541 section 4.2): Netty would write down each change at once, and a peer can make as many as it likes. */
    void peerTableSize(long size) {
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

    void peerMaxHeaderListSize(long size) throws Http2Exception {
        encoder.configuration().maxHeaderListSize(size);
    }

    @Override
    public void close() {
        encoder.close();
    }

    /** Netty limits nothing here: what exceeds its limit it wouldn't show us. */
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

    /** Keeps the fields of a list that is no larger than allowed. */
    private static final class Recorder extends DefaultHttp2Headers {
        final List<Field> fields = new ArrayList<>();
        long left;
        boolean hasNothing;

        Recorder(int maxHeaderListSize) {
            super(false, 2); // it holds none itself
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
