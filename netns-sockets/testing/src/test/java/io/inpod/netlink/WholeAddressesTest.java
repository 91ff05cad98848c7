package io.inpod.netlink;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.inpod.netns.IpFamily;
import io.inpod.netns.testing.Pods;
import java.io.IOException;
import java.net.InetAddress;
import java.util.List;
import org.assertj.core.api.InstanceOfAssertFactories;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Addresses with a peer, lifetimes and the rest; {@code ip} makes them, and judges. */
@Pods(0)
@Timeout(120)
class WholeAddressesTest extends IpScene {
    @BeforeEach
    void twoLinks() throws IOException {
        ip("link add tun0 type veth peer name far");
        ip("link set tun0 up");
        ip("link set far up");
    }

    /** The addresses and the routes that belong to them; a lifetime by its first two digits of four. */
    private String state() throws IOException {
        return ip("-o addr show dev tun0").lines().filter(line -> !line.contains("fe80"))
                .map(line -> line.replaceAll("_lft (\\d)\\d+sec", "_lft $1...sec").replace(" dynamic", "").replaceAll(" +", " ")).sorted().toList()
                + ip("-4 route show table all dev tun0")
                + ip("-6 route show dev tun0").lines().filter(line -> !line.contains("fe80"))
                        .map(line -> line.replaceAll("expires (\\d)\\d+sec", "expires $1...sec")).toList();
    }

    private List<LinkAddress> listed(IpFamily family) throws IOException {
        return inside.addresses().list(family).stream().filter(found -> found.link().equals("tun0") && !found.address().isLinkLocalAddress()).toList();
    }

    @ParameterizedTest
    @ValueSource(strings = {
        "10.0.0.1/24", "10.0.0.1 peer 10.0.0.2/32", "10.0.0.1 peer 10.9.0.0/24", "10.0.0.1/24 broadcast 10.0.0.255 label tun0:x",
        "10.0.0.1/24 scope link", "10.0.0.1/24 noprefixroute", "10.0.0.1/24 valid_lft 9999 preferred_lft 5555", "127.0.0.9/8",
        "10.0.0.1/24 valid_lft 9999 preferred_lft 0",
        "2001:db8::1/64 nodad", "2001:db8::1 peer 2001:db8::2/128 nodad", "2001:db8::1 peer 2001:db8:9::/64 nodad",
        "2001:db8::1/64 nodad valid_lft 9999 preferred_lft 5555 noprefixroute"
    })
    void comesBackAsItWas(String address) throws IOException {
        ip("addr add " + address + " dev tun0");
        String before = state();
        IpFamily family = address.contains(":") && !address.contains("tun0:") ? IpFamily.V6 : IpFamily.V4;
        List<LinkAddress> listed = listed(family);

        assertThat(listed).singleElement().matches(only -> only.attributes().others().isEmpty());
        inside.addresses().delete(listed.get(0));
        assertThat(listed(family)).isEmpty();
        inside.addresses().add(listed.get(0));

        assertThat(state()).isEqualTo(before);
    }

    @Test
    void anAddressWithAnotherPeerStays() throws IOException {
        ip("addr add 10.0.0.1 peer 10.9.0.0/24 dev tun0");
        ip("addr add 2001:db8::1 peer 2001:db8::2/64 dev tun0 nodad");
        String before = state();

        for (String text : new String[] {"10.0.0.1", "2001:db8::1"}) {
            LinkAddress plain = new LinkAddress("tun0", InetAddress.getByName(text), text.contains(":") ? 64 : 24);
            assertThatThrownBy(() -> inside.addresses().delete(plain)).asInstanceOf(InstanceOfAssertFactories.type(NetlinkException.class))
                    .matches(NetlinkException::notFound);
        }
        assertThat(state()).isEqualTo(before);
        assertThat(listed(IpFamily.V4).get(0)).hasToString("10.0.0.1 peer 10.9.0.0/24 dev tun0");
    }

    @ParameterizedTest
    @ValueSource(strings = {"2001:db8::1/64 home nodad", "2001:db8::1/64 mngtmpaddr nodad", "10.0.0.1/24 metric 7"})
    void whatIsntRepresentedIsRefused(String address) throws IOException {
        ip("addr add " + address + " dev tun0");
        String before = state();
        LinkAddress listed = listed(address.contains(":") ? IpFamily.V6 : IpFamily.V4).get(0);

        assertThatThrownBy(() -> inside.addresses().delete(listed)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> inside.addresses().add(listed)).isInstanceOf(IllegalArgumentException.class);
        assertThat(state()).isEqualTo(before);
    }

    @Test
    void linksAreFoundByAlternativeNames() throws IOException {
        String longest = "x".repeat(127);
        ip("link property add dev tun0 altname short-alt altname an-alternative-and-longer-name altname " + longest);

        for (String name : List.of("tun0", "short-alt", "an-alternative-and-longer-name", longest)) {
            assertThat(inside.links().get(name).name()).isEqualTo("tun0");
        }
        assertThat(inside.links().get("tun0").alternativeNames()).containsExactlyInAnyOrder("short-alt", "an-alternative-and-longer-name", longest);
        assertThat(inside.links().get("far").alternativeNames()).isEmpty();
        inside.links().down(longest);
        assertThat(ip("-o link show tun0")).contains("state DOWN");
        assertThat(inside.links().find("another-alternative-name")).isEmpty();
    }

    @Test
    void aPatternIsNoName() throws IOException {
        String before = ip("-br link");
        assertThatThrownBy(() -> inside.links().createBridge("br%d")).isInstanceOf(IllegalArgumentException.class).hasMessageContaining("pattern");
        assertThatThrownBy(() -> inside.links().createVeth("a%d", "b0")).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> inside.links().createVeth("a0", "b%d")).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> inside.links().createVeth("a0", "b%d", pod)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> inside.links().rename("far", "x%d")).isInstanceOf(IllegalArgumentException.class);
        assertThat(ip("-br link")).isEqualTo(before);
    }
}
