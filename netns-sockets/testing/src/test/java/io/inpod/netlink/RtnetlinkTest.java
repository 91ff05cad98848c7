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
import java.util.stream.IntStream;
import org.assertj.core.api.InstanceOfAssertFactories;
import org.junit.jupiter.api.Test;

/** The oracle is {@code ip}. */
@Pods(2)
class RtnetlinkTest {
    private static final PolicyRule RULE = new PolicyRule(IpFamily.V4, 32764, 0x111, 0xfff, 100);

    @Test
    void podsReachEachOther(PodNetwork network) throws IOException {
        assertThat(Tool.run(network.node(), "ip", "-o", "link", "show", "master", "br0")).contains("veth0@").contains("veth1@");
        assertThat(Tool.run(network.pod(0).namespace(), "ip", "-o", "addr", "show", "dev", "eth0")).contains("inet 10.77.0.2/24");
        assertThat(Tool.run(network.pod(0).namespace(), "ip", "route")).contains("default via 10.77.0.1 dev eth0");
        assertThat(Tool.run(network.pod(0).namespace(), "ip", "-o", "link", "show", "lo")).contains("UP");
    }

    @Test
    void rulesAndRoutesOfPolicyRouting(PodNetwork network) throws IOException {
        NetworkNamespace pod = network.pod(0).namespace();
        Route route = Route.localDefault(IpFamily.V4, "lo", 100);
        try (Rtnetlink rtnetlink = Rtnetlink.open(pod)) {
            rtnetlink.rules().add(RULE);
            rtnetlink.routes().add(route);

            assertThat(Tool.run(pod, "ip", "rule")).contains("32764:\tfrom all fwmark 0x111/0xfff lookup 100");
            assertThat(Tool.run(pod, "ip", "route", "show", "table", "100")).startsWith("local default dev lo").contains("scope host");
            assertThat(rtnetlink.rules().list(IpFamily.V4)).contains(RULE);
            assertThat(rtnetlink.routes().list(IpFamily.V4, 100)).containsExactly(route);
            assertThatThrownBy(() -> rtnetlink.rules().add(RULE))
                    .asInstanceOf(InstanceOfAssertFactories.type(NetlinkException.class)).matches(NetlinkException::alreadyExists);

            rtnetlink.routes().delete(route);
            rtnetlink.rules().delete(RULE);

            assertThat(Tool.run(pod, "ip", "rule")).doesNotContain("0x111");
            assertThat(rtnetlink.routes().list(IpFamily.V4, 100)).isEmpty();
            assertThatThrownBy(() -> rtnetlink.rules().delete(RULE))
                    .asInstanceOf(InstanceOfAssertFactories.type(NetlinkException.class)).matches(NetlinkException::notFound);
            assertThatThrownBy(() -> rtnetlink.routes().delete(route))
                    .asInstanceOf(InstanceOfAssertFactories.type(NetlinkException.class)).matches(NetlinkException::notFound);
        }
    }

    @Test
    void bothFamiliesAndLargeTables(PodNetwork network) throws IOException {
        NetworkNamespace pod = network.pod(0).namespace();
        try (Rtnetlink rtnetlink = Rtnetlink.open(pod)) {
            PolicyRule rule = new PolicyRule(IpFamily.V6, 32764, 0x111, 0xfff, 70_000);
            rtnetlink.rules().add(rule);
            rtnetlink.routes().add(Route.localDefault(IpFamily.V6, "lo", 70_000));
            rtnetlink.addresses().add("eth0", InetAddress.getByName("fd00::2"), 64);

            assertThat(rtnetlink.rules().list(IpFamily.V6)).contains(rule);
            assertThat(Tool.run(pod, "ip", "-6", "rule")).contains("fwmark 0x111/0xfff lookup 70000");
            assertThat(Tool.run(pod, "ip", "-6", "route", "show", "table", "70000")).startsWith("local default dev lo");
            assertThat(Tool.run(pod, "ip", "-6", "-o", "addr", "show", "dev", "eth0")).contains("fd00::2/64").doesNotContain("tentative fd00");
        }
    }

    @Test
    void anErrorNamesTheRequestAndTheKernelsReason(PodNetwork network) throws IOException {
        NetworkNamespace pod = network.pod(0).namespace();
        try (Rtnetlink rtnetlink = Rtnetlink.open(pod)) {
            assertThatThrownBy(() -> rtnetlink.links().up("eth7"))
                    .hasMessageContaining("find link on eth7 in " + pod).hasMessageContaining("(ENODEV, 19)");
            assertThatThrownBy(() -> rtnetlink.routes().add(Route.via(InetAddress.getByName("192.0.2.1"))))
                    .hasMessageContaining("add route on default via 192.0.2.1 in " + pod)
                    .hasMessageContaining("ENETUNREACH")
                    .hasMessageContaining("\"Nexthop has invalid gateway\"");
            assertThatThrownBy(() -> rtnetlink.links().createBridge("eth0")).hasMessageContaining("EEXIST");
        }
    }

    @Test
    void aLongListIsComplete(PodNetwork network) throws IOException {
        try (Rtnetlink rtnetlink = Rtnetlink.open(network.pod(0).namespace())) {
            rtnetlink.rules().addAll(IntStream.range(0, 3000).mapToObj(i -> new PolicyRule(IpFamily.V4, 1000 + i, i + 1, -1, 100)).toList());
            assertThat(rtnetlink.rules().list(IpFamily.V4)).filteredOn(rule -> rule.table() == 100).hasSize(3000);
        }
    }

    @Test
    void deletingALinkDeletesItsPeer(PodNetwork network) throws IOException {
        try (Rtnetlink node = Rtnetlink.open(network.node());
                Rtnetlink pod = Rtnetlink.open(network.pod(1).namespace())) {
            node.links().delete("veth1");

            assertThat(pod.links().list()).extracting(Link::name).containsExactly("lo");
        }
    }

    @Test
    void aNamespaceHasAnIdWhereItWasGivenOne(PodNetwork network) throws IOException {
        try (NetworkNamespace named = NetworkNamespace.create("numbered");
                Rtnetlink node = Rtnetlink.open(network.node());
                Rtnetlink pod = Rtnetlink.open(network.pod(1).namespace())) {
            assertThat(node.namespaceId(named)).isEmpty();

            // `ip netns set` gives the id in the namespace that it runs in: the node's
            Tool.run(network.node(), "ip", "netns", "set", "numbered", "4711");

            assertThat(node.namespaceId(named)).hasValue(4711);
            assertThat(pod.namespaceId(named)).isEmpty();
        } finally {
            NetworkNamespace.delete("numbered");
        }
    }

    @Test
    void theCurrentNamespaceNeedsNoSwitch() throws IOException {
        try (NetworkNamespace own = NetworkNamespace.current(); Rtnetlink opened = Rtnetlink.open(own);
                Rtnetlink current = new Rtnetlink(NetlinkSocket.current(NetlinkSocket.ROUTE))) {
            assertThat(current.links().list()).isEqualTo(opened.links().list()).isNotEmpty();
            assertThatThrownBy(() -> current.links().up("nosuch")).hasMessageContaining("find link on nosuch in network namespace " + own.identity());
        }
    }
}
