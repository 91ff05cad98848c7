package io.inpod.hbone.internal;

import io.inpod.hbone.TunnelResetException;
import io.netty.buffer.ByteBuf;

/** The reading half of a tunnel: hands over what has come when the reader asks, and gives credit back only then. */
final class TunnelInput {
    private static final int BATCH = 16;

    private final StreamChannel channel;
    private final Http2Connection connection;
    private final Stream stream;
    private boolean readPending;
    private boolean delivering;
    private boolean failed;
    private volatile boolean shutdown;

    TunnelInput(StreamChannel channel, Http2Connection connection, Stream stream) {
        this.channel = channel;
        this.connection = connection;
        this.stream = stream;
    }

    boolean isShutdown() {
        return shutdown;
    }

    void add(ByteBuf part) {
        if (shutdown || !channel.isOpen()) {
            int bytes = part.readableBytes();
            part.release();
            connection.credit(stream, bytes);
        } else {
            stream.input.add(part);
        }
    }

    /** The reader asks for more. Never delivers on the caller's stack. */
    void read() {
        readPending = true;
        if (!delivering && (!stream.input.isEmpty() || stream.remoteEnded || stream.failure != null)) {
            connection.makeReady(stream);
        }
    }

    /** No more input is wanted; what comes is thrown away. */
    void shutdown() {
        shutdown = true;
        connection.credit(stream, stream.input.discard());
    }

    void close() {
        connection.credit(stream, stream.input.discard());
    }

    void deliver() {
        if (delivering) {
            return;
        }
        delivering = true;
        try {
            while (readPending && channel.isOpen() && !stream.input.isEmpty()) {
                readPending = false;
                for (int i = 0; i < BATCH; i++) {
                    ByteBuf part = stream.input.poll();
                    if (part == null) {
                        break;
                    }
                    int bytes = part.readableBytes();
                    channel.pipeline().fireChannelRead(part);
                    connection.credit(stream, bytes);
                }
                channel.pipeline().fireChannelReadComplete();
            }
            end();
        } finally {
            delivering = false;
        }
    }

    private void end() {
        if (!channel.isOpen() || failed) {
            return;
        }
        TunnelResetException failure = stream.failure;
        if (failure != null) {
            // Either all was read, or the reader doesn't read: then it must hear of the reset now.
            failed = true;
            channel.failed(failure);
        } else if (stream.remoteEnded && stream.input.isEmpty() && readPending && !shutdown) {
            shutdown = true;
            channel.inputEnded();
        } else if (shutdown) {
            channel.closeIfEnded();
        }
    }
}
