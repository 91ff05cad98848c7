package io.inpod.examples.ztunnel.proxy;

import io.inpod.tproxy.OriginalDestination;
import io.netty.channel.epoll.EpollSocketChannel;
import java.io.IOException;
import java.net.InetSocketAddress;

/** Port 15001: what the pod's apps send, redirected. */
final class Outbound extends AcceptHandler {
    private final OutboundPath path;

    Outbound(PodContext pod, OutboundPath path) {
        super(pod);
        this.path = path;
    }

    @Override
    void accepted(EpollSocketChannel client, InetSocketAddress source) throws IOException {
        OriginalDestination destination = OriginalDestination.of(client);
        boolean direct = destination.found() == OriginalDestination.Found.LOCAL_ADDRESS;
        path.open(client, source, destination.address(), direct, OutboundPath.Outcome.NOTHING);
    }
}
