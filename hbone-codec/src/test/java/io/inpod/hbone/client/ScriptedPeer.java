package io.inpod.hbone.client;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.codec.http2.DefaultHttp2HeadersDecoder;
import io.netty.handler.codec.http2.Http2Exception;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;

/**
 * A server with random behaviour: it accepts, refuses, resets, sends GOAWAY, or closes. It records the client's violations, and which
 * requests it was sent and has answered.
 */
final class ScriptedPeer extends ChannelInboundHandlerAdapter {
    private final Random dice;
    private final Map<String, Integer> asked;
    private final Map<String, Integer> lookedAt;
    private final List<String> faults;
    private final DefaultHttp2HeadersDecoder hpack = new DefaultHttp2HeadersDecoder(false);
    private final TreeMap<Integer, String> pending = new TreeMap<>();
    private final List<Integer> tunnels = new ArrayList<>();
    private final int maxStreams;
    private ChannelHandlerContext ctx;
    private ByteBuf in;
    private int preface = 24;
    private int lastStream;
    private int goAway = Integer.MAX_VALUE;

    @SuppressWarnings("NullAway.Init")
    ScriptedPeer(Random dice, Map<String, Integer> asked, Map<String, Integer> lookedAt, List<String> faults) {
        this.dice = dice;
        this.asked = asked;
        this.lookedAt = lookedAt;
        this.faults = faults;
        this.maxStreams = new int[] {1, 2, 5, 1000}[dice.nextInt(4)];
    }

    @Override
    public void channelActive(ChannelHandlerContext context) {
        ctx = context;
        in = ctx.alloc().buffer();
        if (dice.nextInt(12) == 0) {
            ctx.close();
        } else {
            send(4, 0, 0, 0, 3, 0, 0, maxStreams >> 8, maxStreams & 255);
        }
    }

    private void send(int type, int flags, int stream, int... payload) {
        ByteBuf frame = ctx.alloc().buffer().writeMedium(payload.length).writeByte(type).writeByte(flags).writeInt(stream);
        for (int b : payload) {
            frame.writeByte(b);
        }
        ctx.writeAndFlush(frame);
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) throws Http2Exception {
        ByteBuf bytes = (ByteBuf) message;
        in.writeBytes(bytes);
        bytes.release();
        int skip = Math.min(preface, in.readableBytes());
        in.skipBytes(skip);
        preface -= skip;
        while (in.readableBytes() >= 9 && in.readableBytes() >= 9 + in.getUnsignedMedium(in.readerIndex())) {
            int length = in.readUnsignedMedium();
            int type = in.readUnsignedByte();
            int flags = in.readUnsignedByte();
            int stream = in.readInt();
            frame(type, flags, stream, in.readSlice(length));
        }
    }

    private void frame(int type, int flags, int stream, ByteBuf payload) throws Http2Exception {
        switch (type) {
            case 0 -> {
                if ((flags & 1) != 0 && tunnels.remove((Object) stream)) {
                    send(0, 1, stream);
                }
            }
            case 1 -> request(stream, String.valueOf(hpack.decodeHeaders(stream, payload).get("x-id")));
            case 3 -> {
                pending.remove(stream);
                tunnels.remove((Object) stream);
            }
            case 6 -> {
                if ((flags & 1) == 0) {
                    ByteBuf answer = ctx.alloc().buffer().writeMedium(8).writeByte(6).writeByte(1).writeInt(0).writeBytes(payload);
                    ctx.writeAndFlush(answer);
                }
            }
            case 7 -> { }
            case 4, 8 -> { }
            default -> faults.add("frame of type " + type + ": " + ByteBufUtil.hexDump(payload));
        }
    }

    private void request(int stream, String id) {
        if (stream <= lastStream || stream % 2 == 0) {
            faults.add("stream " + stream + " after " + lastStream);
        }
        lastStream = stream;
        if (asked.merge(id, 1, Integer::sum) > 4) {
            faults.add(id + " was sent more than three times again");
        }
        if (stream > goAway) {
            return; // crossed our GOAWAY
        }
        if (pending.size() + tunnels.size() >= maxStreams) {
            faults.add("more than " + maxStreams + " streams");
        }
        pending.put(stream, id);
    }

    /** Performs one random action. */
    void act() {
        if (!ctx.channel().isActive() || pending.isEmpty()) {
            return;
        }
        int stream = pending.firstKey();
        String id = String.valueOf(pending.get(stream));
        switch (dice.nextInt(14)) {
            case 0 -> {
                pending.remove(stream);
                send(3, 0, stream, 0, 0, 0, 7);
            }
            case 1 -> looked(stream, id, () -> send(3, 0, stream, 0, 0, 0, 2));
            case 2 -> looked(stream, id, () -> send(1, 5, stream, 0x08, 3, '5', '0', '3'));
            case 3 -> {
                int last = pending.size() > 1 && dice.nextBoolean() ? stream : lastStream;
                if (goAway == Integer.MAX_VALUE) {
                    goAway = last;
                    pending.keySet().removeIf(s -> s > last);
                    send(7, 0, 0, 0, 0, last >> 8, last & 255, 0, 0, 0, 0);
                }
            }
            case 4 -> hangUp();
            default -> looked(stream, id, () -> {
                tunnels.add(stream);
                send(1, 4, stream, 0x88);
            });
        }
    }

    private void looked(int stream, String id, Runnable answer) {
        pending.remove(stream);
        lookedAt.merge(id, 1, Integer::sum);
        answer.run();
    }

    /** Requests that it hasn't answered may come again. */
    void hangUp() {
        pending.clear();
        ctx.close();
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
        in.release();
        context.fireChannelInactive();
    }
}
