package io.inpod.netlink;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.inpod.netns.IpFamily;
import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.testing.PodNetwork;
import io.inpod.netns.testing.Pods;
import io.inpod.netns.testing.Tool;
import java.io.IOException;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.assertj.core.api.InstanceOfAssertFactories;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The oracle is {@code ip}. */
@Pods(1)
@Timeout(120)
class RtnetlinkObjectsTest {
    private static InetAddress ip(String text) throws IOException {
        return InetAddress.getByName(text);
    }

    @Test
    void linksChange(PodNetwork network) throws IOException {
        try (Rtnetlink node = Rtnetlink.open(network.node())) {
            Links links = node.links();
            links.createVeth("a0", "a1");
            links.setMtu("a0", 1400);
            links.setAddress("a0", MacAddress.of("02:00:5e:00:53:01"));
            links.rename("a0", "b0");
            links.setMaster("b0", PodNetwork.BRIDGE);
            links.up("b0");
            links.up("a1");

            assertThat(Tool.run(network.node(), "ip", "-o", "link", "show", "b0"))
                    .contains("mtu 1400", "02:00:5e:00:53:01", "master br0", "state UP");
            Link bridge = links.get(PodNetwork.BRIDGE);
            Link one = links.get("b0");
            Link other = links.get("a1");
            assertThat(bridge.kind()).isEqualTo("bridge");
            assertThat(one).isEqualTo(new Link(one.index(), "b0", true, 1400, true, "veth", MacAddress.of("02:00:5e:00:53:01"), bridge.index(),
                    other.index(), -1, List.of()));
            assertThat(links.list()).contains(one, other, bridge);

            links.clearMaster("b0");
            links.down("a1");

            assertThat(Tool.run(network.node(), "ip", "-o", "link", "show", "b0")).doesNotContain("master").contains("NO-CARRIER");
            assertThat(links.get("b0")).matches(link -> link.up() && !link.running() && link.master() == 0);
            assertThat(links.find("a0")).isEmpty();
            assertThatThrownBy(() -> links.rename("b0", "a1")).hasMessageContaining("EEXIST");
            assertThatThrownBy(() -> links.get("n".repeat(128))).isInstanceOf(IllegalArgumentException.class);
        }
    }

    @Test
    void aLinkMovesToAnotherNamespace(PodNetwork network) throws IOException {
        NetworkNamespace pod = network.pod(0).namespace();
        try (Rtnetlink node = Rtnetlink.open(network.node()); Rtnetlink inside = Rtnetlink.open(pod)) {
            node.links().createVeth("a0", "a1");

            node.links().moveTo("a1", pod);

            assertThat(Tool.run(pod, "ip", "-o", "link")).contains("a1@");
            assertThat(node.links().find("a1")).isEmpty();
            Link left = node.links().get("a0");
            assertThat(left.peer()).isEqualTo(inside.links().get("a1").index());
            assertThat(left.peerNamespace()).isNotNegative();
        }
    }

    @Test
    void addresses(PodNetwork network) throws IOException {
        NetworkNamespace pod = network.pod(0).namespace();
        try (Rtnetlink inside = Rtnetlink.open(pod)) {
            LinkAddress four = new LinkAddress("lo", ip("192.0.2.1"), 32);
            LinkAddress six = new LinkAddress("eth0", ip("2001:db8::1"), 64);
            inside.addresses().add(four);
            inside.addresses().add(six);

            assertThat(Tool.run(pod, "ip", "-o", "address")).contains("192.0.2.1/32", "2001:db8::1/64");
            assertThat(inside.addresses().list(IpFamily.V4)).contains(four, new LinkAddress("eth0", network.pod(0).address(), 24));
            assertThat(inside.addresses().list(IpFamily.V6)).contains(six, new LinkAddress("lo", ip("::1"), 128)).doesNotContain(four);

            inside.addresses().delete(four);
            inside.addresses().delete(six);

            assertThat(Tool.run(pod, "ip", "-o", "address")).doesNotContain("192.0.2.1/32", "2001:db8::1/64");
            assertThatThrownBy(() -> inside.addresses().delete(six))
                    .asInstanceOf(InstanceOfAssertFactories.type(NetlinkException.class)).matches(NetlinkException::notFound);
        }
    }

