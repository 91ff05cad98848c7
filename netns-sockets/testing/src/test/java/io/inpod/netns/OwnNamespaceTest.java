package io.inpod.netns;

import static org.assertj.core.api.Assertions.assertThat;

import io.inpod.netlink.PolicyRule;
import io.inpod.netlink.Route;
import io.inpod.netlink.Rtnetlink;
import io.inpod.netlink.RtnetlinkWatch;
import io.inpod.netns.socket.JdkChannels;
import io.inpod.netns.socket.NettyChannels;
import io.inpod.netns.socket.SocketOptions;
import io.inpod.netns.socket.UdpSocket;
import io.inpod.netns.testing.Privilege;
import io.inpod.netns.testing.Tool;
import java.net.InetSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** A process that is in a namespace needs no privilege to be there: a container with CAP_NET_ADMIN alone, or with no capability. */
class OwnNamespaceTest {
    private static String run(String capabilities, String... through) throws Exception {
        Privilege.NAMESPACES.require();
        Tool.require("setpriv");
        // in a new namespace whose lo is down, and ip looks at it afterwards
        return ChildJvm.run(ChildJvm.command(Inside.class).withArguments(capabilities).through("unshare", "--net", "sh", "-c",
                "\"$0\" \"$@\"; ip -o link show lo; ip rule; ip -6 route show table 100; true",
                "setpriv", "--bounding-set", capabilities, "--inh-caps", capabilities, "--no-new-privs"));
    }

    @Test
    void socketsAndListsNeedNoCapability() throws Exception {
        assertThat(run("-all")).contains("done\nlinks [lo]\n", "state DOWN");
    }

    @Test
    void changesNeedOnlyNetAdmin() throws Exception {
        assertThat(run("-all,+net_admin")).contains("done\nlinks [lo]\nchanged\n", "LOOPBACK,UP", "7:\tfrom all lookup 100",
                "local default dev lo");
    }

    /** Uses its own namespace, by each of its names. */
    static final class Inside {
        private Inside() {}

        public static void main(String[] args) throws Exception {
            try (NetworkNamespace own = NetworkNamespace.initial(); NetworkNamespace current = NetworkNamespace.current()) {
                current.call(ServerSocketChannel::open).close();
                own.call(() -> current.call(ServerSocketChannel::open)).close();
                JdkChannels.listen(own, SocketOptions.NONE, new InetSocketAddress(0)).close();
                NettyChannels.server(own).newChannel().unsafe().closeForcibly();
                NettyChannels.client(own).newChannel().unsafe().closeForcibly();
                UdpSocket.open(own, SocketOptions.NONE).close();
                RtnetlinkWatch.open(own, Set.of(RtnetlinkWatch.Topic.LINKS)).close();
                System.out.println("done");
                try (Rtnetlink network = Rtnetlink.open(own)) {
                    System.out.println("links " + network.links().list().stream().map(link -> link.name()).toList());
                    if (args[0].contains("net_admin")) {
                        network.links().up("lo");
                        network.rules().add(new PolicyRule(IpFamily.V4, 7, 0, 0, 100));
                        network.routes().add(Route.localDefault(IpFamily.V6, "lo", 100));
                        System.out.println("changed");
                    }
                }
            }
        }
    }
}
