package io.inpod.netlink;

import static org.assertj.core.api.Assertions.assertThat;

import io.inpod.netlink.qdisc.Netem;
import io.inpod.netlink.qdisc.Qdiscs;
import io.inpod.netns.IpFamily;
import io.inpod.netns.internal.NetlinkStructs.FibRule;
import io.inpod.netns.internal.NetlinkStructs.Ifaddrmsg;
import io.inpod.netns.internal.NetlinkStructs.Ifinfomsg;
import io.inpod.netns.internal.NetlinkStructs.Ndmsg;
import io.inpod.netns.internal.NetlinkStructs.Nlmsghdr;
import io.inpod.netns.internal.NetlinkStructs.Rtmsg;
import io.inpod.netns.internal.NetlinkStructs.Tcmsg;
import io.inpod.netns.internal.StructLayout;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvFileSource;

/** Our requests equal those of {@code ip}, which {@code record.sh} in the test resources has recorded. */
class RecordedRequestsTest {
    private static final PolicyRule MARKED = new PolicyRule(IpFamily.V4, 32764, 0x111, 0xfff, 100);

    private interface Action {
        void on(Rtnetlink network) throws IOException;
    }

    private interface QdiscAction {
        void on(Qdiscs qdiscs) throws IOException;
    }

    private static final Map<String, Action> ACTIONS = new TreeMap<>();
    private static final Map<String, QdiscAction> QDISCS = Map.of(
            "qdisc-delete", q -> q.delete("v0"),
            "qdisc-netem", q -> q.add("v0", Netem.NONE.withDelay(Duration.ofMillis(80), Duration.ofMillis(10)).withLoss(0.5).withDuplicate(1)
                    .withReorder(25).withCorrupt(0.1).withRate(1_000_000)));

