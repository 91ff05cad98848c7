package io.inpod.hbone.internal.connection;

import static org.assertj.core.api.Assertions.assertThat;

import io.inpod.hbone.HboneEvents;
import io.inpod.hbone.HboneOptions;
import io.inpod.hbone.TunnelChannel;
import io.inpod.hbone.TunnelResetException;
import io.inpod.hbone.identity.SpiffeId;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.embedded.EmbeddedChannel;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The times and the steps in which credit is returned to the sender. */
class CreditTest {
    private static final SpiffeId PEER = SpiffeId.parse("spiffe://cluster.local/ns/a/sa/peer");
    private static final int STREAM_WINDOW = 1 << 20;
    private static final int CONNECTION_WINDOW = 1 << 22;
    private static final int DATA = 1 << 14;

    private final List<TunnelChannel> tunnels = new ArrayList<>();
    private final EmbeddedChannel channel = new EmbeddedChannel(new ServerConnection(PEER,
            HboneOptions.server().withWindows(STREAM_WINDOW, CONNECTION_WINDOW), HboneEvents.NONE, request -> {
                try {
                    tunnels.add(request.accept(List.of(), new Unread()));
                } catch (TunnelResetException e) {
                    throw new IllegalStateException(e);
                }
            }));

    private static final class Unread extends ChannelInboundHandlerAdapter {
        @Override
        public void handlerAdded(ChannelHandlerContext ctx) {
            ctx.channel().config().setAutoRead(false);
        }

        @Override
        public void channelRead(ChannelHandlerContext ctx, Object message) {
            ((ByteBuf) message).release();
        }
    }

    private void receive(int type, int flags, int stream, byte[] payload) {
        ByteBuf frame = channel.alloc().directBuffer().writeMedium(payload.length).writeByte(type).writeByte(flags).writeInt(stream).writeBytes(payload);
        channel.writeInbound(frame);
        channel.runPendingTasks();
    }

    private void open(int stream) {
        receive(1, 4, stream, "\0\7:method\7CONNECT\0\12:authority\13".concat("10.0.0.1:80").getBytes(StandardCharsets.ISO_8859_1));
    }

    /** Returns the WINDOW_UPDATEs sent since the last call, as "stream+increment". */
    private List<String> credit() {
        ByteBuf all = Unpooled.buffer();
        for (ByteBuf out = channel.readOutbound(); out != null; out = channel.readOutbound()) {
            all.writeBytes(out);
            out.release();
        }
        List<String> updates = new ArrayList<>();
        while (all.isReadable()) {
            int length = all.readUnsignedMedium();
            int type = all.readUnsignedByte();
            all.skipBytes(1);
            int stream = all.readInt();
            ByteBuf payload = all.readSlice(length);
            if (type == 8) {
                updates.add(stream + "+" + payload.readInt());
            }
        }
        return updates;
    }

    @Test
    void theConnectionsOnArrivalAndTheTunnelsWhenItIsReadInQuarters() {
        channel.writeInbound(Unpooled.copiedBuffer("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", StandardCharsets.US_ASCII));
        receive(4, 0, 0, new byte[0]);
        open(1);
        open(3);
        assertThat(credit()).containsExactly("0+" + (CONNECTION_WINDOW - 65_535));
        int sent = 0;
        for (; sent < CONNECTION_WINDOW / 4 - DATA; sent += DATA) {
            receive(0, 0, sent < STREAM_WINDOW / 2 ? 1 : 3, new byte[DATA]);
        }
        assertThat(credit()).as("less than a quarter of the connection's window has arrived").isEmpty();
        receive(0, 0, 3, new byte[DATA]);
        assertThat(credit()).as("unread, but arrived").containsExactly("0+" + CONNECTION_WINDOW / 4);
        tunnels.get(0).config().setAutoRead(true);
        channel.runPendingTasks();
        assertThat(credit()).as("read").containsExactly("1+" + STREAM_WINDOW / 4, "1+" + STREAM_WINDOW / 4);
        tunnels.get(1).config().setAutoRead(true);
        channel.runPendingTasks();
        assertThat(credit()).containsExactly("3+" + STREAM_WINDOW / 4, "3+" + STREAM_WINDOW / 4);
        channel.finishAndReleaseAll();
        channel.checkException();
    }
}