    @Test
    void routes(PodNetwork network) throws IOException {
        NetworkNamespace pod = network.pod(0).namespace();
        InetAddress gateway = ip("10.77.0.1");
        try (Rtnetlink inside = Rtnetlink.open(pod)) {
            inside.addresses().add("eth0", ip("fd77::2"), 64);
            Route blackhole = new Route(IpFamily.V4, Route.Type.BLACKHOLE, ip("10.5.0.0"), 16, null, null, 100_000);
            Route unreachable = new Route(IpFamily.V4, Route.Type.UNREACHABLE, ip("10.6.0.0"), 16, null, null, 100_000);
            Route low = new Route(IpFamily.V4, Route.Type.UNICAST, ip("10.7.0.0"), 16, gateway, "eth0", 100_000, 5);
            Route high = new Route(IpFamily.V4, Route.Type.UNICAST, ip("10.7.0.0"), 16, gateway, "eth0", 100_000, 6);
            Route six = new Route(IpFamily.V6, Route.Type.UNICAST, ip("2001:db8:5::"), 48, ip("fd77::1"), "eth0", 100_000);
            inside.routes().addAll(List.of(blackhole, unreachable, low, high, six));

            assertThat(Tool.run(pod, "ip", "route", "show", "table", "100000"))
                    .contains("blackhole 10.5.0.0/16", "unreachable 10.6.0.0/16", "10.7.0.0/16 via 10.77.0.1 dev eth0 metric 5", "metric 6");
            assertThat(Tool.run(pod, "ip", "-6", "route", "show", "table", "100000")).contains("2001:db8:5::/48 via fd77::1 dev eth0 metric 1024");
            assertThat(inside.routes().list(IpFamily.V4, 100_000)).containsExactly(blackhole, unreachable, low, high);
            assertThat(inside.routes().list(IpFamily.V6, 100_000)).containsExactly(six);
            assertThat(inside.routes().list(IpFamily.V4)).contains(blackhole, low);
            assertThat(inside.routes().list(IpFamily.V4, 99)).isEmpty();
            assertThat(inside.routes().list(IpFamily.V6, 99)).isEmpty();

            inside.routes().replace(new Route(IpFamily.V4, Route.Type.UNICAST, ip("10.7.0.0"), 16, ip("10.77.0.9"), "eth0", 100_000, 5));
            inside.routes().delete(high);

            assertThat(Tool.run(pod, "ip", "route", "show", "table", "100000")).contains("via 10.77.0.9").doesNotContain("via 10.77.0.1");
        }
    }

    @Test
    void rulesWithOtherSelectorsAreNotMistakenForPlainOnes(PodNetwork network) throws IOException {
        NetworkNamespace pod = network.pod(0).namespace();
        PolicyRule plain = new PolicyRule(IpFamily.V4, 100, 0x111, 0xfff, 100);
        try (Rtnetlink inside = Rtnetlink.open(pod)) {
            for (List<String> more : List.of(List.of("from", "10.0.0.0/8"), List.of("to", "10.0.0.0/8"), List.of("iif", "eth0"), List.of("oif", "eth0"),
                    List.of("not"), List.of("tos", "0x10"), List.of("ipproto", "tcp"), List.of("sport", "80"), List.of("dport", "80"),
                    List.of("uidrange", "0-1"), List.of("suppress_prefixlength", "0"))) {
                List<String> command = new ArrayList<>(List.of("ip", "rule", "add", "pref", "100", "fwmark", "0x111/0xfff", "lookup", "100"));
                command.addAll(3, more);
                Tool.run(pod, command.toArray(String[]::new));

                assertThat(inside.rules().list(IpFamily.V4)).as("%s", more).filteredOn(rule -> rule.priority() == 100)
                        .singleElement().isNotEqualTo(plain);

                Tool.run(pod, "ip", "rule", "delete", "pref", "100");
            }
            Tool.run(pod, "ip", "rule", "add", "pref", "100", "fwmark", "0x111/0xfff", "lookup", "100");
            assertThat(inside.rules().list(IpFamily.V4)).contains(plain);
        }
    }