    static {
        ACTIONS.put("address-add", n -> n.addresses().add("v0", ip("192.0.2.1"), 24));
        ACTIONS.put("address-add-v6", n -> n.addresses().add("v0", ip("2001:db8::1"), 64));
        ACTIONS.put("address-delete", n -> n.addresses().delete(new LinkAddress("v0", ip("192.0.2.1"), 24)));
        ACTIONS.put("link-up", n -> n.links().up("v0"));
        ACTIONS.put("link-down", n -> n.links().down("br0"));
        ACTIONS.put("link-master", n -> n.links().setMaster("v0", "br0"));
        ACTIONS.put("link-no-master", n -> n.links().clearMaster("v0"));
        ACTIONS.put("link-mtu", n -> n.links().setMtu("v0", 1400));
        ACTIONS.put("link-address", n -> n.links().setAddress("v0", MacAddress.of("02:00:5e:00:53:01")));
        ACTIONS.put("link-add-bridge", n -> n.links().createBridge("br1"));
        ACTIONS.put("link-add-veth", n -> n.links().createVeth("a0", "a1"));
        ACTIONS.put("link-add-dummy", n -> n.links().create(NewLink.dummy("d0")));
        ACTIONS.put("link-add-wireguard", n -> n.links().create(NewLink.wireguard("wg0")));
        ACTIONS.put("link-add-vlan", n -> n.links().create(NewLink.vlan("vlan7", "v0", 7).withMtu(1400)));
        ACTIONS.put("link-add-macvlan", n -> n.links().create(NewLink.macvlan("m0", "v0", LinkKind.Macvlan.Mode.BRIDGE).withAddress(MacAddress.of("02:00:5e:00:53:07"))));
        ACTIONS.put("link-add-ipvlan", n -> n.links().create(NewLink.ipvlan("i0", "v0", LinkKind.Ipvlan.Layer.L3).up()));
        ACTIONS.put("link-add-vxlan", n -> n.links().create(new NewLink("vx0",
                new LinkKind.Vxlan(42, LinkKind.Vxlan.PORT, ip("192.0.2.9"), ip("10.9.0.1"), "v0"), 0, null, null, false)));
        ACTIONS.put("link-add-vxlan-v6", n -> n.links().create(NewLink.vxlan("vx1", 43, ip("2001:db8::9"))));
        ACTIONS.put("link-altname", n -> n.links().addAlternativeName("v0", "another-name"));
        ACTIONS.put("link-no-altname", n -> n.links().deleteAlternativeName("v0", "another-name"));
        ACTIONS.put("address-lifetimes", n -> n.addresses().add(new LinkAddress("v0", ip("192.0.2.5"), 32).withPeer(ip("192.0.2.6"))
                .withAttributes(AddressAttributes.NONE.withLifetimes(Duration.ofSeconds(600), Duration.ofSeconds(300)).withoutPrefixRoute())));
        ACTIONS.put("route-several", n -> n.routes().add(Route.to(ip("10.10.0.0"), 16).withSource(ip("10.9.0.1")).withProtocol(4).withMtu(1400)
                .withHops(List.of(new NextHop(ip("10.9.0.2"), null, 3, false), NextHop.via(ip("10.9.0.3"))))));
        ACTIONS.put("route-onlink", n -> n.routes().add(Route.to(ip("10.11.0.0"), 16).withTos(0x10).withGateway(ip("192.0.2.77")).withLink("v0").withOnlink()
                .withMetric(5)));
        ACTIONS.put("link-delete", n -> n.links().delete("a0"));
        ACTIONS.put("route-add", n -> n.routes().add(new Route(IpFamily.V4, Route.Type.UNICAST, ip("10.5.0.0"), 16, ip("10.9.0.2"), "v0", 1000, 7)));
        ACTIONS.put("route-add-default", n -> n.routes().add(Route.via(ip("10.9.0.2"))));
        ACTIONS.put("route-add-link", n -> n.routes().add(new Route(IpFamily.V4, Route.Type.UNICAST, ip("10.6.0.0"), 16, null, "v0", Route.MAIN)));
        ACTIONS.put("route-add-local", n -> n.routes().add(Route.localDefault(IpFamily.V4, "lo", 100)));
        ACTIONS.put("route-add-local-v6", n -> n.routes().add(Route.localDefault(IpFamily.V6, "lo", 100)));
        ACTIONS.put("route-add-v6", n -> n.routes().add(Route.via(ip("2001:db8:5::"), 48, ip("fd09::2"))));
        ACTIONS.put("route-blackhole", n -> n.routes().add(nowhere(Route.Type.BLACKHOLE, "10.7.0.0")));
        ACTIONS.put("route-unreachable", n -> n.routes().add(nowhere(Route.Type.UNREACHABLE, "10.8.0.0")));
        ACTIONS.put("route-replace", n -> n.routes().replace(Route.via(ip("10.6.0.0"), 16, ip("10.9.0.3"))));
        ACTIONS.put("route-delete", n -> n.routes().delete(new Route(IpFamily.V4, Route.Type.UNICAST, ip("10.5.0.0"), 16, ip("10.9.0.2"), "v0", 1000, 7)));
        ACTIONS.put("rule-add", n -> n.rules().add(MARKED));
        ACTIONS.put("rule-add-v6", n -> n.rules().add(new PolicyRule(IpFamily.V6, 32764, 0x111, 0xfff, 70_000)));
        ACTIONS.put("rule-add-from", n -> n.rules().add(rule(10, PolicyRule.Action.LOOKUP, 100,
                new RuleSelector(ip("10.0.0.0"), 8, ip("192.0.2.0"), 24, "v0", null, false, 0, Set.of()))));
        ACTIONS.put("rule-add-not", n -> n.rules().add(rule(11, PolicyRule.Action.LOOKUP, 100,
                new RuleSelector(ip("10.0.0.0"), 8, null, 0, null, "v1", true, 0, Set.of()))));
        ACTIONS.put("rule-prohibit", n -> n.rules().add(rule(12, PolicyRule.Action.PROHIBIT, 0, RuleSelector.from(ip("10.3.0.0"), 16))));
        ACTIONS.put("rule-delete", n -> n.rules().delete(MARKED));
        ACTIONS.put("neighbour-add", n -> n.neighbours().add(Neighbour.permanent("v0", ip("10.9.0.7"), MacAddress.of("02:00:5e:00:53:02"))));
        ACTIONS.put("neighbour-delete", n -> n.neighbours().delete(Neighbour.permanent("v0", ip("10.9.0.7"), MacAddress.of("02:00:5e:00:53:02"))));
        ACTIONS.put("address-list", n -> n.addresses().list(IpFamily.V4));
    }

