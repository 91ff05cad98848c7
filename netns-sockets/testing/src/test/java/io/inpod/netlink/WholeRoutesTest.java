package io.inpod.netlink;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.inpod.netns.IpFamily;
import io.inpod.netns.testing.Pods;
import io.inpod.netns.testing.Tool;
import java.io.IOException;
import java.net.InetAddress;
import java.util.List;
import java.util.stream.Collectors;
import org.assertj.core.api.InstanceOfAssertFactories;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Only the route that was meant is deleted, and what comes back is what was there; {@code ip} makes the routes, and judges. */
@Pods(0)
@Timeout(120)
class WholeRoutesTest extends IpScene {
    private static final int TABLE = 77;

    @BeforeEach
    void twoLinks() throws IOException {
        ip("link set lo up");
        ip("link add e0 type veth peer name e1");
        for (int i = 0; i < 2; i++) {
            ip("link set e" + i + " up");
            ip("address add 10." + i + ".0.1/24 dev e" + i);
            ip("address add 2001:db8:" + (i + 1) + "::1/64 dev e" + i + " nodad");
        }
    }

    /** The table's routes; ip complains about a table that never had any. */
    private String routes() throws IOException {
        String four = Tool.tryRun(pod, "ip", "-4", "route", "show", "table", "77").output();
        String six = Tool.tryRun(pod, "ip", "-6", "route", "show", "table", "77").output();
        return (four + six).lines().filter(line -> !line.matches("Error: .*|Dump terminated")).collect(Collectors.joining("\n"));
    }

    private static InetAddress address(String text) throws IOException {
        return text == null || text.isEmpty() ? null : InetAddress.getByName(text);
    }

    @ParameterizedTest
    @CsvSource({
        "10.5.0.0/24 via 10.0.0.2 dev e0,                                UNICAST,     10.5.0.0,, e0",
        "10.5.0.0/24 via 10.0.0.2 dev e0 src 10.0.0.1,                   UNICAST,     10.5.0.0,10.0.0.2, e0",
        "10.5.0.0/24 via 10.0.0.2 dev e0 mtu 1400,                       UNICAST,     10.5.0.0,10.0.0.2, e0",
        "10.5.0.0/24 via 10.0.0.2 dev e0 metric 7,                       UNICAST,     10.5.0.0,10.0.0.2, e0",
        "10.5.0.0/24 via 10.0.0.2 dev e0 proto static,                   UNICAST,     10.5.0.0,10.0.0.2, e0",
        "10.5.0.0/24 tos 0x10 via 10.0.0.2 dev e0,                       UNICAST,     10.5.0.0,10.0.0.2, e0",
        "10.5.0.0/24 via inet6 2001:db8:1::2 dev e0,                     UNICAST,     10.5.0.0,, e0",
        "10.5.0.0/24 nexthop via 10.0.0.2 nexthop via 10.1.0.2,          UNICAST,     10.5.0.0,10.0.0.2, e0",
        "local 10.5.0.0/24 dev lo,                                       UNREACHABLE, 10.5.0.0,,",
        "2001:db8:5::/64 via 2001:db8:1::2 dev e0,                       UNICAST,     2001:db8:5::,, e0",
        "2001:db8:5::/64 via 2001:db8:1::2 dev e0,                       BLACKHOLE,   2001:db8:5::,,",
        "2001:db8:5::/64 via 2001:db8:1::2 dev e0 metric 7,              UNICAST,     2001:db8:5::,2001:db8:1::2, e0",
        "2001:db8:5::/64 nexthop via 2001:db8:1::2 nexthop via 2001:db8:2::2, UNICAST, 2001:db8:5::,2001:db8:1::2, e0",
        "local 2001:db8:5::/64 dev lo,                                   UNREACHABLE, 2001:db8:5::,,",
        "unreachable 2001:db8:5::/64,                                    LOCAL,       2001:db8:5::,, lo",
    })
    void anAbsentRouteTakesNoOtherWithIt(String there, Route.Type type, String network, String gateway, String link) throws IOException {
        ip((network.contains(":") ? "-6" : "-4") + " route add table 77 " + there);
        String before = routes();
        InetAddress destination = address(network);
        Route absent = new Route(IpFamily.of(destination), type, destination, network.contains(":") ? 64 : 24, address(gateway), link, TABLE);

        assertThatThrownBy(() -> inside.routes().delete(absent)).asInstanceOf(InstanceOfAssertFactories.type(NetlinkException.class))
                .matches(NetlinkException::notFound).extracting(Throwable::getMessage).asString().contains("to this network there is");
        assertThat(routes()).isEqualTo(before).isNotEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {
        "10.5.0.0/24 dev e0", "default via 10.0.0.2", "local default dev lo", "unreachable 10.5.0.0/24 metric 4", "throw 10.5.0.0/24",
        "10.5.0.0/24 via 10.0.0.2 dev e0 src 10.0.0.1 proto static", "10.5.0.0/24 via 10.0.0.2 dev e0 mtu 1400",
        "10.5.0.0/24 via 172.16.0.1 dev e0 onlink", "10.5.0.0/24 tos 0x10 via 10.0.0.2 dev e0 metric 7",
        "10.5.0.0/24 via inet6 2001:db8:1::2 dev e0", "10.5.0.0/24 nexthop via 10.0.0.2 dev e0 weight 3 nexthop via 10.1.0.2 dev e1",
        "10.5.0.0/24 proto 99 src 10.1.0.1 mtu 1300 nexthop via 172.16.0.1 dev e0 onlink nexthop via inet6 2001:db8:2::2 dev e1",
        "2001:db8:5::/64 dev e0", "default via 2001:db8:1::2 metric 5", "local 2001:db8:5::/64 dev lo", "blackhole 2001:db8:5::/64",
        "2001:db8:5::/64 via 2001:db8:1::2 dev e0 src 2001:db8:1::1 proto static mtu 1400",
        "2001:db8:5::/64 via 2001:db8:9::2 dev e0 onlink",
        "2001:db8:5::/64 nexthop via 2001:db8:1::2 dev e0 weight 3 nexthop via 2001:db8:2::2 dev e1",
    })
    void comesBackAsItWas(String route) throws IOException {
        IpFamily family = route.contains("2001:db8") && !route.contains("inet6") ? IpFamily.V6 : IpFamily.V4;
        ip((family == IpFamily.V6 ? "-6" : "-4") + " route add table 77 " + route);
        String before = routes();
        List<Route> listed = inside.routes().list(family, TABLE);

        assertThat(listed).singleElement().matches(only -> only.others().isEmpty());
        inside.routes().deleteAll(listed);
        assertThat(routes()).isEmpty();
        inside.routes().addAll(listed);

        assertThat(routes()).isEqualTo(before);
        assertThat(inside.routes().list(family, TABLE)).isEqualTo(listed);
    }

