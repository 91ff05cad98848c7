package io.inpod.netlink;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.inpod.netns.IpFamily;
import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.OwnedFd;
import io.inpod.netns.testing.Pods;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Interfaces of all kinds, their names and statistics; {@code ip} judges. RecordedRequestsTest compares kinds that this kernel lacks. */
@Pods(0)
@Timeout(120)
class LinkKindsTest extends IpScene {
    private static final MacAddress MAC = MacAddress.of("02:00:5e:00:53:07");

    private void create(NewLink link) throws IOException {
        try {
            inside.links().create(link);
        } catch (NetlinkException e) {
            assumeTrue(e.errno() != 95, "the kernel has no " + link.kind().driver());
            throw e;
        }
    }

    @Test
    void bridgeVethAndMacvlan() throws IOException {
        inside.links().create(NewLink.bridge("br0").withAddress(MAC).withMtu(1400).up());
        inside.links().create(NewLink.veth("v0", "v1", pod).up());
        create(NewLink.macvlan("m0", "v0", LinkKind.Macvlan.Mode.PRIVATE).withMtu(1300));

        assertThat(ip("-d -o link show br0")).contains("mtu 1400", "02:00:5e:00:53:07", "bridge", "UP");
        assertThat(ip("-d -o link show v0")).contains("v0@v1", "veth", "UP");
        assertThat(ip("-d -o link show m0")).contains("m0@v0", "mtu 1300", "macvlan mode private");
    }

    @Test
    void aPodsMacvlanIsNeverSeenOutside() throws IOException {
        try (NetworkNamespace other = NetworkNamespace.create(); RtnetlinkWatch watch = RtnetlinkWatch.open(pod, Set.of(RtnetlinkWatch.Topic.LINKS))) {
            inside.links().create(NewLink.veth("v0", "v1").up());
            create(NewLink.macvlan("eth0", "v0", LinkKind.Macvlan.Mode.BRIDGE).in(other).withMtu(1400).up());
            inside.links().create(NewLink.bridge("last"));

            assertThat(ip(other, "-d -o link show eth0")).contains("mtu 1400", "macvlan mode bridge", "UP");
            for (String seen = ""; !seen.equals("last");) {
                seen = ((NetworkEvent.LinkChanged) watch.next(Duration.ofSeconds(20))).link().name();
                assertThat(seen).isNotEqualTo("eth0");
            }
        }
    }

    @Test
    void vxlan() throws IOException {
        ip("link add v0 type veth peer name v1");
        create(new NewLink("vx0", new LinkKind.Vxlan(0xffffff, 8472, InetAddress.getByName("239.1.1.1"), InetAddress.getByName("192.0.2.1"), "v0"), 0, null, null, false));
        create(NewLink.vxlan("vx1", 0, InetAddress.getByName("2001:db8::9")));

        assertThat(ip("-d -o link show vx0")).contains("vxlan id 16777215 group 239.1.1.1 local 192.0.2.1 dev v0").contains("dstport 8472");
        assertThat(ip("-d -o link show vx1")).contains("vxlan id 0 remote 2001:db8::9").contains("dstport 4789");
    }

    @Test
    void dummy() throws IOException {
        create(NewLink.dummy("d0").withAddress(MAC).up());
        assertThat(ip("-d -o link show d0")).contains("dummy", "02:00:5e:00:53:07");
    }

    @Test
    void vlan() throws IOException {
        ip("link add v0 type veth peer name v1");
        create(NewLink.vlan("v0.7", "v0", 7));
        assertThat(ip("-d -o link show v0.7")).contains("vlan protocol 802.1Q id 7");
    }

    @Test
    void ipvlan() throws IOException {
        ip("link add v0 type veth peer name v1");
        create(NewLink.ipvlan("i0", "v0", LinkKind.Ipvlan.Layer.L3));
        assertThat(ip("-d -o link show i0")).contains("ipvlan", "mode l3");
    }

    @Test
    void wireguard() throws IOException {
        create(NewLink.wireguard("wg0").up());
        assertThat(ip("-d -o link show wg0")).contains("wireguard");
    }