    @Test
    void rulesOfAllKinds(PodNetwork network) throws IOException {
        NetworkNamespace pod = network.pod(0).namespace();
        List<PolicyRule> rules = List.of(
                new PolicyRule(IpFamily.V4, 10, 0, 0, PolicyRule.Action.LOOKUP, 70_000, RuleSelector.from(ip("10.0.0.0"), 8)),
                new PolicyRule(IpFamily.V4, 11, 0, 0, PolicyRule.Action.PROHIBIT, 0, RuleSelector.to(ip("192.0.2.0"), 24)),
                new PolicyRule(IpFamily.V4, 12, 0x1, 0x1, PolicyRule.Action.BLACKHOLE, 0, RuleSelector.incoming("eth0")),
                new PolicyRule(IpFamily.V4, 13, 0x1, 0x3, PolicyRule.Action.LOOKUP, 100,
                        new RuleSelector(null, 0, null, 0, null, "lo", true, 0x10, Set.of())),
                new PolicyRule(IpFamily.V6, 14, 0, 0, PolicyRule.Action.UNREACHABLE, 0, RuleSelector.from(ip("2001:db8::"), 32)));
        try (Rtnetlink inside = Rtnetlink.open(pod)) {
            inside.rules().addAll(rules);

            assertThat(Tool.run(pod, "ip", "rule")).contains("10:\tfrom 10.0.0.0/8 lookup 70000", "11:\tfrom all to 192.0.2.0/24 prohibit",
                    "12:\tfrom all fwmark 0x1/0x1 iif eth0 blackhole", "13:\tnot from all tos 0x10 fwmark 0x1/0x3 oif lo lookup 100");
            assertThat(Tool.run(pod, "ip", "-6", "rule")).contains("14:\tfrom 2001:db8::/32 unreachable");
            assertThat(inside.rules().list(IpFamily.V4)).containsAll(rules.subList(0, 4));
            assertThat(inside.rules().list(IpFamily.V6)).contains(rules.get(4)).hasSize(3);

            inside.rules().deleteAll(rules);

            assertThat(inside.rules().list(IpFamily.V4)).hasSize(3);
        }
    }

    @Test
    void neighbours(PodNetwork network) throws IOException {
        NetworkNamespace pod = network.pod(0).namespace();
        Neighbour four = Neighbour.permanent("eth0", ip("10.77.0.99"), MacAddress.of("02:00:5e:00:53:02"));
        Neighbour six = Neighbour.permanent("eth0", ip("fd77::99"), MacAddress.of("02:00:5e:00:53:03"));
        try (Rtnetlink inside = Rtnetlink.open(pod)) {
            inside.neighbours().add(four);
            inside.neighbours().add(six);

            assertThat(Tool.run(pod, "ip", "neighbour")).contains("10.77.0.99 dev eth0 lladdr 02:00:5e:00:53:02 PERMANENT", "fd77::99 dev eth0");
            assertThat(inside.neighbours().list(IpFamily.V4)).contains(four);
            assertThat(inside.neighbours().list(IpFamily.V6)).contains(six);
            assertThatThrownBy(() -> inside.neighbours().add(four))
                    .asInstanceOf(InstanceOfAssertFactories.type(NetlinkException.class)).matches(NetlinkException::alreadyExists);

            Tool.run(pod, "ip", "neighbour", "add", "fd77::98", "lladdr", "02:00:5e:00:53:05", "dev", "eth0", "router", "protocol", "99");
            Neighbour router = inside.neighbours().list(IpFamily.V6).stream().filter(entry -> !entry.others().isEmpty()).findFirst().orElseThrow();
            assertThat(router.others()).containsExactlyInAnyOrder("router", "proto");
            assertThatThrownBy(() -> inside.neighbours().replace(router)).isInstanceOf(IllegalArgumentException.class);

            inside.neighbours().replace(Neighbour.permanent("eth0", ip("10.77.0.99"), MacAddress.of("02:00:5e:00:53:04")));
            inside.neighbours().delete(six);

            assertThat(Tool.run(pod, "ip", "neighbour")).contains("02:00:5e:00:53:04").doesNotContain("fd77::99");
        }
    }

    @Test
    void anErrorSaysWhichAttribute(PodNetwork network) throws IOException {
        try (Rtnetlink inside = Rtnetlink.open(network.pod(0).namespace())) {
            Route wrong = new Route(IpFamily.V4, Route.Type.UNICAST, ip("10.5.0.1"), 16, null, "eth0", Route.MAIN);
            assertThatThrownBy(() -> inside.routes().add(wrong)).asInstanceOf(InstanceOfAssertFactories.type(NetlinkException.class))
                    .matches(e -> "Invalid prefix for given prefix length".equals(e.kernelMessage()));
            NetlinkRequest unknown = LinkMessages.header(new NetlinkRequest("add link", "x", LinkMessages.NEW, NetlinkRequest.CREATE), 0, 0, 0)
                    .string(LinkMessages.NAME, "x").bytes(LinkMessages.MTU, new byte[1]);
            try (NetlinkSocket socket = NetlinkSocket.open(network.node(), NetlinkSocket.ROUTE)) {
                assertThatThrownBy(() -> socket.execute(unknown)).asInstanceOf(InstanceOfAssertFactories.type(NetlinkException.class))
                        .matches(e -> e.offset().orElse(-1) == 40).extracting(Throwable::getMessage).asString().contains("at byte 40 of the request");
            }
        }
    }
}
