package io.inpod.hbone.internal.headers;

import io.inpod.hbone.Forwarded;
import io.inpod.hbone.Header;
import io.inpod.hbone.TraceParent;
import io.inpod.hbone.internal.frames.ConnectionError;
import io.netty.buffer.ByteBuf;
import io.netty.handler.codec.http2.DefaultHttp2Headers;
import io.netty.handler.codec.http2.DefaultHttp2HeadersDecoder;
import io.netty.handler.codec.http2.DefaultHttp2HeadersEncoder;
import io.netty.handler.codec.http2.Http2CodecUtil;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2Exception;
import io.netty.handler.codec.http2.Http2Headers;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * HPACK by Netty, without Netty's validation: {@link RequestRules} and {@link ResponseRules} are stricter and check the fields' order.
 */
public final class HeaderCodec implements AutoCloseable {
    private static final int TABLE_LIMIT = 4096;
    private static final int MAX_SIZES = 2;
    /** The overhead that counts for each field in addition to its characters (RFC 9113 section 6.5.2). */
    private static final int FIELD_OVERHEAD = 32;
    private static final int USUAL_FIELDS = 6;

    /** Headers that differ in each request: in a table they would only push out what comes again. */
    private static final Set<String> OF_ONE_REQUEST = Set.of(Forwarded.NAME, TraceParent.NAME);

    private final Decoder decoder;
    private final Outgoing outgoing = new Outgoing();
    private final DefaultHttp2HeadersEncoder encoder = new DefaultHttp2HeadersEncoder((name, value) -> isOnlyNamed(name), false);
    /** The names of the former that the table has, with the values that they had first. */
    private final Set<String> named = new HashSet<>();
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

    /** Whether the table gets no entry: it has the name already, and the value won't come again. */
    private boolean isOnlyNamed(CharSequence field) {
        String name = field.toString();
        return OF_ONE_REQUEST.contains(name) && !named.add(name);
    }

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
            List<Field> fields = list.take();
            if (list.hasNothing) {
                // Malformed in any case, and a table full of such fields sends Netty's decoder into an endless loop in one of the next
                // blocks.
                throw ConnectionError.protocol("a field with neither name nor value");
            }
            return list.left < 0 ? null : fields;
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
        resizeTable();
        outgoing.set(pseudo, headers);
        encoder.encodeHeaders(stream, outgoing, out);
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
            named.clear(); // the table may have lost them
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
        private final Recorder recorder;

        Decoder(int maxHeaderListSize) {
            super(false, Http2CodecUtil.MAX_HEADER_LIST_SIZE);
            this.recorder = new Recorder(maxHeaderListSize);
        }

        /** One block is decoded at a time. */
        @Override
        protected Http2Headers newHeaders() {
            recorder.begin();
            return recorder;
        }
    }

    /** Keeps the fields of one block after another, while each list is within the limit. */
    private static final class Recorder extends DefaultHttp2Headers {
        private final int maxHeaderListSize;
        private List<Field> fields = List.of();
        long left;
        boolean hasNothing;

        Recorder(int maxHeaderListSize) {
            super(false, 2); // it holds no fields itself
            this.maxHeaderListSize = maxHeaderListSize;
        }

        void begin() {
            fields = new ArrayList<>(USUAL_FIELDS);
            left = maxHeaderListSize;
            hasNothing = false;
        }

        /** Returns the fields, and forgets them. */
        List<Field> take() {
            List<Field> taken = fields;
            fields = List.of();
            return taken;
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

    /** One list after another, for Netty's encoder, which only iterates, and is done with a list before the next. */
    private static final class Outgoing extends DefaultHttp2Headers {
        private final Cursor cursor = new Cursor();

        Outgoing() {
            super(false, 2); // it holds no fields itself
        }

        void set(List<Field> first, List<Header> others) {
            cursor.pseudo = first;
            cursor.headers = others;
        }

        @Override
        public Iterator<Map.Entry<CharSequence, CharSequence>> iterator() {
            cursor.next = 0;
            return cursor;
        }
    }

    /** Over one entry at a time, itself. */
    private static final class Cursor implements Iterator<Map.Entry<CharSequence, CharSequence>>, Map.Entry<CharSequence, CharSequence> {
        private List<Field> pseudo = List.of();
        private List<Header> headers = List.of();
        private int next;

        @Override
        public boolean hasNext() {
            return next < pseudo.size() + headers.size();
        }

        @Override
        public Map.Entry<CharSequence, CharSequence> next() {
            next++;
            return this;
        }

        private int at() {
            return next - 1;
        }

        @Override
        public CharSequence getKey() {
            return at() < pseudo.size() ? pseudo.get(at()).name() : headers.get(at() - pseudo.size()).name();
        }

        @Override
        public CharSequence getValue() {
            return at() < pseudo.size() ? pseudo.get(at()).value() : headers.get(at() - pseudo.size()).value();
        }

        @Override
        public CharSequence setValue(CharSequence value) {
            throw new UnsupportedOperationException();
        }
    }
}
