package io.inpod.hbone.internal.connection;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import io.inpod.hbone.HboneEvents;
import io.inpod.hbone.HboneFlightRecorder;
import io.inpod.hbone.HboneLimits;
import io.inpod.hbone.HboneOptions;
import io.inpod.hbone.TunnelResetException;
import io.inpod.hbone.identity.SpiffeId;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.channel.socket.DuplexChannel;
import java.io.ByteArrayOutputStream;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The cost of events, in bytes that the event loop's thread allocates; these can be counted exactly on any machine. */
class EventsCostTest {
    private static final SpiffeId PEER = SpiffeId.parse("spiffe://cluster.local/ns/a/sa/peer");
    private static final byte[] PREFACE = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".getBytes(StandardCharsets.US_ASCII);
    private static final byte[] REQUEST = "\0\7:method\7CONNECT\0\12:authority\13".getBytes(StandardCharsets.ISO_8859_1);
    private static final int ROUNDS = 20;
    private static final int REQUESTS = 100;
    private static final int FRAMES = 20;

    private static byte[] frame(int type, int flags, int stream, byte[] payload) {
        return ByteBuffer.allocate(9 + payload.length).put((byte) 0).putShort((short) payload.length).put((byte) type).put((byte) flags).putInt(stream)
                .put(payload).array();
    }

    /** Returns the bytes allocated per request with its frames, the minimum of several rounds. */
    private static long allocated(HboneEvents events, int dataFrames) {
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        HboneOptions options = HboneOptions.server().with(HboneLimits.server().withControlFrames(1_000_000));
        EmbeddedChannel channel = new EmbeddedChannel(new ServerConnection(PEER, options, events, request -> {
            try {
                request.accept(List.of(), new Sink());
            } catch (TunnelResetException e) {
                throw new IllegalStateException(e);
            }
        }));
        channel.writeInbound(Unpooled.wrappedBuffer(PREFACE, frame(4, 0, 0, new byte[0])));
        channel.runPendingTasks();
        long least = Long.MAX_VALUE;
        int id = 1;
        for (int round = 0; round < ROUNDS; round++) {
            ByteBuf[] requests = new ByteBuf[REQUESTS];
            for (int i = 0; i < REQUESTS; i++, id += 2) {
                requests[i] = Unpooled.wrappedBuffer(request(id, dataFrames));
            }
            long before = threads.getCurrentThreadAllocatedBytes();
            for (ByteBuf request : requests) {
                channel.writeInbound(request);
                channel.runPendingTasks();
                FuzzTest.drain(channel);
            }
            least = Math.min(least, (threads.getCurrentThreadAllocatedBytes() - before) / REQUESTS);
        }
        channel.finishAndReleaseAll();
        channel.checkException();
        return least;
    }

    private static byte[] request(int id, int dataFrames) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.writeBytes(frame(1, 4, id, (new String(REQUEST, StandardCharsets.ISO_8859_1) + "10.0.0.1:80").getBytes(StandardCharsets.ISO_8859_1)));
        for (int i = 0; i < dataFrames; i++) {
            out.writeBytes(frame(0, 0, id, new byte[3000]));
        }
        out.writeBytes(frame(0, 1, id, new byte[0]));
        return out.toByteArray();
    }

    /** Without the optimising compiler, which leaves out allocations sooner or later, so that the figures don't vary. */
    @Test
    void nothingForDataAndHardlyAnythingForATunnel() throws Exception {
        Process process = new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-XX:TieredStopAtLevel=1",
                "-Dio.netty.leakDetection.level=disabled", "-cp", System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")),
                Measured.class.getName()).redirectError(ProcessBuilder.Redirect.INHERIT).start();
        String line = new String(process.getInputStream().readAllBytes(), StandardCharsets.US_ASCII).strip();
        assertThat(process.waitFor()).isZero();
        long[] bytes = Stream.of(line.split(" ")).mapToLong(Long::parseLong).toArray();
        String all = "per tunnel " + bytes[0] + ", " + bytes[1] + " with a listener, " + bytes[2] + " with a recorder that doesn't record; for " + FRAMES
                + " frames of DATA " + bytes[3] + ", " + bytes[4] + " with a listener";
        System.out.println(all);
        assertThat(bytes[1] - bytes[0]).as(all).isBetween(0L, 256L);
        assertThat(bytes[2] - bytes[0]).as(all).isBetween(0L, 512L);
        assertThat((bytes[4] - bytes[3]) / FRAMES).as(all).isBetween(-8L, 8L);
    }

    /** Prints the bytes of a tunnel without a listener, with one, with a recorder, and those of its data without a listener and with one. */
    static final class Measured {
        private Measured() {}

        public static void main(String[] arguments) {
            HboneEvents listener = new HboneEvents() { };
            long none = allocated(HboneEvents.NONE, 0);
            long listened = allocated(listener, 0);
            System.out.println(none + " " + listened + " " + allocated(new HboneFlightRecorder(HboneEvents.NONE), 0) + " "
                    + (allocated(HboneEvents.NONE, FRAMES) - none) + " " + (allocated(listener, FRAMES) - listened));
        }
    }

    private static final class Sink extends ChannelInboundHandlerAdapter {
        @Override
        public void handlerAdded(ChannelHandlerContext ctx) {
            ctx.channel().config().setOption(ChannelOption.ALLOW_HALF_CLOSURE, true);
        }

        @Override
        public void channelRead(ChannelHandlerContext ctx, Object message) {
            ((ByteBuf) message).release();
        }

        @Override
        public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
            if (event instanceof ChannelInputShutdownEvent) {
                ((DuplexChannel) ctx.channel()).shutdownOutput();
            }
        }
    }
}
