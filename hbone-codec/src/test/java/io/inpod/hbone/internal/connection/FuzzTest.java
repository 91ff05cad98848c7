package io.inpod.hbone.internal.connection;

import static org.assertj.core.api.Assertions.assertThat;

import io.inpod.hbone.Authority;
import io.inpod.hbone.HboneEvents;
import io.inpod.hbone.HboneOptions;
import io.inpod.hbone.Header;
import io.inpod.hbone.TunnelChannel;
import io.inpod.hbone.TunnelRequest;
import io.inpod.hbone.TunnelResetException;
import io.inpod.hbone.identity.SpiffeId;
import io.inpod.hbone.internal.frames.ConnectionError;
import io.inpod.hbone.internal.headers.HeaderCodec;
import io.inpod.hbone.internal.headers.RequestRules;
import io.inpod.hbone.internal.headers.ResponseRules;
import io.inpod.hbone.internal.headers.StreamError;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.channel.socket.DuplexChannel;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Random input for all code that handles a peer's bytes, for the time set in {@link Fuzz}. Leaks fail the class, as in all these tests. */
public class FuzzTest {
    private static final SpiffeId PEER = SpiffeId.parse("spiffe://cluster.local/ns/a/sa/peer");

    /** Whatever a client sends, the server continues or sends GOAWAY, and nothing leaks. */
    @Test
    void aServerConnection() {
        Map<String, Integer> outcomes = new TreeMap<>();
        int runs = Fuzz.run(input -> {
            String[] failed = {"survived"};
            List<TunnelChannel> tunnels = new ArrayList<>();
            EmbeddedChannel channel = new EmbeddedChannel(new ServerConnection(PEER, HboneOptions.server(), new HboneEvents() {
                @Override
                public void connectionFailed(Channel connection, String reason) {
                    failed[0] = reason.replaceAll("[0-9]+", "N").replaceAll(": .*", "");
                }

                @Override
                public void handlerFailed(Channel connection, Throwable cause) {
                    throw new AssertionError(cause);
                }
            }, request -> answer(request, input, tunnels)));
            byte[] bytes = input.clientBytes();
            List<ByteBuf> pieces = new ArrayList<>();
            for (int at = 0; at < bytes.length && channel.isOpen();) {
                int n = Math.min(bytes.length - at, 1 + input.random.nextInt(input.random.nextBoolean() ? 20 : 5000));
                pieces.add(channel.alloc().directBuffer(n).writeBytes(bytes, at, n));
                channel.writeInbound(pieces.get(pieces.size() - 1));
                channel.runPendingTasks();
                at += n;
                drain(channel);
            }
            outcomes.merge(failed[0], 1, Integer::sum);
            channel.finishAndReleaseAll();
            channel.checkException();
            tunnels.forEach(Channel::close); // a tunnel that ended before its connection keeps unread input, as a socket does
            assertThat(pieces).as("released").allMatch(piece -> piece.refCnt() == 0);
        });
        assertThat(outcomes.keySet()).as(runs + " runs: " + outcomes).allMatch(o -> o.equals("survived")
                || o.matches("(PROTOCOL|FLOW_CONTROL|FRAME_SIZE|COMPRESSION)_ERROR|ENHANCE_YOUR_CALM|STREAM_CLOSED"));
        if (runs > 1000) {
            assertThat(outcomes.size()).as("no kind of end is out of reach: " + outcomes).isGreaterThan(4);
        }
    }

    public static void drain(EmbeddedChannel channel) {
        for (ByteBuf out = channel.readOutbound(); out != null; out = channel.readOutbound()) {
            out.release();
        }
    }

    private static void answer(TunnelRequest request, FuzzInput input, List<TunnelChannel> tunnels) {
        try {
            switch (input.random.nextInt(6)) {
                case 0 -> request.refuse(503);
                case 1 -> { }
                case 2 -> {
                    TunnelChannel unread = request.accept(List.of(new Header("baggage", "k=v")), new Echo());
                    unread.config().setAutoRead(false);
                    tunnels.add(unread);
                }
                case 3 -> request.accept(List.of(), new Echo()).close();
                default -> request.accept(List.of(), new Echo());
            }
        } catch (TunnelResetException e) {
            // The peer cancelled the request.
        }
    }

    public static final class Echo extends ChannelInboundHandlerAdapter {
        @Override
        public void handlerAdded(ChannelHandlerContext ctx) {
            ctx.channel().config().setOption(ChannelOption.ALLOW_HALF_CLOSURE, true);
        }

        @Override
        public void channelRead(ChannelHandlerContext ctx, Object message) {
            ctx.writeAndFlush(message);
        }