    @Test
    void tunAndTap() throws IOException {
        assumeTrue(Files.isWritable(Path.of("/dev/net/tun")), "no /dev/net/tun");
        TunLink.create(pod, "tun0", TunLink.Mode.TUN);
        TunLink.create(pod, "tap0", TunLink.Mode.TAP);

        assertThat(ip("-d -o link show tun0")).contains("tun type tun pi off", "persist on");
        assertThat(ip("-d -o link show tap0")).contains("tun type tap pi off", "persist on");
        assertThatThrownBy(() -> TunLink.create(pod, "tun0", TunLink.Mode.TUN)).isInstanceOf(IOException.class).hasMessageContaining("EBUSY");
        try (OwnedFd attached = TunLink.attach(pod, "tun0", TunLink.Mode.TUN);
                OwnedFd passing = TunLink.attach(pod, "tun1", TunLink.Mode.TUN)) {
            assertThat(List.of(attached, passing)).doesNotHaveDuplicates();
            inside.links().up("tun0");
            assertThat(ip("-o link show tun0")).contains("LOWER_UP");
            assertThat(ip("-d -o link show tun1")).contains("persist off");
        }
        assertThat(ip("-o link show tun0")).contains("NO-CARRIER");
        assertThat(inside.links().find("tun1")).isEmpty();
        inside.links().delete("tun0");
        assertThat(ip("-o link")).doesNotContain("tun0");
        refused("name", "1 to 15 bytes", () -> TunLink.create(pod, "a name", TunLink.Mode.TUN));
    }

    @Test
    void whatTheKernelWouldRefuseOrChangeIsRefusedByName() throws IOException {
        InetAddress group = InetAddress.getByName("239.1.1.1");
        InetAddress v4 = InetAddress.getByName("192.0.2.1");
        InetAddress v6 = InetAddress.getByName("2001:db8::1");
        NewLink bridge = NewLink.bridge("br0");
        refused("mtu", "68 to 65535", () -> bridge.withMtu(67));
        refused("mtu", "68 to 65535", () -> bridge.withMtu(65536));
        refused("address", "one receiver", () -> bridge.withAddress(MacAddress.of("01:00:5e:00:00:01")));
        refused("address", "one receiver", () -> bridge.withAddress(new MacAddress(0)));
        refused("address", "parent's", () -> NewLink.ipvlan("i0", "v0", LinkKind.Ipvlan.Layer.L2).withAddress(MAC));
        refused("address", "parent's", () -> NewLink.macvlan("m0", "v0", LinkKind.Macvlan.Mode.PASSTHRU).withAddress(MAC));
        refused("address", "no hardware address", () -> NewLink.wireguard("wg0").withAddress(MAC));
        refused("id", "0 to 4094", () -> NewLink.vlan("v", "v0", 4095));
        refused("id", "0 to 16777215", () -> NewLink.vxlan("v", 0x1000000, v4));
        refused("port", "1 to 65535", () -> new LinkKind.Vxlan(1, 0, v4, null, null));
        refused("remote", "parent", () -> new LinkKind.Vxlan(1, 4789, group, null, null));
        refused("local", "family", () -> new LinkKind.Vxlan(1, 4789, v4, v6, null));
        refused("local", "multicast", () -> new LinkKind.Vxlan(1, 4789, null, group, null));
        refused("name", "1 to 15 bytes", () -> NewLink.veth("v0", "a name"));
        refused("name", "1 to 127 bytes", () -> inside.links().addAlternativeName("lo", "x".repeat(128)));
        refused("mtu", "0 to 65520", () -> Route.toAny(IpFamily.V4).withMtu(65521));
        refused("tos", "IPv6", () -> Route.toAny(IpFamily.V6).withTos(16));
        refused("tos", "0 to 255", () -> Route.toAny(IpFamily.V4).withTos(256));
        refused("protocol", "0 to 255", () -> PolicyRule.lookup(IpFamily.V4, 1, 7).withProtocol(256));
        refused("mark", "mask", () -> PolicyRule.lookup(IpFamily.V4, 1, 7).withMark(8, 7));
        refused("preferred", "longer", () -> AddressAttributes.NONE.withLifetimes(Duration.ofSeconds(5), Duration.ofSeconds(6)));
        refused("valid", "whole seconds", () -> AddressAttributes.NONE.withLifetimes(Duration.ofMillis(5500), Duration.ofSeconds(5)));
        refused("label", "15 bytes", () -> AddressAttributes.NONE.withLabel("x".repeat(16)));
        refused("label", "IPv6", () -> new LinkAddress("v0", v6, 64).withAttributes(AddressAttributes.NONE.withLabel("v0:x")));
        refused("broadcast", "IPv4", () -> new LinkAddress("v0", v4, 24).withAttributes(AddressAttributes.NONE.withBroadcast(v6)));
    }

    private static void refused(String name, String range, ThrowingCallable call) {
        assertThatThrownBy(call).isInstanceOf(IllegalArgumentException.class).hasMessageContaining(name).hasMessageContaining(range);
    }

