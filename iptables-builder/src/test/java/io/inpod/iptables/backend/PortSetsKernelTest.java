package io.inpod.iptables.backend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.inpod.iptables.AddressSet;
import io.inpod.iptables.Chain;
import io.inpod.iptables.FamilyScope;
import io.inpod.iptables.IpPrefix;
import io.inpod.iptables.Kernel;
import io.inpod.iptables.ManagedNames;
import io.inpod.iptables.Match;
import io.inpod.iptables.NamedSet;
import io.inpod.iptables.PortSet;
import io.inpod.iptables.PortSet.Element;
import io.inpod.iptables.Ports;
import io.inpod.iptables.Protocol;
import io.inpod.iptables.RejectWith;
import io.inpod.iptables.Rule;
import io.inpod.iptables.RuleSet;
import io.inpod.iptables.Side;
import io.inpod.iptables.Table;
import io.inpod.iptables.TableName;
import io.inpod.iptables.Target;
import io.inpod.iptables.text.Differences;
import io.inpod.netns.IpFamily;
import io.inpod.netns.NetworkNamespace;
import java.io.IOException;
import java.net.ConnectException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.DatagramChannel;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Sets of ports, by every back end: applied, read back, changed, and met by packets. */
class PortSetsKernelTest {
    private static final ManagedNames NAMES = new ManagedNames(Set.of("PORTS_OUT"), "ports-", Set.of("ports-web", "ports-v4"));
    private static final PortSet WEB = new PortSet("ports-web", List.of(element(0, 0, ""), element(80, 82, "a note"), element(443, 443, ""), element(65_000, 65_535, "high")));

    private NetworkNamespace namespace;

    @BeforeEach
    void open() throws Exception {
        namespace = Kernel.namespace();
    }

    @AfterEach
    void close() {
        namespace.close();
    }

    private static Element element(int first, int last, String comment) {
        return new Element(new Ports(first, last), comment);
    }

    private static Rule reject(Match... matches) {
        return Rule.of(new Target.Reject(RejectWith.PORT_UNREACHABLE), matches);
    }

    private static RuleSet rules(NamedSet set, Rule... rules) {
        return new RuleSet(FamilyScope.BOTH, List.of(Table.of(TableName.FILTER, Chain.of("OUTPUT", Rule.of(new Target.Jump("PORTS_OUT"))),
                new Chain("PORTS_OUT", List.of(rules)))), List.of(set));
    }

    /** Rules for both protocols, of which one is for one family, and one asks for the opposite. */
    private static RuleSet rules(PortSet set) {
        return rules(set, reject(Match.protocol(Protocol.TCP), Match.in(set, Protocol.TCP, Side.DESTINATION)),
                reject(Match.family(IpFamily.V6), Match.protocol(Protocol.UDP), Match.in(set, Protocol.UDP, Side.SOURCE).not(), Match.comment("others")));
    }

    private Backend backend(String name) throws IOException {
        Backend backend = name.equals("fake") ? new FakeKernel() : Backends.named(name).orElseThrow();
        Usability usability = backend.usability(namespace);
        assertThat(usability.usable() || !"true".equals(System.getenv("CI"))).as(usability.reason()).isTrue();
        assumeThat(usability.usable()).as(usability.reason()).isTrue();
        return backend;
    }

    private List<NamedSet> held(Backend backend) throws IOException {
        return backend.read(namespace, NAMES).sets();
    }

    private List<String> differences(Backend backend, RuleSet rules) throws IOException {
        return Differences.between(backend.read(namespace, NAMES), rules);
    }

