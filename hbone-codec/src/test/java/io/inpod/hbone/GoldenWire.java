package io.inpod.hbone;

import io.netty.buffer.Unpooled;
import io.netty.handler.codec.http2.DefaultHttp2HeadersDecoder;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2Exception;
import io.netty.handler.codec.http2.Http2Headers;
import java.io.EOFException;
import java.io.IOException;
import java.net.SocketException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/** A raw connection that records what the library sends on it. */
final class GoldenWire {
    private final RawPeer peer;
    private final DefaultHttp2HeadersDecoder decoder = new DefaultHttp2HeadersDecoder(false);
    private long barriers = 0x5000;
    private boolean closed;
    final List<String> said = new ArrayList<>();
    final List<List<String>> headers = new ArrayList<>();
    int dataBytes;

    GoldenWire(RawPeer peer) {
        this.peer = peer;
    }

    boolean closed() {
        return closed;
    }

    /** Reads until the library has reacted to everything sent so far: three PINGs and their replies mean three turns of its loop. */
    void barrier() throws IOException {
        for (int i = 0; i < 3 && !closed; i++) {
            long payload = ++barriers;
            try {
                peer.send(6, 0, 0, ByteBuffer.allocate(8).putLong(payload).array());
            } catch (SocketException e) {
                // The connection is closed; earlier frames can still be read.
            }
            RawPeer.Frame frame;
            do {
                frame = next();
            } while (frame != null && !(frame.type() == 6 && frame.flags() == 1 && ByteBuffer.wrap(frame.payload()).getLong() == payload));
        }
    }

    /** Reads until a text has been recorded {@code count} times. */
    void await(String text, int count) throws IOException {
        while (!closed && said.stream().filter(text::equals).count() < count) {
            next();
        }
    }

    private RawPeer.Frame next() throws IOException {
        try {
            RawPeer.Frame frame = peer.read();
            note(frame);
            return frame;
        } catch (EOFException | SocketException | javax.net.ssl.SSLException e) {
            closed = true;
            return null;
        }
    }

    private void note(RawPeer.Frame frame) throws IOException {
        String end = (frame.type() == 0 || frame.type() == 1) && (frame.flags() & 1) != 0 ? " END" : "";
        switch (frame.type()) {
            case 0 -> {
                dataBytes += frame.payload().length;
                Goldens.add(said, "DATA" + end);
            }
            case 1 -> said.add(decode(frame) + end);
            case 3 -> said.add("RST " + name(frame.code()));
            case 4, 8 -> { }
            case 6 -> {
                long payload = ByteBuffer.wrap(frame.payload()).getLong();
                if (payload < 0x5000 || payload > 0x6000) {
                    said.add(frame.flags() == 1 ? "PING ACK" : "PING");
                }
            }
            case 7 -> said.add("GOAWAY " + name(frame.code()) + " " + (ByteBuffer.wrap(frame.payload()).getInt() & 0x7fff_ffff));
            default -> said.add("type " + frame.type());
        }
    }

    private String decode(RawPeer.Frame frame) throws IOException {
        try {
            Http2Headers decoded = decoder.decodeHeaders(frame.stream(), Unpooled.wrappedBuffer(frame.payload()));
            List<String> all = new ArrayList<>();
            decoded.forEach(h -> all.add(h.getKey() + ": " + h.getValue()));
            headers.add(all);
            return decoded.status() == null ? "CONNECT" : "HEADERS " + decoded.status();
        } catch (Http2Exception e) {
            throw new IOException(e);
        }
    }

    private static String name(int code) {
        return String.valueOf(Http2Error.valueOf(code & 0xffff_ffffL));
    }
}
