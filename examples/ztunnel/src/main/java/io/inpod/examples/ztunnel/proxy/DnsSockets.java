package io.inpod.examples.ztunnel.proxy;

import static io.inpod.netns.socket.LinuxSocketOptions.MARK;
import static io.inpod.netns.socket.LinuxSocketOptions.TRANSPARENT;

import io.inpod.examples.ztunnel.dns.DnsProxy;
import io.inpod.examples.ztunnel.dns.DnsUdp;
import io.inpod.examples.ztunnel.ports.HolderSearch;
import io.inpod.examples.ztunnel.ports.TakenPortException;
import io.inpod.examples.ztunnel.succession.Succession;
import io.inpod.netns.InPodConstants;
import io.inpod.netns.IpFamily;
import io.inpod.netns.socket.PassedListener;
import io.inpod.netns.socket.SocketOptions;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.EventLoop;
import io.netty.channel.unix.Errors.NativeIoException;
import io.netty.util.NetUtil;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The addresses at which a pod's DNS queries arrive, and the sockets for those over UDP. */
final class DnsSockets {
    private static final Logger LOG = LoggerFactory.getLogger("proxy");
    private static final int ADDRESS_FAMILY_UNSUPPORTED = -97;
    private static final int ADDRESS_NOT_AVAILABLE = -99;
    private final List<Channel> sockets = new ArrayList<>();
    private final List<InetAddress> addresses = new ArrayList<>();

    /**
     * Opens the sockets, or takes those over that the ztunnel has which is running. A loopback interface may have no IPv6; then nothing
     * arrives there either.
     */
    void open(PodContext pod, EventLoop loop, DnsProxy proxy, @Nullable Succession succession, HolderSearch holders) throws IOException {
        List<InetAddress> wanted = pod.config().ipv6() ? List.of(NetUtil.LOCALHOST4, NetUtil.LOCALHOST6) : List.of(NetUtil.LOCALHOST4);
        for (InetAddress address : wanted) {
            InetSocketAddress local = new InetSocketAddress(address, InPodConstants.DNS_PORT);
            try {
                Channel socket = listen(pod, local, loop, proxy, succession);
                sockets.add(socket);
                addresses.add(address);
                if (succession != null) {
                    succession.own().add(pod.namespace(), local, socket);
                }
            } catch (IOException e) {
                if (!(address.equals(NetUtil.LOCALHOST6) && isWithoutIpv6(e))) {
                    throw TakenPortException.whyOfDatagrams(e, pod.namespace(), local.getPort(), holders);
                }
                LOG.info("no DNS queries over IPv6 in {}, whose loopback interface has none", pod.namespace());
            }
        }
    }

    private static Channel listen(PodContext pod, InetSocketAddress local, EventLoop loop, DnsProxy proxy,
            @Nullable Succession succession) throws IOException {
        // transparent, because the rules let queries arrive at such sockets only
        SocketOptions options = SocketOptions.NONE.with(MARK, pod.config().mark()).with(TRANSPARENT, true)
                .withFamily(IpFamily.of(local.getAddress()).protocolFamily());
        try {
            return DnsUdp.listen(pod.namespace(), local, options, loop, proxy);
        } catch (IOException e) {
            Channel taken = succession == null ? null : succession.takeDatagrams(pod.namespace(), local,
                    passed -> DnsUdp.adopt(PassedListener.adoptDatagram(pod.namespace(), local, passed), loop, proxy));
            if (taken == null) {
                throw e;
            }
            LOG.info("took over port {} for UDP of {} from the ztunnel that is running", local.getPort(), pod.namespace());
            return taken;
        }
    }

    private static boolean isWithoutIpv6(Throwable error) {
        for (Throwable cause = error; cause != null; cause = cause.getCause()) {
            if (cause instanceof NativeIoException io) {
                return io.expectedErr() == ADDRESS_NOT_AVAILABLE || io.expectedErr() == ADDRESS_FAMILY_UNSUPPORTED;
            }
        }
        return false;
    }

    /** Returns the addresses at which there is a socket. */
    List<InetAddress> addresses() {
        return List.copyOf(addresses);
    }

    void close() {
        sockets.forEach(socket -> socket.close().addListener(ChannelFutureListener.FIRE_EXCEPTION_ON_FAILURE));
        sockets.clear();
    }
}