    @Test
    void builtRulesAndRoutesAreThoseOfIp() throws IOException {
        ip("link add v0 type veth peer name v1");
        ip("link set v0 up");
        ip("link set v1 up");
        ip("addr add 10.9.0.1/24 dev v0");
        InetAddress router = InetAddress.getByName("10.9.0.2");
        inside.routes().add(Route.to(InetAddress.getByName("10.5.0.0"), 16).withGateway(router).withLink("v0").withTable(1000).withMetric(7)
                .withSource(InetAddress.getByName("10.9.0.1")).withMtu(1300).withProtocol(4));
        inside.routes().add(Route.toAny(IpFamily.V4).withType(Route.Type.PROHIBIT).withTable(1000));
        RuleSelector selector = RuleSelector.NONE.andFrom(InetAddress.getByName("10.0.0.0"), 8).andTo(InetAddress.getByName("192.0.2.0"), 24)
                .andIncoming("v0").andTos(0x10).not();
        inside.rules().add(PolicyRule.lookup(IpFamily.V4, 77, 1000).withMark(7, 15).withSelector(selector).withProtocol(4));
        inside.rules().add(PolicyRule.act(IpFamily.V4, 78, PolicyRule.Action.PROHIBIT).withSelector(RuleSelector.incoming("v1")));

        assertThat(ip("-4 route show table 1000").replaceAll("\\s+", " ")).contains("prohibit default")
                .contains("10.5.0.0/16 via 10.9.0.2 dev v0 proto static src 10.9.0.1 metric 7 mtu 1300");
        assertThat(ip("rule").replaceAll("\\s+", " ").replace("tos lowdelay", "tos 0x10")).contains("77: not from 10.0.0.0/8 to 192.0.2.0/24 tos 0x10 fwmark 0x7/0xf iif v0 lookup 1000 proto static")
                .contains("78: from all iif v1 prohibit");
    }

    @Test
    void alternativeNamesComeAndGo() throws IOException {
        ip("link add v0 type veth peer name v1");
        inside.links().addAlternativeName("v0", "an-alternative-and-longer-name");

        assertThat(ip("-o link show v0")).contains("altname an-alternative-and-longer-name");
        assertThat(inside.links().get("an-alternative-and-longer-name").name()).isEqualTo("v0");
        assertThatThrownBy(() -> inside.links().addAlternativeName("v1", "an-alternative-and-longer-name"))
                .isInstanceOfSatisfying(NetlinkException.class, e -> assertThat(e.alreadyExists()).isTrue());
        inside.links().deleteAlternativeName("an-alternative-and-longer-name", "an-alternative-and-longer-name");
        assertThat(ip("-o link show v0")).doesNotContain("altname");
        assertThatThrownBy(() -> inside.links().deleteAlternativeName("v0", "an-alternative-and-longer-name"))
                .isInstanceOfSatisfying(NetlinkException.class, e -> assertThat(e.notFound()).isTrue());
    }

    @Test
    void statisticsAreThoseOfIp() throws IOException {
        ip("link add v0 type veth peer name v1");
        inside.links().up("v0");
        inside.links().up("v1");
        ip("addr add 10.9.0.1/24 dev v0");
        ip("neigh add 10.9.0.2 lladdr 02:00:5e:00:53:02 dev v0 nud permanent");
        pod.run(() -> {
            try (DatagramSocket socket = new DatagramSocket()) {
                for (int i = 0; i < 100; i++) {
                    socket.send(new DatagramPacket(new byte[1000], 1000, InetAddress.getByName("10.9.0.2"), 9));
                }
            }
        });
        Map<String, LinkStatistics> all = inside.links().statistics();
        LinkStatistics sent = Objects.requireNonNull(all.get("v0"));

        assertThat(all.keySet()).containsExactlyElementsOf(inside.links().list().stream().map(Link::name).toList());
        assertThat(sent.sentPackets()).isGreaterThanOrEqualTo(100);
        assertThat(sent.sentBytes()).isGreaterThan(100_000);
        ip("link set v1 down"); // nothing more is received
        ip("link set v0 down");
        for (String name : List.of("v0", "v1")) {
            LinkStatistics ours = inside.links().statistics(name);
            Matcher numbers = Pattern.compile("RX:[^\\d]*(\\d+) +(\\d+) +(\\d+) +(\\d+) +(\\d+) +(\\d+).*?TX:[^\\d]*(\\d+) +(\\d+) +(\\d+) +(\\d+) +(\\d+) +(\\d+)", Pattern.DOTALL)
                    .matcher(ip("-s link show " + name));
            assertThat(numbers.find()).isTrue();
            assertThat(List.of(ours.receivedBytes(), ours.receivedPackets(), ours.receiveErrors(), ours.receiveDropped(), ours.receiveMissed(), ours.receivedMulticast(),
                    ours.sentBytes(), ours.sentPackets(), ours.sendErrors(), ours.sendDropped()))
                    .isEqualTo(List.of(1, 2, 3, 4, 5, 6, 7, 8, 9, 10).stream().map(group -> Long.parseLong(numbers.group(group))).toList());
        }
        assertThat(inside.links().statistics("v1").receivedBytes()).isEqualTo(inside.links().statistics("v0").sentBytes());
    }
}
