package io.inpod.tproxy.relay;

import io.netty.channel.socket.DuplexChannel;
import java.io.IOException;

/** Client, relay, server. */
final class SocketPath extends RelayPath {
    SocketPath(Kind kind) throws IOException {
        super(kind);
    }

    @Override
    DuplexChannel upstream(RelayOptions options) throws Exception {
        return (DuplexChannel) open(null, prepared(options)).sync().channel();
    }
}
