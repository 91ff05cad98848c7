package io.inpod.tproxy.relay;

import io.netty.channel.Channel;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.channel.socket.ChannelInputShutdownReadComplete;
import io.netty.handler.ssl.SslCloseCompletionEvent;
import io.netty.handler.ssl.SslHandler;
import java.io.IOException;

/** The meaning of an event for the end of a channel's input. */
enum InputEnd {
    NONE,
    /** Everything has been read. */
    REGULAR,
    /** The socket's input has ended without TLS's close_notify: an attacker may have truncated it, see RFC 8446 section 6.1. */
    CUT_OFF;

    static InputEnd of(Channel channel, Object event) {
        if (event instanceof SslCloseCompletionEvent closed) {
            return closed.isSuccess() ? REGULAR : NONE;
        }
        if (event instanceof ChannelInputShutdownEvent || event instanceof ChannelInputShutdownReadComplete) {
            return channel.pipeline().get(SslHandler.class) == null ? REGULAR : CUT_OFF;
        }
        return NONE;
    }

    static IOException cutOff() {
        return new IOException("the connection ended without TLS's close_notify");
    }
}
