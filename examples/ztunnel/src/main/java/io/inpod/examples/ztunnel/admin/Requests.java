package io.inpod.examples.ztunnel.admin;

import io.inpod.examples.ztunnel.health.FewConnections;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.DefaultHttpContent;
import io.netty.handler.codec.http.DefaultHttpResponse;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.handler.codec.http.QueryStringDecoder;
import java.io.IOException;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Answers the one request of a connection. */
final class Requests extends SimpleChannelInboundHandler<FullHttpRequest> {
    private static final Logger LOG = LoggerFactory.getLogger("admin");
    private static final int PIECE = 16 << 10;

    private final Map<String, Page> pages;
    private final FewConnections open;
    private final ChannelHandler patience;
    private boolean answered;
    private boolean sending;
    private Answer.@Nullable Pieces rest;

    /** {@code patience} ends connections whose request doesn't arrive. */
    Requests(Map<String, Page> pages, FewConnections open, ChannelHandler patience) {
        this.pages = pages;
        this.open = open;
        this.patience = patience;
    }

    @Override
    @SuppressWarnings("FutureReturnValueIgnored") // they are void: exceptionCaught is called instead
    protected void channelRead0(ChannelHandlerContext context, FullHttpRequest request) {
        if (answered) {
            return;
        }
        answered = true;
        context.pipeline().remove(patience);
        boolean head = request.method().equals(HttpMethod.HEAD);
        Answer answer = answer(request);
        if (answer instanceof Answer.Events && !head && !open.keep(context.channel())) {
            answer = Answer.text(503, "too many clients have events already; close some\n");
        }
        if (answer instanceof Answer.Whole whole) {
            send(context, head, whole);
        } else if (head && answer instanceof Answer.Streamed streamed) {
            close(streamed.pieces());
            send(context, true, new Answer.Whole(200, streamed.contentType(), new byte[0]));
        } else if (head) {
            send(context, true, new Answer.Whole(200, "text/event-stream", new byte[0]));
        } else if (answer instanceof Answer.Streamed streamed) {
            context.write(begin(request, streamed.contentType()), context.voidPromise());
            rest = streamed.pieces();
            sendPieces(context);
        } else if (answer instanceof Answer.Events events) {
            context.writeAndFlush(begin(request, "text/event-stream"), context.voidPromise());
            EventStream stream = new EventStream(context.channel());
            stream.keepAlive();
            events.opened().accept(stream);
        }
    }

    private Answer answer(FullHttpRequest request) {
        if (!request.decoderResult().isSuccess() || !request.uri().startsWith("/")) {
            return Answer.text(400, "not a request\n");
        }
        Answer refusal = Origins.refusal(request);
        if (refusal != null) {
            return refusal;
        }
        try {
            QueryStringDecoder uri = new QueryStringDecoder(request.uri());
            Page page = pages.get(uri.path());
            if (page == null) {
                return Answer.text(404, "not found; / lists what is here\n");
            }
            boolean reads = request.method().equals(HttpMethod.GET) || request.method().equals(HttpMethod.HEAD);
            Page.Handler handler = reads ? page.get() : request.method().equals(HttpMethod.POST) ? page.post() : null;
            return handler == null
                    ? Answer.text(405, page.get() == null ? "only POST\n" : page.post() == null ? "only GET\n" : "GET or POST\n")
                    : handler.answer(new AdminRequest(uri.path(), uri.parameters()));
        } catch (IllegalArgumentException e) { // what is decoded, or what a page was asked for
            return Answer.text(400, e.getMessage() + "\n");
        } catch (IOException e) {
            return Answer.text(500, e.getMessage() + "\n");
        } catch (RuntimeException e) {
            LOG.error("an unexpected error at {}", request.uri(), e);
            return Answer.text(500, "an unexpected error: " + e + "\n");
        }
    }

    private static void send(ChannelHandlerContext context, boolean head, Answer.Whole answer) {
        DefaultFullHttpResponse response = new DefaultFullHttpResponse(HttpVersion.HTTP_1_1, HttpResponseStatus.valueOf(answer.status()),
                head ? Unpooled.EMPTY_BUFFER : Unpooled.wrappedBuffer(answer.body()));
        setHeaders(response, answer.contentType());
        response.headers().setInt(HttpHeaderNames.CONTENT_LENGTH, answer.body().length);
        context.writeAndFlush(response).addListener(ChannelFutureListener.CLOSE);
    }

    private static HttpResponse begin(FullHttpRequest request, String contentType) {
        HttpResponse response = new DefaultHttpResponse(HttpVersion.HTTP_1_1, HttpResponseStatus.OK);
        setHeaders(response, contentType);
        HttpUtil.setTransferEncodingChunked(response, request.protocolVersion().isKeepAliveDefault()); // HTTP/1.0 doesn't have it
        return response;
    }

    private static void setHeaders(HttpResponse response, String contentType) {
        response.headers().set(HttpHeaderNames.CONTENT_TYPE, contentType).set(HttpHeaderNames.CONNECTION, HttpHeaderValues.CLOSE)
                .set(HttpHeaderNames.CACHE_CONTROL, HttpHeaderValues.NO_STORE).set("x-content-type-options", "nosniff")
                .set("cross-origin-resource-policy", "same-origin")
                .set(HttpHeaderNames.CONTENT_SECURITY_POLICY,
                        "default-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'");
    }

    /** Sends as much as the client has room for. What is flushed may make room at once, and so call this again. */
    private void sendPieces(ChannelHandlerContext context) {
        if (sending) {
            return;
        }
        sending = true;
        try {
            while (rest != null && context.channel().isWritable()) {
                sendPiece(context, rest);
                context.flush();
            }
        } catch (IOException | RuntimeException e) {
            closeRest();
            LOG.error("an answer is incomplete", e);
            context.close().addListener(ChannelFutureListener.FIRE_EXCEPTION_ON_FAILURE);
        } finally {
            sending = false;
        }
    }

    private void sendPiece(ChannelHandlerContext context, Answer.Pieces pieces) throws IOException {
        ByteBuf piece = context.alloc().buffer(PIECE);
        boolean more;
        try {
            more = pieces.next(piece);
        } catch (IOException | RuntimeException e) {
            piece.release();
            throw e;
        }
        context.write(new DefaultHttpContent(piece)).addListener(ChannelFutureListener.CLOSE_ON_FAILURE);
        if (!more) {
            closeRest();
            context.write(LastHttpContent.EMPTY_LAST_CONTENT).addListener(ChannelFutureListener.CLOSE);
        }
    }

    private void closeRest() {
        Answer.Pieces ended = rest;
        rest = null;
        if (ended != null) {
            close(ended);
        }
    }

    private static void close(Answer.Pieces ended) {
        try {
            ended.close();
        } catch (IOException e) {
            LOG.warn("what an answer was made of can't be closed: {}", e.getMessage());
        }
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext context) {
        sendPieces(context);
        context.fireChannelWritabilityChanged();
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
        closeRest();
        context.fireChannelInactive();
    }

    /** A connection that the client resets, or leaves without a request, or doesn't read. */
    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
        context.close().addListener(ChannelFutureListener.FIRE_EXCEPTION_ON_FAILURE);
    }
}