    @ParameterizedTest
    @CsvFileSource(delimiter = ':', resources = "/io/inpod/netlink/ip-requests.txt")
    void isWhatIpSends(String name, String recording) throws IOException {
        Action action = ACTIONS.get(name);
        QdiscAction qdisc = QDISCS.get(name);
        assertThat(action != null || qdisc != null).as(name).isTrue();
        FakeKernel kernel = new FakeKernel(Map.of("lo", 1, "v1", 2, "v0", 3, "br0", 4, "a0", 7));
        Rtnetlink network = new Rtnetlink(kernel.socket());
        if (name.matches("(address|route|rule)-delete")) { // only what is there can be deleted
            Objects.requireNonNull(ACTIONS.get(name.replace("delete", "add"))).on(network);
        }

        if (action != null) {
            action.on(network);
        } else {
            qdisc.on(Qdiscs.over(kernel.socket()));
        }

        // a list of addresses is followed by one of links, for their names
        FakeKernel.Sent sent = kernel.sent.get(name.equals("address-list") ? 0 : kernel.sent.size() - 1);
        Map<String, String> expected = fields(HexFormat.of().parseHex(recording.split(" ")[0]));
        if (name.endsWith("-delete")) { // ip would delete a route of any type, scope and maker, and a rule with any action
            expected.replace("rtm_type", "1");
            expected.replace("rtm_scope", "0");
            expected.replace("rtm_protocol", "3");
            expected.replace("action", "1");
        }
        assertThat(fields(sent.bytes())).isEqualTo(expected);
    }

    /** Everything except the sequence number and the order of attributes. */
    private static Map<String, String> fields(byte[] message) {
        ByteBuffer buffer = ByteBuffer.wrap(message).order(ByteOrder.nativeOrder());
        Map<String, String> fields = new TreeMap<>();
        int type = Nlmsghdr.TYPE.get(buffer, 0);
        fields.put("type", Integer.toString(type));
        fields.put("flags", Integer.toHexString(Nlmsghdr.FLAGS.get(buffer, 0)));
        fields.put("port", Integer.toString(Nlmsghdr.PORT.get(buffer, 0)));
        StructLayout struct = switch (type & ~3) {
            case 16 -> Ifinfomsg.STRUCT;
            case 20 -> Ifaddrmsg.STRUCT;
            case 24 -> Rtmsg.STRUCT;
            case 28 -> Ndmsg.STRUCT;
            case 36 -> Tcmsg.STRUCT;
            case 108 -> Ifinfomsg.STRUCT;
            default -> FibRule.STRUCT;
        };
        struct.fields().forEach(field -> fields.put(field.name(), Integer.toString(field.get(buffer, Nlmsghdr.STRUCT.size()))));
        attributes(struct == Ifinfomsg.STRUCT, "", buffer, Nlmsghdr.STRUCT.size() + struct.size(), fields);
        fields.values().removeIf(value -> value.matches("0{32}")); // ::/0 is the same as no destination
        return fields;
    }

    private static void attributes(boolean link, String path, ByteBuffer buffer, int start, Map<String, String> fields) {
        Wire.attributes(buffer, start).forEach((attribute, value) -> {
            String name = path + "/" + attribute;
            switch (link ? name : "") {
                case "/18", "/18/2" -> attributes(true, name, value, 0, fields);
                case "/18/2/1" -> attributes(true, name, value, Ifinfomsg.STRUCT.size(), fields);
                case "/3", "/18/1", "/18/2/1/3" -> fields.put(name, String.valueOf(NetlinkMessage.string(value)));
                default -> fields.put(name, HexFormat.of().formatHex(NetlinkMessage.bytes(value)));
            }
        });
    }

    private static Route nowhere(Route.Type type, String network) throws IOException {
        return new Route(IpFamily.V4, type, ip(network), 16, null, null, Route.MAIN);
    }

    private static PolicyRule rule(int priority, PolicyRule.Action action, int table, RuleSelector selector) {
        return new PolicyRule(IpFamily.V4, priority, 0, 0, action, table, selector);
    }

    private static InetAddress ip(String text) throws IOException {
        return InetAddress.getByName(text);
    }
}
