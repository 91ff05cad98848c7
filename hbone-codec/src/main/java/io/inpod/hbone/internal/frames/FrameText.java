package io.inpod.hbone.internal.frames;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.handler.codec.http2.DefaultHttp2HeadersDecoder;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2Exception;
import io.netty.handler.codec.http2.Http2Headers;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Consumer;

/** Prints the frames of one direction. Decodes what it can and never fails, as it serves to debug broken connections. */
final class FrameText {
    private static final String[] TYPES = {"DATA", "HEADERS", "PRIORITY", "RST_STREAM", "SETTINGS", "PUSH_PROMISE", "PING", "GOAWAY",
        "WINDOW_UPDATE", "CONTINUATION"};
    private static final String[] SETTINGS =
            {"UNKNOWN", "SETTINGS_HEADER_TABLE_SIZE", "SETTINGS_ENABLE_PUSH", "SETTINGS_MAX_CONCURRENT_STREAMS",
                "SETTINGS_INITIAL_WINDOW_SIZE", "SETTINGS_MAX_FRAME_SIZE", "SETTINGS_MAX_HEADER_LIST_SIZE", "UNKNOWN",
                "SETTINGS_ENABLE_CONNECT_PROTOCOL"};
    private static final String INDENT = " ".repeat(10);

    private final String direction;
    private final Consumer<String> out;
    private final DefaultHttp2HeadersDecoder hpack = new DefaultHttp2HeadersDecoder(false, 1 << 20);
    private final ByteBuf buffer = Unpooled.buffer();
    private final ByteBuf block = Unpooled.buffer();
    private int preface;
    private int skip;

    FrameText(String direction, boolean expectPreface, Consumer<String> out) {
        this.direction = direction;
        this.out = out;
        this.preface = expectPreface ? Frames.prefaceLength() : 0;
    }

    void bytes(ByteBuf in) {
        int n = Math.min(preface, in.readableBytes());
        preface -= n;
        in.skipBytes(n);
        while (in.isReadable()) {
            n = Math.min(skip, in.readableBytes());
            skip -= n;
            in.skipBytes(n);
            if (!in.isReadable()) {
                return;
            }
            int needed = Frames.HEADER_LENGTH + (buffer.readableBytes() < Frames.HEADER_LENGTH ? 0 : body());
            n = Math.min(needed - buffer.readableBytes(), in.readableBytes());
            buffer.writeBytes(in, n);
            if (buffer.readableBytes() >= Frames.HEADER_LENGTH && buffer.readableBytes() == Frames.HEADER_LENGTH + body()) {
                frame();
                buffer.clear();
            }
        }
    }

    void release() {
        buffer.release();
        block.release();
    }

    /** How many bytes of the payload are printed: none of DATA. */
    private int body() {
        return buffer.getByte(3) == Frames.DATA ? 0 : buffer.getUnsignedMedium(0);
    }

    private void frame() {
        int length = buffer.readUnsignedMedium();
        int type = buffer.readUnsignedByte();
        int flags = buffer.readUnsignedByte();
        int stream = buffer.readInt() & 0x7fff_ffff;
        if (type == Frames.DATA) {
            skip = length;
        }
        List<String> details = new ArrayList<>();
        try {
            details(type, flags, stream, details);
        } catch (IndexOutOfBoundsException e) {
            details.add("; too short");
        }
        String name = type < TYPES.length ? TYPES[type] : String.format(Locale.ROOT, "UNKNOWN(0x%02x)", type);
        out.accept(
                String.format(Locale.ROOT, "%s %s frame <length=%d, flags=0x%02x, stream_id=%d>", direction, name, length, flags, stream));
        details.forEach(line -> out.accept(INDENT + line));
    }

