package io.inpod.examples.ztunnel.admin;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.handler.codec.http.DefaultHttpContent;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.TimeUnit;

/** Server-sent events for one client, until it leaves. Thread-safe. */
public final class EventStream {
    private static final int PAUSE_SECONDS = 15;

    private final Channel connection;

    EventStream(Channel connection) {
        this.connection = connection;
    }

    /** A comment from time to time finds out that a client is gone that didn't say so. */
    @SuppressWarnings("FutureReturnValueIgnored") // it throws nothing
    void keepAlive() {
        connection.eventLoop().schedule(() -> {
            if (connection.isOpen()) {
                write(":\n\n");
                keepAlive();
            }
        }, PAUSE_SECONDS, TimeUnit.SECONDS);
    }

    /**
     * Sends an event.
     *
     * @param type its type, such as {@code message}; one line
     * @param data its data, of any number of lines
     * @return false if it isn't sent, because the client hasn't read what was sent before, or is gone
     */
    public boolean send(String type, String data) {
        return write("event: " + type + "\ndata: " + data.replace("\r", "").replace("\n", "\ndata: ") + "\n\n");
    }

    private boolean write(String text) {
        if (!connection.isOpen() || !connection.isWritable()) {
            return false;
        }
        ByteBuf bytes = Unpooled.copiedBuffer(text, StandardCharsets.UTF_8);
        connection.writeAndFlush(new DefaultHttpContent(bytes)).addListener(ChannelFutureListener.CLOSE_ON_FAILURE);
        return true;
    }

    /** {@return whether the client is still there} */
    public boolean isOpen() {
        return connection.isOpen();
    }

    /**
     * Calls an action when the client is gone.
     *
     * @param action called once, on the admin port's thread
     */
    public void onEnd(Runnable action) {
        connection.closeFuture().addListener(closed -> action.run());
    }
}
