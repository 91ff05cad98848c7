package io.inpod.iptables.backend;

import static org.assertj.core.api.Assertions.assertThat;

import io.inpod.iptables.AddressRange;
import io.inpod.iptables.Chain;
import io.inpod.iptables.IpPrefix;
import io.inpod.iptables.ManagedNames;
import io.inpod.iptables.Match;
import io.inpod.iptables.NatOption;
import io.inpod.iptables.Ports;
import io.inpod.iptables.Protocol;
import io.inpod.iptables.Rule;
import io.inpod.iptables.RuleSet;
import io.inpod.iptables.Table;
import io.inpod.iptables.TableName;
import io.inpod.iptables.Target;
import io.inpod.iptables.text.Differences;
import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.testing.ChildProcess;
import io.inpod.netns.testing.PodNetwork;
import io.inpod.netns.testing.Pods;
import io.inpod.netns.testing.Tool;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** DNAT, SNAT and MASQUERADE by every back end change the addresses that another pod sees, in both families. */
@Pods(2)
@Timeout(120)
class AddressTranslationKernelTest {
    private static final ManagedNames NAMES = new ManagedNames(Set.of("NAT_OUT", "NAT_POST"), "nat-", Set.of());
    private static final int DNAT = 8080;
    private static final int SNAT = 8081;
    private static final int MASQUERADE = 8082;

    /** Tells each client its address and port, and its own. */
    private static final String SERVER = """
            import selectors, socket
            selector = selectors.DefaultSelector()
            for port in (8080, 8081, 8082, 8083, 8084):
                listener = socket.create_server(("::", port), family=socket.AF_INET6, dualstack_ipv6=True)
                selector.register(listener, selectors.EVENT_READ)
            print("ready", flush=True)
            while True:
                for key, _ in selector.select():
                    connection, client = key.fileobj.accept()
                    own = connection.getsockname()
                    words = [client[0].removeprefix("::ffff:"), str(client[1]), own[0].removeprefix("::ffff:"), str(own[1])]
                    connection.sendall(" ".join(words).encode())
                    connection.close()
            """;

    /** The addresses of a family: of both pods, one that no pod has, a second one of the client, one that only the client knows, and
     * the next ones after the second and after the server's. */
    private record Family(String client, String server, String nowhere, String second, String hidden, String third, String other) {
    }

    private static final Family V4 = new Family("10.77.0.2", "10.77.0.3", "10.99.0.1", "10.77.0.50", "10.88.0.1", "10.77.0.51", "10.77.0.4");
    private static final Family V6 = new Family("fd77::2", "fd77::3", "fd99::1", "fd77::50", "fd88::1", "fd77::51", "fd77::4");

    @Test
    void thePeerSeesTheAddressesOfTheRules(PodNetwork network) throws Exception {
        NetworkNamespace client = network.pod(0).namespace();
        NetworkNamespace server = network.pod(1).namespace();
        prepare(client, server);
        try (ChildProcess peer = ChildProcess.start(Tool.inside(server, "python3", "-c", SERVER))) {
            peer.expect("ready");
            for (Backend backend : Backends.all()) {
                assertThat(backend.usability(client).usable()).as(backend.usability(client).reason()).isTrue();
                backend.apply(client, NAMES, rules());
                assertThat(Differences.between(backend.read(client, NAMES), rules())).as(backend.name()).isEmpty();
                for (Family family : List.of(V4, V6)) {
                    assertThat(words(client, "", family.nowhere, 80)).as(backend.name()).satisfies(seen -> {
                        assertThat(seen[0]).isEqualTo(family.client);
                        assertThat(seen[2]).isEqualTo(family.server);
                        assertThat(seen[3]).isEqualTo(Integer.toString(DNAT));
                    });
                    assertThat(words(client, "", family.nowhere, 81)).as(backend.name()).satisfies(seen -> {
                        assertThat(seen[0]).isEqualTo(family.client);
                        assertThat(seen[2]).isIn(family.server, family.other);
                        assertThat(Integer.parseInt(seen[3])).isBetween(8083, 8084);
                    });
                    assertThat(words(client, "", family.server, SNAT)).as(backend.name()).satisfies(seen -> {
                        assertThat(seen[0]).isIn(family.second, family.third);
                        assertThat(Integer.parseInt(seen[1])).isBetween(100, 200);
                    });
                    assertThat(words(client, family.hidden, family.server, MASQUERADE)).as(backend.name()).satisfies(seen -> {
                        assertThat(seen[0]).isEqualTo(family.client);
                        assertThat(Integer.parseInt(seen[1])).isBetween(300, 400);
                    });
                }
                backend.remove(client, NAMES);
            }
        }
    }