    private void details(int type, int flags, int stream, List<String> lines) {
        String names = flagNames(type, flags);
        if (!names.isEmpty()) {
            lines.add("; " + names);
        }
        switch (type) {
            case Frames.HEADERS, Frames.CONTINUATION -> headers(type, flags, stream, lines);
            case Frames.PRIORITY -> priority(lines, "");
            case Frames.RST_STREAM -> lines.add("(error_code=" + code(buffer.readUnsignedInt()) + ")");
            case Frames.SETTINGS -> settings(lines);
            case Frames.PING -> lines.add("(opaque_data=" + ByteBufUtil.hexDump(buffer) + ")");
            case Frames.GOAWAY -> {
                int last = buffer.readInt() & 0x7fff_ffff;
                String code = code(buffer.readUnsignedInt());
                StringBuilder text = new StringBuilder();
                int n = buffer.readableBytes();
                while (buffer.isReadable()) {
                    int c = buffer.readUnsignedByte();
                    text.append(c >= ' ' && c < 127 ? (char) c : '.');
                }
                lines.add("(last_stream_id=" + last + ", error_code=" + code + ", opaque_data(" + n + ")=[" + text + "])");
            }
            case Frames.WINDOW_UPDATE -> lines.add("(window_size_increment=" + (buffer.readInt() & 0x7fff_ffff) + ")");
            default -> {}
        }
    }

    private void settings(List<String> lines) {
        lines.add("(niv=" + buffer.readableBytes() / 6 + ")");
        while (buffer.readableBytes() >= 6) {
            int id = buffer.readUnsignedShort();
            lines.add(String.format(Locale.ROOT, "[%s(0x%02x):%d]", id < SETTINGS.length ? SETTINGS[id] : "UNKNOWN", id,
                    buffer.readUnsignedInt()));
        }
    }

    private void priority(List<String> lines, String before) {
        int dependency = buffer.readInt();
        lines.add("(" + before + "dep_stream_id=" + (dependency & 0x7fff_ffff) + ", weight=" + (buffer.readUnsignedByte() + 1)
                + ", exclusive="
                + (dependency < 0 ? 1 : 0) + ")");
    }

    private void headers(int type, int flags, int stream, List<String> lines) {
        if (type == Frames.HEADERS) {
            block.clear();
            int pad = (flags & Frames.PADDED) == 0 ? 0 : buffer.readUnsignedByte();
            if ((flags & Frames.PRIORITY_FLAG) != 0) {
                priority(lines, "padlen=" + pad + ", ");
            } else {
                lines.add("(padlen=" + pad + ")");
            }
            buffer.writerIndex(buffer.writerIndex() - Math.min(pad, buffer.readableBytes()));
        }
        block.writeBytes(buffer);
        if ((flags & Frames.END_HEADERS) != 0) {
            try {
                Http2Headers decoded = hpack.decodeHeaders(stream, block);
                for (Map.Entry<CharSequence, CharSequence> field : decoded) {
                    String line = field.getKey() + ": " + field.getValue().toString().replaceAll("[^\\x20-\\x7e]", "?");
                    if (direction.equals("recv")) {
                        out.accept("recv (stream_id=" + stream + ") " + line);
                    } else {
                        lines.add(line);
                    }
                }
            } catch (Http2Exception | RuntimeException e) {
                lines.add("; can't be decoded: " + e.getMessage());
            }
        }
    }

    private static String flagNames(int type, int flags) {
        List<String> names = new ArrayList<>();
        if ((flags & Frames.ACK) != 0 && (type == Frames.SETTINGS || type == Frames.PING)) {
            names.add("ACK");
        }
        if ((flags & Frames.END_STREAM) != 0 && (type == Frames.DATA || type == Frames.HEADERS)) {
            names.add("END_STREAM");
        }
        if ((flags & Frames.END_HEADERS) != 0 && (type == Frames.HEADERS || type == Frames.CONTINUATION)) {
            names.add("END_HEADERS");
        }
        if ((flags & Frames.PADDED) != 0 && (type == Frames.DATA || type == Frames.HEADERS)) {
            names.add("PADDED");
        }
        if ((flags & Frames.PRIORITY_FLAG) != 0 && type == Frames.HEADERS) {
            names.add("PRIORITY");
        }
        return String.join(" | ", names);
    }

    private static String code(long code) {
        Http2Error known = Http2Error.valueOf(code);
        return String.format(Locale.ROOT, "%s(0x%02x)", known == null ? "unknown" : known.name(), code);
    }
}