    @ParameterizedTest
    @ValueSource(strings = {"netlink", "netlink-inet", "nft", "iptables-nft", "iptables-legacy", "fake"})
    void portsAreAppliedReadBackChangedAndRemoved(String name) throws Exception {
        Backend backend = backend(name);
        backend.apply(namespace, NAMES, rules(WEB));
        assertThat(held(backend)).containsExactly(WEB);
        assertThat(differences(backend, rules(WEB))).isEmpty();
        if (name.equals("netlink-inet") || name.equals("nft")) {
            assertThat(Kernel.run(namespace, "", "nft", "list", "table", "inet", "ports-filter"))
                    .contains("type inet_service", "flags interval", "80-82 comment \"a note\"", "tcp dport @ports-web", "udp sport != @ports-web");
        } else if (!name.equals("fake")) {
            assertThat(Kernel.run(namespace, "", "ipset", "save", "ports-web")).contains("bitmap:port range 0-65535 comment", "add ports-web 82 comment \"a note\"\n", "add ports-web 65535 comment");
            String variant = name.equals("iptables-legacy") ? "legacy" : "nft";
            assertThat(Kernel.run(namespace, "", "ip6tables-" + variant + "-save")).contains("-p tcp -m set --match-set ports-web dst", "-p udp -m set ! --match-set ports-web src");
        }
        PortSet next = new PortSet("ports-web", List.of(element(80, 81, "a note"), element(82, 82, "another")));
        assertThat(differences(backend, rules(next))).containsExactly("set ports-web lacks 80-81 (a note), 82 (another)",
                "set ports-web holds foreign 0, 80-82 (a note), 443, 65000-65535 (high)");
        for (PortSet replacement : List.of(next, PortSet.of("ports-web"))) {
            backend.apply(namespace, NAMES, rules(replacement));
            assertThat(held(backend)).containsExactly(replacement);
        }
        backend.remove(namespace, NAMES);
        assertThat(backend.read(namespace, NAMES).isEmpty()).isTrue();
        assertThat(Kernel.run(namespace, "", "nft", "list", "ruleset") + Kernel.run(namespace, "", "ipset", "list", "-n")).isBlank();
    }

    @ParameterizedTest
    @ValueSource(strings = {"netlink", "netlink-inet", "nft", "iptables-nft", "iptables-legacy", "fake"})
    void portsComeAndGoAtRuntime(String name) throws Exception {
        Backend backend = backend(name);
        RuleSet rules = rules(PortSet.atRuntime("ports-web"));
        backend.apply(namespace, NAMES, rules);
        PortSet held = WEB.empty();
        for (PortSetChange change : List.of(new PortSetChange("ports-web", WEB.elements(), Set.of()),
                new PortSetChange("ports-web", List.of(element(83, 84, "a note"), element(443, 443, "tls")), Set.of(new Ports(81, 81), new Ports(65_100, 65_535), Ports.of(7))),
                new PortSetChange("ports-web", List.of(), Set.of(new Ports(0, 65_535))))) {
            backend.update(namespace, NAMES, change);
            held = held.with(change.add(), change.remove());
            assertThat(held(backend)).containsExactly(held);
        }
        backend.apply(namespace, NAMES, rules);
        assertThat(held(backend)).containsExactly(held);
        assertThat(differences(backend, rules)).isEmpty();
        backend.remove(namespace, NAMES);
        assertThatThrownBy(() -> backend.update(namespace, NAMES, new PortSetChange("ports-web", WEB.elements(), Set.of()))).isInstanceOf(IOException.class)
                .hasMessageContaining("ports-web of ports (bitmap:port, inet_service)").hasMessageContaining("apply the rules first");
    }

    /** A set of ipset can't be exchanged for one of another kind while rules refer to it; a table of ours is made anew. */
    @ParameterizedTest
    @ValueSource(strings = {"netlink", "netlink-inet", "nft", "iptables-nft", "iptables-legacy", "fake"})
    void anotherKindReplacesASetOrIsRefusedByName(String name) throws Exception {
        Backend backend = backend(name);
        AddressSet addresses = AddressSet.of("ports-web", IpFamily.V4, IpPrefix.parse("10.0.0.1").address());
        RuleSet other = rules(addresses, reject(Match.protocol(Protocol.TCP), Match.in(addresses, Side.DESTINATION)));
        backend.apply(namespace, NAMES, other);
        assertThat(differences(backend, rules(WEB))).contains("set ports-web holds IPv4 addresses (hash:ip) instead of ports (bitmap:port, inet_service)");
        assertThatThrownBy(() -> backend.update(namespace, NAMES, new PortSetChange("ports-web", WEB.elements(), Set.of()))).isInstanceOf(IOException.class)
                .hasMessageContaining("apply the rules first");
        if (backend.layout() == Layout.INET || name.equals("fake")) {
            backend.apply(namespace, NAMES, rules(WEB));
            assertThat(held(backend)).containsExactly(WEB);
        } else {
            assertThatThrownBy(() -> backend.apply(namespace, NAMES, rules(WEB))).isInstanceOf(IOException.class).hasMessageContaining("the set ports-web holds IPv4 addresses")
                    .hasMessageContaining("ipset destroy ports-web");
            assertThat(differences(backend, other)).isEmpty();
        }
    }

