package io.inpod.hbone.internal.stream;

import io.inpod.hbone.TunnelResetException;
import io.netty.buffer.ByteBuf;

/** The reading half of a tunnel: delivers bytes when the reader asks for them, and only then returns credit to the peer. */
final class TunnelInput {
    private static final int BATCH = 16;

    private final StreamChannel channel;
    private final Streams streams;
    private final Stream stream;
    private boolean readPending;
    private boolean delivering;
    private boolean failed;
    private volatile boolean shutdown;

    TunnelInput(StreamChannel channel, Streams streams, Stream stream) {
        this.channel = channel;
        this.streams = streams;
        this.stream = stream;
    }

    boolean isShutdown() {
        return shutdown;
    }

    void add(ByteBuf part) {
        if (shutdown || !channel.isOpen()) {
            int bytes = part.readableBytes();
            part.release();
            streams.credit(stream, bytes);
        } else {
            stream.input().add(part);
        }
    }

    /** The reader asks for more. Doesn't deliver on the caller's stack. */
    void read() {
        readPending = true;
        if (!delivering && (!stream.input().isEmpty() || stream.isRemoteEnded() || stream.failure() != null)) {
            streams.makeReady(stream);
        }
    }

    /** Drops all input, now and later. */
    void shutdown() {
        shutdown = true;
        streams.credit(stream, stream.input().discard());
    }

    void close() {
        streams.credit(stream, stream.input().discard());
    }

    void deliver() {
        if (delivering) {
            return;
        }
        delivering = true;
        try {
            while (readPending && channel.isOpen() && !stream.input().isEmpty()) {
                readPending = false;
                for (int i = 0; i < BATCH; i++) {
                    ByteBuf part = stream.input().poll();
                    if (part == null) {
                        break;
                    }
                    int bytes = part.readableBytes();
                    channel.pipeline().fireChannelRead(part);
                    streams.credit(stream, bytes);
                }
                channel.pipeline().fireChannelReadComplete();
            }
            if (stream.isBrokenOff()) {
                streams.credit(stream, stream.input().discard());
            }
            stream.input().compact();
            end();
        } finally {
            delivering = false;
        }
    }

    private void end() {
        if (!channel.isOpen() || failed) {
            return;
        }
        if (stream.isRemoteEnded() && stream.input().isEmpty() && readPending && !shutdown) {
            shutdown = true;
            channel.inputEnded();
        } else if (shutdown) {
            channel.closeIfEnded();
        }
        TunnelResetException failure = stream.failure();
        if (failure != null && channel.isOpen() && (isAtEnd() || streams.isTight())) {
            failed = true;
            channel.failed(failure);
        }
    }

    /** Whether the reader has everything that came before a reset, as from a socket. It needn't ask for more to learn of the reset. */
    private boolean isAtEnd() {
        return shutdown || stream.input().isEmpty() && !stream.isRemoteEnded();
    }
}