    @ParameterizedTest
    @ValueSource(strings = {
        "-4 route add table 77 10.5.0.0/24 via 10.0.0.2 advmss 1000", "-4 route add table 77 10.5.0.0/24 via 10.0.0.2 mtu lock 1400",
        "-4 route add table 77 10.5.0.0/24 via 10.0.0.2 realm 5", "-6 route add table 77 2001:db8:5::/64 dev e0 expires 1000",
        "-6 route add table 77 2001:db8:5::/64 dev e0 pref high", "-6 route add table 77 2001:db8:5::/64 from 2001:db8:1::/64 dev e0",
        "-4 route add table 77 10.5.0.0/24 dev e0 scope global"
    })
    void whatIsntRepresentedIsRefused(String command) throws IOException {
        ip(command);
        String before = routes();
        Route listed = inside.routes().list(command.startsWith("-6") ? IpFamily.V6 : IpFamily.V4, TABLE).get(0);

        assertThat(listed.others()).isNotEmpty();
        assertThatThrownBy(() -> inside.routes().delete(listed)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> inside.routes().add(listed)).isInstanceOf(IllegalArgumentException.class);
        assertThat(routes()).isEqualTo(before);
    }

    @Test
    void aListedNexthopObjectIsMarked() throws IOException {
        ip("nexthop add id 1 via 10.0.0.2 dev e0");
        ip("route add 10.5.0.0/24 nhid 1 table 77");

        assertThat(inside.routes().list(IpFamily.V4, TABLE)).singleElement().extracting(Route::others).asString().contains("nhid");
    }

    @Test
    void refusesWhereTheKernelWouldDeleteAnother() throws IOException {
        ip("-4 route add table 77 10.5.0.0/24 via 10.0.0.2 dev e0 src 10.0.0.1");
        ip("-4 route append table 77 10.5.0.0/24 via 10.0.0.2 dev e0");
        String before = routes();
        Route second = new Route(IpFamily.V4, Route.Type.UNICAST, address("10.5.0.0"), 24, address("10.0.0.2"), "e0", TABLE);

        assertThatThrownBy(() -> inside.routes().delete(second)).isInstanceOf(IOException.class)
                .hasMessageContaining("the kernel would delete \"10.5.0.0/24 via 10.0.0.2 dev e0 table 77 src 10.0.0.1\" instead");

        assertThat(routes()).isEqualTo(before);
    }

    @Test
    void aRouteIsFoundWithoutItsLinkAndByAnAlternativeName() throws IOException {
        ip("link property add dev e0 altname the-first-of-two-ends-of-a-pair");
        Route route = new Route(IpFamily.V6, Route.Type.UNICAST, address("2001:db8:5::77"), 64, address("2001:db8:1::2"),
                "the-first-of-two-ends-of-a-pair", TABLE);
        inside.routes().add(route);
        assertThat(routes()).contains("2001:db8:5::/64 via 2001:db8:1::2 dev e0");

        inside.routes().delete(route);
        inside.routes().add(Route.via(address("10.9.0.0"), 16, address("10.0.0.2")));
        inside.routes().delete(Route.via(address("10.9.0.0"), 16, address("10.0.0.2")));

        assertThat(routes() + ip("route")).doesNotContain("2001:db8:5", "10.9.0.0");
    }
}
