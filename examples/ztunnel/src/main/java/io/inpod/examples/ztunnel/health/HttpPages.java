package io.inpod.examples.ztunnel.health;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.handler.codec.http.DefaultHttpResponse;
import io.netty.handler.codec.http.HttpChunkedInput;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpObject;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.handler.codec.http.QueryStringDecoder;
import io.netty.handler.stream.ChunkedStream;
import io.netty.handler.stream.ChunkedWriteHandler;
import io.netty.handler.timeout.ReadTimeoutHandler;
import io.netty.handler.timeout.WriteTimeoutHandler;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Answers {@code GET} for a few paths over HTTP/1.1, one request per connection, on an event loop of the proxy: if the loops hang, it
 * doesn't answer either. It has {@linkplain FewConnections few connections}, because the event loop's time is the pods', and keeps few
 * {@linkplain UnreadAnswers answers that nobody reads}.
 */
public final class HttpPages implements AutoCloseable {
    private static final int BACKLOG = 64;
    private static final int LONGEST_REQUEST_SECONDS = 2;
    /** As long as Prometheus waits if it isn't told otherwise. */
    private static final int LONGEST_WRITE_SECONDS = 10;
    private static final int PIECE = 16 << 10;
    private static final int LONGEST_LINE = 1024;
    private static final int LONGEST_HEADERS = 8192;

    private final Map<String, Function<HttpHeaders, Answer>> pages;
    private final FewConnections open = new FewConnections(0);
    private final UnreadAnswers unread = new UnreadAnswers();
    private final Channel listener;

    /**
     * An answer.
     *
     * @param status the status code
     * @param contentType what the body is
     * @param encoding how it is compressed, or null if it isn't
     * @param body the body
     */
    @SuppressWarnings("ArrayRecordComponent") // nobody compares answers
    public record Answer(int status, String contentType, @Nullable String encoding, byte[] body) {
        static Answer text(int status, String body) {
            return new Answer(status, "text/plain; charset=utf-8", null, body.getBytes(StandardCharsets.UTF_8));
        }
    }

    private HttpPages(EventLoopGroup loops, InetSocketAddress address, Map<String, Function<HttpHeaders, Answer>> pages)
            throws IOException {
        this.pages = Map.copyOf(pages);
        EventLoopGroup loop = loops.next();
        ChannelFuture bound = new ServerBootstrap().group(loop).channelFactory(EpollServerSocketChannel::new)
                .option(ChannelOption.SO_BACKLOG, BACKLOG)
                .childHandler(new ChannelInitializer<>() {
                    @Override
                    protected void initChannel(Channel connection) {
                        accepted(connection);
                    }
                }).bind(address).awaitUninterruptibly();
        if (!bound.isSuccess()) {
            throw new IOException("can't listen on port " + address.getPort() + ": " + bound.cause().getMessage(), bound.cause());
        }
        listener = bound.channel();
    }

    /**
     * Begins to answer, in this thread's network namespace. Blocks until the port is bound.
     *
     * @param loops one of its event loops answers
     * @param address where
     * @param pages what is answered, by path; given the headers of the request; called on the event loop, so they must not block
     * @return the server, to be closed
     * @throws IOException if the address can't be used
     */
    public static HttpPages open(EventLoopGroup loops, InetSocketAddress address, Map<String, Function<HttpHeaders, Answer>> pages)
            throws IOException {
        return new HttpPages(loops, address, pages);
    }

    /**
     * Returns the address for a port that is open to everybody.
     *
     * @param ipv6 whether it is open for IPv6 too
     * @param port its number
     * @return the address
     */
    public static InetSocketAddress everywhere(boolean ipv6, int port) {
        return new InetSocketAddress(ipv6 ? "::" : "0.0.0.0", port);
    }

    /** {@return the port at which it answers} */
    public int port() {
        return ((InetSocketAddress) listener.localAddress()).getPort();
    }

    private void accepted(Channel connection) {
        open.add(connection);
        ReadTimeoutHandler patience = new ReadTimeoutHandler(LONGEST_REQUEST_SECONDS, TimeUnit.SECONDS);
        connection.pipeline().addLast(patience, new WriteTimeoutHandler(LONGEST_WRITE_SECONDS, TimeUnit.SECONDS),
                new HttpServerCodec(LONGEST_LINE, LONGEST_HEADERS, LONGEST_HEADERS), new ChunkedWriteHandler(), new Requests(patience));
    }

    private final class Requests extends SimpleChannelInboundHandler<HttpObject> {
        private final ChannelHandler patience;
        private boolean answered;

        /** {@code patience} ends connections whose request doesn't arrive. */
        Requests(ChannelHandler patience) {
            this.patience = patience;
        }

        @Override
        protected void channelRead0(ChannelHandlerContext context, HttpObject message) {
            if (!answered && message instanceof HttpRequest request) {
                answered = true;
                context.pipeline().remove(patience);
                answer(context, request.method().equals(HttpMethod.HEAD), HttpPages.this.answer(request));
            }
        }

        /** A connection that the client resets, or leaves without a request, or doesn't read. */
        @Override
        public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
            context.close().addListener(ChannelFutureListener.FIRE_EXCEPTION_ON_FAILURE);
        }
    }

    private Answer answer(HttpRequest request) {
        if (!request.decoderResult().isSuccess()) {
            return Answer.text(400, "not a request\n");
        }
        Function<HttpHeaders, Answer> page = pages.get(new QueryStringDecoder(request.uri()).path());
        if (page == null) {
            return Answer.text(404, "not found\n");
        }
        boolean reads = request.method().equals(HttpMethod.GET) || request.method().equals(HttpMethod.HEAD);
        if (!reads) {
            return Answer.text(405, "only GET\n");
        }
        unread.makeRoom();
        return page.apply(request.headers());
    }

    /** Sends the body as the client reads it: what is given to the socket is copied out of the heap. */
    private void answer(ChannelHandlerContext context, boolean withoutBody, Answer answer) {
        HttpResponse response = new DefaultHttpResponse(HttpVersion.HTTP_1_1, HttpResponseStatus.valueOf(answer.status()));
        response.headers().set(HttpHeaderNames.CONTENT_TYPE, answer.contentType())
                .setInt(HttpHeaderNames.CONTENT_LENGTH, answer.body().length).set(HttpHeaderNames.CONNECTION, HttpHeaderValues.CLOSE);
        if (answer.encoding() != null) {
            response.headers().set(HttpHeaderNames.CONTENT_ENCODING, answer.encoding()).set(HttpHeaderNames.VARY,
                    "accept, accept-encoding");
        }
        context.write(response).addListener(ChannelFutureListener.CLOSE_ON_FAILURE);
        if (withoutBody) {
            context.writeAndFlush(LastHttpContent.EMPTY_LAST_CONTENT).addListener(ChannelFutureListener.CLOSE);
            return;
        }
        unread.add(context.channel(), answer.body().length);
        context.writeAndFlush(new HttpChunkedInput(new ChunkedStream(new ByteArrayInputStream(answer.body()), PIECE)))
                .addListener(ChannelFutureListener.CLOSE);
    }

    /** Answers no more. */
    @Override
    public void close() {
        listener.close().awaitUninterruptibly();
        listener.eventLoop().execute(open::close);
    }
}