        @Override
        public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
            if (event instanceof ChannelInputShutdownEvent) {
                ((DuplexChannel) ctx.channel()).shutdownOutput();
            }
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
            assertThat(cause).isInstanceOf(java.io.IOException.class);
        }
    }

    /** Only the two documented errors are thrown, and an accepted list has the documented form. */
    @Test
    void headerBlocks() {
        Fuzz.run(input -> {
            try (HeaderCodec codec = new HeaderCodec(16 << 10)) {
                for (int i = 0; i < 5; i++) {
                    ByteBuf block = Unpooled.wrappedBuffer(input.headerBlock());
                    try {
                        List<HeaderCodec.Field> fields = codec.decode(1, block);
                        if (fields != null) { // null if it is larger than we announced
                            RequestRules.Request request = RequestRules.check(fields);
                            assertThat(request.headers().size()).isLessThanOrEqualTo(fields.size());
                            ResponseRules.check(fields);
                        }
                    } catch (StreamError e) {
                        assertThat(e.getMessage()).isNotBlank();
                    } catch (ConnectionError e) {
                        assertThat(e.getMessage()).isNotBlank();
                        return;
                    }
                }
            }
        });
    }

    /** An accepted authority is written as it was read, and is an address or a name. */
    @Test
    void authorities() {
        Fuzz.run(input -> {
            String text = input.text("10.0.0.1:80", "[fd00::1]:443", "[::ffff:10.0.0.1]:1", "name.example:65535", "a_b-c.svc.cluster.local:15008",
                    "user@h:1", "[fe80::1%eth0]:80", "1.2.3:80", "010.0.0.1:80", ":80", "x:0", "x:99999");
            try {
                Authority authority = Authority.parse(text);
                assertThat(authority.toString()).isEqualTo(text);
                assertThat(Authority.parse(authority.toString())).isEqualTo(authority);
                assertThat(authority.host()).doesNotContain("@", "%", "/", " ", "[", "]").isNotEmpty();
            } catch (IllegalArgumentException e) {
                assertThat(e.getMessage()).matches("[\\x20-\\x7e]{1,700}");
            }
        });
    }

    @Test
    void identities() {
        Fuzz.run(input -> {
            String text = input.text("spiffe://cluster.local/ns/a/sa/b", "spiffe://td/ns/x.y/sa/_z", "spiffe://cluster.local/ns/a/sa/b/", "SPIFFE://x/ns/a/sa/b",
                    "spiffe://cluster.local:80/ns/a/sa/b", "spiffe://cluster.local/ns/../sa/b", "spiffe://cluster.local/ns/a/sa/%62", "spiffe://u@x/ns/a/sa/b?q#f", "spiffe://td/region/eu/web", "spiffe://td/a//b", "spiffe://td");
            SpiffeId strict = identity(text, SpiffeId::parse, "spiffe://[a-z0-9._-]+/ns/[A-Za-z0-9._-]+/sa/[A-Za-z0-9._-]+");
            SpiffeId any = identity(text, SpiffeId::parseAnyPath, "spiffe://[a-z0-9._-]+(/[A-Za-z0-9._-]+)+");
            assertThat(any != null && any.isIstio() ? any : null).as("accepted by both").isEqualTo(strict);
            if (strict != null) {
                assertThat(new SpiffeId(strict.trustDomain(), strict.namespace(), strict.serviceAccount())).isEqualTo(any);
            }
        });
    }

    private static @Nullable SpiffeId identity(String text, Function<String, SpiffeId> parse, String form) {
        try {
            SpiffeId id = parse.apply(text);
            assertThat(id.toString()).isEqualTo(text).matches(form);
            assertThat(text.substring("spiffe://".length()) + '/').as("its path").doesNotContain("/../", "/./");
            return id;
        } catch (IllegalArgumentException e) {
            assertThat(e.getMessage()).matches("[\\x20-\\x7e]{1,700}");
            return null;
        }
    }

    @Test
    void headers() {
        Fuzz.run(input -> {
            String name = input.text("baggage", "forwarded", "te", "Connection", ":path", "x");
            String value = input.text("k=v", "trailers", " lead", "a\r\nb: c", "", "for=\"1.2.3.4:5\"");
            try {
                Header header = new Header(name, value);
                assertThat(header.name()).doesNotStartWith(":").isEqualTo(name.toLowerCase(java.util.Locale.ROOT));
                assertThat(value.getBytes(StandardCharsets.ISO_8859_1)).doesNotContain(0, '\r', '\n');
            } catch (IllegalArgumentException e) {
                assertThat(e.getMessage()).isNotBlank();
            }
        });
    }

    @Test
    void theGeneratorIsWorthItsTime() {
        // The generator must produce enough requests that a server accepts; otherwise the fuzzing above doesn't get past the surface.
        int accepted = 0;
        for (int seed = 0; seed < 200; seed++) {
            FuzzInput input = new FuzzInput(seed);
            int[] requests = {0};
            EmbeddedChannel channel = new EmbeddedChannel(new ServerConnection(PEER, HboneOptions.server(), HboneEvents.NONE, request -> requests[0]++));
            channel.writeInbound(Unpooled.wrappedBuffer(input.clientBytes()));
            channel.runPendingTasks();
            channel.finishAndReleaseAll();
            accepted += requests[0] > 0 ? 1 : 0;
        }
        assertThat(accepted).as("of 200 " + HexFormat.of().formatHex(new FuzzInput(0).clientBytes())).isGreaterThan(50);
    }
}
