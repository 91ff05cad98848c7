package io.inpod.examples.ztunnel.proxy;

import io.inpod.examples.ztunnel.dns.DnsProxy;
import io.inpod.examples.ztunnel.dns.DnsTcp;
import io.inpod.netns.InPodConstants;
import io.inpod.netns.socket.SocketOptions;
import io.inpod.tproxy.OriginalDestination;
import io.inpod.tproxy.Resets;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.socket.SocketChannel;
import java.net.InetSocketAddress;

/** Port 15053 over TCP: answers the DNS queries of the pod's apps, which are redirected. */
final class DnsListener extends PodListener {
    private final DnsProxy dns;

    DnsListener(PodContext pod, EventLoopGroup loops, DnsProxy dns) {
        super(pod, InPodConstants.DNS_PORT, loops);
        this.dns = dns;
    }

    @Override
    SocketOptions sockets() {
        return pod.socketsWithinNode();
    }

    @Override
    void prepare(SocketChannel connection) {
        Resets.notOnClose(connection);
    }

    @Override
    void serve(SocketChannel client, InetSocketAddress source, OriginalDestination destination) {
        DnsTcp.serve(client.pipeline(), dns, source.getAddress());
    }
}
