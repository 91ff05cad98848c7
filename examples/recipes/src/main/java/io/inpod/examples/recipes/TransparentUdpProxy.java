package io.inpod.examples.recipes;

import io.inpod.netns.InPodConstants;
import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.socket.LinuxSocketOptions;
import io.inpod.netns.socket.SocketOptions;
import io.inpod.netns.socket.UdpSocket;
import io.inpod.tproxy.PolicyRouting;
import io.inpod.tproxy.udp.TransparentDatagram;
import io.inpod.tproxy.udp.TransparentUdpSocket;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Forwards the datagrams that rules in a namespace divert to port 15053 to their original destinations, and the answers back:
 * {@code TransparentUdpProxy <name that "ip netns" shows>}, for example with these rules (and the same with ip6tables)
 *
 * <pre>
 * iptables -t mangle -A PREROUTING -p udp -m addrtype ! --dst-type LOCAL -j TPROXY --on-port 15053 --tproxy-mark 0x111
 * </pre>
 */
public final class TransparentUdpProxy {
    private static final SocketOptions SOCKETS = SocketOptions.NONE.with(LinuxSocketOptions.MARK, InPodConstants.PROXY_MARK);

    private TransparentUdpProxy() {}

    static TransparentUdpSocket listen(NetworkNamespace namespace) throws IOException {
        PolicyRouting.DEFAULT.install(namespace);
        return TransparentUdpSocket.bind(namespace, SOCKETS, new InetSocketAddress("::", InPodConstants.DNS_PORT));
    }

    static void serve(TransparentUdpSocket listener, NetworkNamespace namespace) throws IOException {
        Map<List<Record>, UdpSocket> upstreams = new ConcurrentHashMap<>();
        try {
            while (true) {
                TransparentDatagram request = listener.receive(Duration.ZERO);
                List<Record> conversation = List.of(request.client(), request.destination());
                UdpSocket known = upstreams.get(conversation);
                UdpSocket upstream = known != null ? known : UdpSocket.open(namespace, SOCKETS);
                if (known == null) {
                    upstreams.put(conversation, upstream);
                    new Thread(() -> answer(listener, request, upstream, () -> upstreams.remove(conversation))).start();
                }
                try {
                    upstream.connect(request.destination().address());
                    upstream.send(request.data());
                } catch (IOException lost) {
                    System.err.println(lost.getMessage());
                }
            }
        } finally {
            upstreams.values().forEach(UdpSocket::close);
        }
    }

    private static void answer(TransparentUdpSocket listener, TransparentDatagram request, UdpSocket upstream, Runnable ended) {
        ByteBuffer data = ByteBuffer.allocateDirect(65535);
        try (upstream) {
            while (true) {
                int bytes = upstream.receive(data, Duration.ofSeconds(30)).bytes();
                listener.reply(request, data.duplicate().limit(bytes));
            }
        } catch (IOException idleOrUnreachable) {
            ended.run();
        }
    }

    public static void main(String[] args) throws IOException {
        NetworkNamespace namespace = NetworkNamespace.named(args[0]);
        serve(listen(namespace), namespace);
    }
}