    private static RuleSet rules() {
        return RuleSet.ofBoth(Table.of(TableName.NAT, Chain.of("OUTPUT", Rule.of(new Target.Jump("NAT_OUT"))), Chain.of("POSTROUTING", Rule.of(new Target.Jump("NAT_POST"))),
                Chain.of("NAT_OUT", dnat(V4), dnat(V6), drawn(V4), drawn(V6)), Chain.of("NAT_POST", snat(V4), snat(V6), Rule.of(new Target.Masquerade(Optional.of(new Ports(300, 400)), true), tcp(MASQUERADE)))));
    }

    private static Rule dnat(Family family) {
        return Rule.of(new Target.Dnat(address(family.server), Optional.of(Ports.of(DNAT))), tcp(80, Match.destination(IpPrefix.parse(family.nowhere))));
    }

    private static Rule drawn(Family family) {
        AddressRange servers = new AddressRange(address(family.server), address(family.other));
        return Rule.of(new Target.Dnat(servers, Optional.of(new Ports(8083, 8084)), Set.of(NatOption.RANDOM, NatOption.PERSISTENT)),
                tcp(81, Match.destination(IpPrefix.parse(family.nowhere))));
    }

    private static Rule snat(Family family) {
        AddressRange sources = new AddressRange(address(family.second), address(family.third));
        return Rule.of(new Target.Snat(sources, Optional.of(new Ports(100, 200)), Set.of(NatOption.RANDOM_FULLY, NatOption.PERSISTENT)), tcp(SNAT, Match.destination(IpPrefix.parse(family.server))));
    }

    private static Match[] tcp(int port, Match... others) {
        List<Match> all = new ArrayList<>(List.of(others));
        all.add(Match.protocol(Protocol.TCP));
        all.add(Match.destinationPort(Protocol.TCP, Ports.of(port)));
        return all.toArray(Match[]::new);
    }

    private static InetAddress address(String text) {
        return IpPrefix.parse(text).address();
    }

    private static void prepare(NetworkNamespace client, NetworkNamespace server) throws Exception {
        for (String words : List.of("addr add " + V6.client + "/64 dev eth0 nodad", "addr add " + V4.second + "/24 dev eth0", "addr add " + V6.second + "/64 dev eth0 nodad preferred_lft 0",
                "addr add " + V4.third + "/24 dev eth0", "addr add " + V6.third + "/64 dev eth0 nodad preferred_lft 0",
                "addr add " + V4.hidden + "/32 dev lo", "addr add " + V6.hidden + "/128 dev lo nodad", "route add " + V4.nowhere + "/32 dev eth0", "-6 route add " + V6.nowhere + "/128 dev eth0")) {
            Tool.run(client, ("ip " + words).split(" "));
        }
        for (String address : List.of(V6.server + "/64 dev eth0 nodad", V4.other + "/24 dev eth0", V6.other + "/64 dev eth0 nodad")) {
            Tool.run(server, ("ip addr add " + address).split(" "));
        }
    }

    /** Returns what the server tells a client that is bound to an address, or to none. */
    private static String[] words(NetworkNamespace namespace, String from, String to, int port) throws Exception {
        try (SocketChannel client = namespace.call(SocketChannel::open)) {
            if (!from.isEmpty()) {
                client.bind(new InetSocketAddress(from, 0));
            }
            client.socket().connect(new InetSocketAddress(to, port), 10_000);
            ByteBuffer told = ByteBuffer.allocate(200);
            while (client.read(told) >= 0) {
                assertThat(told.hasRemaining()).isTrue();
            }
            return new String(told.array(), 0, told.position(), StandardCharsets.US_ASCII).split(" ");
        }
    }
}