    /** Options by which a set couldn't hold what is asked for are named and mended; how others have divided ranges makes no difference. */
    @ParameterizedTest
    @ValueSource(strings = {"netlink", "netlink-inet", "nft", "iptables-nft"})
    void aSetOfAnotherProgramIsTakenOver(String name) throws Exception {
        Backend backend = backend(name);
        String misfit;
        if (backend.layout() == Layout.INET) {
            Kernel.run(namespace, "table inet ports-filter { set ports-web { type inet_service; elements = { 80, 443 }; }; }", "nft", "-f", "-");
            misfit = "set ports-web can't hold ranges (no flags interval)";
        } else {
            Kernel.run(namespace, "", "ipset", "create", "ports-web", "bitmap:port", "range", "0-1023", "comment");
            misfit = "set ports-web has room for 1024 ports only";
        }
        assertThat(differences(backend, rules(WEB))).contains(misfit);
        backend.apply(namespace, NAMES, rules(WEB));
        assertThat(differences(backend, rules(WEB))).isEmpty();
        String divided = "flush set inet ports-filter ports-web\nadd element inet ports-filter ports-web { 0, 80-81 comment \"a note\", 82 comment \"a note\", 443, 65000-65535 comment \"high\" }\n";
        if (backend.layout() == Layout.INET) {
            Kernel.run(namespace, divided, "nft", "-f", "-");
            assertThat(differences(backend, rules(WEB))).isEmpty();
            backend.update(namespace, NAMES, new PortSetChange("ports-web", List.of(), Set.of(new Ports(81, 81))));
            assertThat(held(backend)).containsExactly(WEB.with(List.of(), List.of(new Ports(81, 81))));
        }
    }

    /** The kernel decides for packets of both families and protocols as the model says. */
    @ParameterizedTest
    @ValueSource(strings = {"netlink", "netlink-inet", "nft", "iptables-nft", "iptables-legacy"})
    void packetsMeetPorts(String name) throws Exception {
        Backend backend = backend(name);
        Kernel.run(namespace, "", "ip", "link", "set", "lo", "up");
        List<Integer> open = new ArrayList<>(List.of(999, 1003, 2000));
        List<Integer> closed = new ArrayList<>(List.of(1000, 1001, 1002, 2001));
        PortSet set = PortSet.of("ports-web", new Ports(1000, 1002), Ports.of(2001));
        RuleSet rules = rules(set, Rule.of(new Target.Reject(RejectWith.TCP_RESET), Match.protocol(Protocol.TCP), Match.in(set, Protocol.TCP, Side.DESTINATION)),
                reject(Match.protocol(Protocol.UDP), Match.source(IpPrefix.parse("127.0.0.0/8")), Match.in(set, Protocol.UDP, Side.SOURCE)),
                reject(Match.protocol(Protocol.UDP), Match.source(IpPrefix.parse("::1")), Match.in(set, Protocol.UDP, Side.SOURCE).not()));
        backend.apply(namespace, NAMES, rules);
        assertThat(differences(backend, rules)).isEmpty();
        for (String address : List.of("127.0.0.1", "::1")) {
            for (int port : List.of(999, 1000, 1001, 1002, 1003, 2000, 2001)) {
                assertThat(connects(address, port)).as(address + " " + port).isEqualTo(open.contains(port));
                assertThat(sends(address, port)).as(address + " " + port).isEqualTo((address.equals("::1") ? closed : open).contains(port));
            }
        }
    }

    private boolean connects(String address, int port) throws Exception {
        try (ServerSocketChannel server = namespace.call(ServerSocketChannel::open); SocketChannel client = namespace.call(SocketChannel::open)) {
            server.bind(new InetSocketAddress(address, port));
            return client.connect(new InetSocketAddress(address, port));
        } catch (ConnectException e) {
            return false;
        }
    }

    /** Whether a datagram from a port arrives; if it is rejected, sending fails. */
    private boolean sends(String address, int port) throws Exception {
        try (DatagramChannel server = namespace.call(DatagramChannel::open); DatagramChannel client = namespace.call(DatagramChannel::open)) {
            server.bind(new InetSocketAddress(address, 0)).configureBlocking(false);
            client.bind(new InetSocketAddress(address, port)).connect(server.getLocalAddress());
            client.write(ByteBuffer.allocate(1)); // over loopback, it is in the receiver's queue before this returns
            return server.receive(ByteBuffer.allocate(1)) != null;
        } catch (IOException e) {
            assertThat(e).hasMessage("Operation not permitted"); // what netfilter refuses in OUTPUT, before it is sent
            return false;
        }
    }
}
