package io.inpod.examples.ztunnel.proxy;

import io.inpod.tproxy.RelayOptions;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.epoll.EpollSocketChannel;
import java.io.IOException;
import java.net.InetSocketAddress;

/** Begins with each connection that a listener accepts: sets its options, counts it, and finds out whose it is. */
abstract class AcceptHandler extends ChannelInitializer<EpollSocketChannel> {
    protected final PodContext pod;

    AcceptHandler(PodContext pod) {
        this.pod = pod;
    }

    @Override
    protected final void initChannel(EpollSocketChannel client) {
        if (pod.admit(client)) {
            RelayOptions.DEFAULT.prepare(client);
            client.eventLoop().execute(() -> Guarded.run(client, () -> begin(client)));
        }
    }

    private void begin(EpollSocketChannel client) {
        try {
            accepted(client, Addresses.canonical(client.remoteAddress()));
        } catch (IOException e) {
            client.close(); // mostly because it went away before we got to it
        }
    }

    /** Serves a connection, on its event loop; reading is off. */
    abstract void accepted(EpollSocketChannel client, InetSocketAddress source) throws IOException;
}
