package io.inpod.examples.ztunnel.proxy;

import static io.inpod.netns.socket.LinuxSocketOptions.MARK;
import static io.inpod.netns.socket.LinuxSocketOptions.REUSE_PORT;

import io.inpod.examples.ztunnel.dns.DnsProxy;
import io.inpod.examples.ztunnel.dns.DnsUdp;
import io.inpod.netns.InPodConstants;
import io.inpod.netns.IpFamily;
import io.inpod.netns.socket.SocketOptions;
import io.netty.channel.Channel;
import io.netty.channel.EventLoop;
import io.netty.channel.unix.Errors.NativeIoException;
import io.netty.util.NetUtil;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
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
     * Opens the sockets. A loopback interface may have no IPv6, then nothing arrives there either. A successor binds the same port, so that
     * both receive while one ends.
     */
    void open(PodContext pod, EventLoop loop, DnsProxy proxy) throws IOException {
        List<InetAddress> wanted = pod.config().ipv6() ? List.of(NetUtil.LOCALHOST4, NetUtil.LOCALHOST6) : List.of(NetUtil.LOCALHOST4);
        for (InetAddress address : wanted) {
            SocketOptions options = SocketOptions.NONE.with(MARK, pod.config().mark()).with(REUSE_PORT, pod.config().portReuse())
                    .withFamily(IpFamily.of(address).protocolFamily());
            try {
                sockets.add(DnsUdp.listen(pod.namespace(), new InetSocketAddress(address, InPodConstants.DNS_PORT), options, loop, proxy));
                addresses.add(address);
            } catch (IOException e) {
                if (!(address.equals(NetUtil.LOCALHOST6) && isWithoutIpv6(e))) {
                    throw e;
                }
                LOG.info("no DNS queries over IPv6 in {}, whose loopback interface has none", pod.namespace());
            }
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
        sockets.forEach(Channel::close);
        sockets.clear();
    }
}
