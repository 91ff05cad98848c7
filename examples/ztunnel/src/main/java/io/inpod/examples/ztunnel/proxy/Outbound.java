package io.inpod.examples.ztunnel.proxy;

import io.inpod.examples.ztunnel.route.Target;
import io.inpod.netns.InPodConstants;
import io.inpod.netns.socket.SocketOptions;
import io.inpod.tproxy.OriginalDestination;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.socket.SocketChannel;
import java.net.InetSocketAddress;

/** Port 15001: serves the connections of the pod's apps, which are redirected. */
final class Outbound extends PodListener {
    private final OutboundPath path;

    Outbound(PodContext pod, EventLoopGroup loops, OutboundPath path) {
        super(pod, InPodConstants.OUTBOUND_PORT, loops);
        this.path = path;
    }

    @Override
    public boolean resetsUnlessEnded() {
        return true;
    }

    @Override
    boolean isOurs(OriginalDestination destination) {
        boolean toUs = destination.found() == OriginalDestination.Found.LOCAL_ADDRESS;
        return toUs && pod.config().ownPorts().contains(destination.address().getPort()) || pod.isOwnListener(destination.address());
    }

    @Override
    SocketOptions sockets() {
        return pod.socketsWithinNode();
    }

    @Override
    void serve(SocketChannel client, InetSocketAddress source, OriginalDestination destination) {
        InetSocketAddress to = destination.address();
        Target target = new Target.Address(to.getAddress(), to.getPort());
        pod.whenKnown(client, client.closeFuture(), () -> path.open(client, source, target, Outcome.unannounced(client)));
    }
}
