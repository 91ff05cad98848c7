package io.inpod.iptables.backend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.inpod.iptables.Chain;
import io.inpod.iptables.ConnlimitMatch.Counted;
import io.inpod.iptables.Kernel;
import io.inpod.iptables.LimitMatch;
import io.inpod.iptables.ManagedNames;
import io.inpod.iptables.Mark;
import io.inpod.iptables.Match;
import io.inpod.iptables.NthMatch;
import io.inpod.iptables.Ports;
import io.inpod.iptables.Protocol;
import io.inpod.iptables.RejectWith;
import io.inpod.iptables.Rule;
import io.inpod.iptables.RuleSet;
import io.inpod.iptables.Table;
import io.inpod.iptables.TableName;
import io.inpod.iptables.Target;
import io.inpod.iptables.TcpFlags;
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
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Conditions that count or draw, and queues, by every back end: packets meet them as documented. */
@Timeout(120)
class CountingRulesKernelTest {
    private static final ManagedNames NAMES = new ManagedNames(Set.of("COUNT_IN"), "count-", Set.of());
    private static final int SENT = 9;
    private static final byte OTHER = 50;
    private static final byte LAST = 99;

    private NetworkNamespace namespace;

    @BeforeEach
    void open() throws Exception {
        namespace = Kernel.namespace();
        Kernel.run(namespace, "", "ip", "link", "set", "lo", "up");
    }

    @AfterEach
    void close() {
        namespace.close();
    }

    private Backend backend(String name) throws IOException {
        Backend backend = Backends.named(name).orElseThrow();
        Usability usability = backend.usability(namespace);
        assertThat(usability.usable() || !"true".equals(System.getenv("CI"))).as(usability.reason()).isTrue();
        assumeThat(usability.usable()).as(usability.reason()).isTrue();
        return backend;
    }

    private void apply(Backend backend, Target target, Match... matches) throws IOException {
        RuleSet rules = rules(target, matches);
        backend.apply(namespace, NAMES, rules);
        assertThat(Differences.between(backend.read(namespace, NAMES), rules)).isEmpty();
    }

    private static RuleSet rules(Target target, Match... matches) {
        return RuleSet.of(IpFamily.V4, Table.of(TableName.FILTER, Chain.of("INPUT", Rule.of(new Target.Jump("COUNT_IN"))), Chain.of("COUNT_IN", Rule.of(target, matches))));
    }

    @ParameterizedTest
    @ValueSource(strings = {"netlink", "netlink-inet", "iptables-nft", "iptables-legacy", "nft"})
    void packetsAreDroppedInTurnOrByChance(String name) throws Exception {
        Backend backend = backend(name);
        assertThat(arrived(backend, Match.everyNth(3))).containsExactly(1, 2, 4, 5, 7, 8);
        assertThat(arrived(backend, new NthMatch(3, 1, false))).containsExactly(0, 2, 3, 5, 6, 8);
        assertThat(arrived(backend, new NthMatch(3, 1, true))).containsExactly(1, 4, 7);
        Match nearlyAll = Match.random(1 - 0x1p-31);
        assertThat(arrived(backend, nearlyAll)).isEmpty();
        assertThat(arrived(backend, nearlyAll.not())).hasSize(SENT);
    }

    /** Drops a sender's datagrams under a condition, and returns the numbers of the others. Another sender's all arrive, and don't count. */
    private List<Integer> arrived(Backend backend, Match... dropped) throws IOException {
        try (DatagramChannel receiver = socket(); DatagramChannel sender = socket(); DatagramChannel other = socket()) {
            List<Match> matches = new ArrayList<>(List.of(Match.protocol(Protocol.UDP), Match.sourcePort(Protocol.UDP, port(sender))));
            matches.addAll(List.of(dropped));
            apply(backend, new Target.Drop(), matches.toArray(Match[]::new));
            for (byte number = 0; number < SENT; number++) {
                send(other, receiver, OTHER);
                send(sender, receiver, number);
            }
            send(other, receiver, LAST);
            return received(receiver);
        }
    }

    private static Ports port(DatagramChannel socket) throws IOException {
        return Ports.of(((InetSocketAddress) socket.getLocalAddress()).getPort());
    }

    /** UDP is no SCTP: all but one of the datagrams, which also counts, are dropped, or none. */
    @ParameterizedTest
    @ValueSource(strings = {"netlink", "netlink-inet", "iptables-nft", "iptables-legacy", "nft"})
    void aProtocolIsTheOneWithTheNumber(String name) throws Exception {
        Backend backend = backend(name);
        for (boolean not : new boolean[] {false, true}) {
            try (DatagramChannel receiver = socket(); DatagramChannel sender = socket()) {
                apply(backend, new Target.Drop(), not ? Match.protocol(132).not() : Match.protocol(132), new NthMatch(2, 0, false));
                send(sender, receiver, (byte) 1);
                send(sender, receiver, LAST);
                assertThat(received(receiver)).isEqualTo(not ? List.of() : List.of(1));
            }
        }
    }

    private static List<Integer> received(DatagramChannel receiver) throws IOException {
        List<Integer> numbers = new ArrayList<>();
        ByteBuffer buffer = ByteBuffer.allocate(1);
        for (receiver.receive(buffer); buffer.get(0) != LAST; receiver.receive(buffer.clear())) {
            numbers.add((int) buffer.get(0));
        }
        numbers.removeIf(number -> number == OTHER);
        return numbers;
    }

    private DatagramChannel socket() throws IOException {
        return namespace.call(DatagramChannel::open).bind(new InetSocketAddress("127.0.0.1", 0));
    }

    private static void send(DatagramChannel from, DatagramChannel to, byte number) throws IOException {
        from.send(ByteBuffer.wrap(new byte[] {number}), to.getLocalAddress());
    }

    @ParameterizedTest
    @ValueSource(strings = {"netlink", "netlink-inet", "iptables-nft", "iptables-legacy", "nft"})
    void connectionsAboveTheNumberAreRefused(String name) throws Exception {
        Backend backend = backend(name);
        Target refuse = new Target.Reject(RejectWith.TCP_RESET);
        for (Counted counted : Counted.values()) {
            try (ServerSocketChannel listener = namespace.call(ServerSocketChannel::open).bind(new InetSocketAddress("0.0.0.0", 0))) {
                int port = ((InetSocketAddress) listener.getLocalAddress()).getPort();
                apply(backend, refuse, Match.protocol(Protocol.TCP), Match.destinationPort(Protocol.TCP, Ports.of(port)), Match.flags(TcpFlags.syn()), Match.connectionsAbove(2, counted));
                try (SocketChannel first = connect("127.0.0.1", "127.0.0.2", port); SocketChannel second = connect("127.0.0.1", "127.0.0.2", port)) {
                    assertThat(List.of(first, second)).allMatch(SocketChannel::isConnected);
                    assertThatThrownBy(() -> connect("127.0.0.1", "127.0.0.2", port)).isInstanceOf(ConnectException.class);
                    for (String[] pair : new String[][] {{"127.0.0.1", "127.0.0.3"}, {"127.0.0.4", "127.0.0.2"}}) {
                        boolean apart = counted == Counted.SOURCE && pair[0].equals("127.0.0.4") || counted == Counted.DESTINATION && pair[1].equals("127.0.0.3");
                        if (apart) {
                            connect(pair[0], pair[1], port).close();
                        } else {
                            assertThatThrownBy(() -> connect(pair[0], pair[1], port)).as(counted + " " + pair[0]).isInstanceOf(ConnectException.class);
                        }
                    }
                }
            }
        }
    }

    /** In inet tables, a count of each address is two rules, each with a set of its own, which goes with its rule. */
    @ParameterizedTest
    @ValueSource(strings = {"netlink-inet", "nft"})
    void countsOfEachAddressAreOfBothFamilies(String name) throws Exception {
        Backend backend = backend(name);
        try (ServerSocketChannel listener = namespace.call(ServerSocketChannel::open).bind(new InetSocketAddress("::", 0))) {
            int port = ((InetSocketAddress) listener.getLocalAddress()).getPort();
            for (int most : new int[] {3, 2}) {
                Rule counted = Rule.of(new Target.Reject(RejectWith.TCP_RESET), Match.protocol(Protocol.TCP), Match.destinationPort(Protocol.TCP, Ports.of(port)), Match.flags(TcpFlags.syn()),
                        Match.connectionsAbove(most, Counted.SOURCE), Match.comment("most"));
                Rule other = Rule.of(new Target.Accept(), Match.everyNth(2), Match.connectionsAbove(most, Counted.SOURCE), Match.connectionsAbove(most, Counted.DESTINATION));
                RuleSet rules = RuleSet.ofBoth(Table.of(TableName.FILTER, Chain.of("INPUT", Rule.of(new Target.Jump("COUNT_IN"))), Chain.of("COUNT_IN", counted, other)));
                for (int times = 0; times < 2; times++) {
                    backend.apply(namespace, NAMES, rules);
                    for (String reader : List.of("netlink-inet", "nft")) { // which read what the other has written
                        assertThat(Differences.between(Backends.named(reader).orElseThrow().read(namespace, NAMES), rules)).as(reader).isEmpty();
                    }
                }
            }
            String listed = Kernel.run(namespace, "", "nft", "-s", "list", "table", "inet", "count-filter");
            assertThat(listed).contains("size 65535").doesNotContain("size 1");
            assertThat(listed.lines().filter(line -> line.matches(".*\\{ ip6? .addr ct count over 2 \\}.*"))).hasSize(4);
            assertThat(Kernel.run(namespace, "", "nft", "list", "sets", "inet")).doesNotContain("over 3");
            for (String address : List.of("127.0.0.1", "::1")) {
                try (SocketChannel first = connect(address, address, port); SocketChannel second = connect(address, address, port)) {
                    assertThat(List.of(first, second)).allMatch(SocketChannel::isConnected);
                    assertThatThrownBy(() -> connect(address, address, port)).as(address).isInstanceOf(ConnectException.class);
                }
            }
        }
        RuleSet fewer = rules(new Target.Accept(), Match.protocol(Protocol.TCP));
        Backends.named(name.equals("nft") ? "netlink-inet" : "nft").orElseThrow().apply(namespace, NAMES, fewer); // with counts in the sets
        assertThat(Kernel.run(namespace, "", "nft", "list", "ruleset")).doesNotContain("ct count", "dynamic");
        backend.remove(namespace, NAMES);
        assertThat(Kernel.run(namespace, "", "nft", "list", "ruleset")).isBlank();
    }

    private SocketChannel connect(String from, String to, int port) throws IOException {
        SocketChannel client = namespace.call(SocketChannel::open);
        try {
            client.bind(new InetSocketAddress(from, 0));
            client.socket().connect(new InetSocketAddress(to, port), 10_000);
            return client;
        } catch (IOException e) {
            client.close();
            throw e;
        }
    }

    /** In inet tables, TPROXY takes two rules with the same conditions, each of which would count or draw for itself. */
    @ParameterizedTest
    @ValueSource(strings = {"netlink-inet", "nft"})
    void tproxyTakesNothingThatCountsInInetTables(String name) {
        for (Match match : List.of(Match.everyNth(2), Match.random(0.5), Match.connectionsAbove(1, Counted.ALL), new LimitMatch(1, LimitMatch.Per.SECOND, 5))) {
            RuleSet rules = RuleSet.ofBoth(Table.of(TableName.MANGLE, Chain.of("COUNT_IN", Rule.of(new Target.Tproxy(15006, Mark.exactly(1)), Match.protocol(Protocol.TCP), match))));
            assertThatThrownBy(() -> Backends.named(name).orElseThrow().check(NAMES, rules)).isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("mangle COUNT_IN rule 1").hasMessageContaining("TPROXY with " + match);
            IptablesBackend.nft().check(NAMES, rules);
        }
    }

    /** No program listens. A kernel without the module is an error that names it, and changes nothing. */
    @ParameterizedTest
    @ValueSource(strings = {"netlink", "netlink-inet", "iptables-nft", "iptables-legacy", "nft"})
    void packetsForAQueueWithoutAProgramAreDroppedUnlessTheyBypassIt(String name) throws Exception {
        Backend backend = backend(name);
        if (backend.layout() == Layout.INET && !Kernel.hasQueues()) {
            assertThatThrownBy(() -> backend.apply(namespace, NAMES, rules(new Target.Nfqueue(7)))).isInstanceOf(IOException.class)
                    .hasMessageContaining("CONFIG_NFT_QUEUE").hasMessageContaining("kernel-modules-extra");
            assertThat(Kernel.run(namespace, "", "nft", "list", "ruleset")).isBlank();
            return;
        }
        List<Integer> all = IntStream.range(0, SENT).boxed().toList();
        for (boolean bypass : new boolean[] {true, false}) {
            try (DatagramChannel receiver = socket(); DatagramChannel sender = socket(); DatagramChannel other = socket()) {
                apply(backend, new Target.Nfqueue(7, 9, bypass, true), Match.protocol(Protocol.UDP), Match.sourcePort(Protocol.UDP, port(sender)));
                for (byte number = 0; number < SENT; number++) {
                    send(sender, receiver, number);
                }
                send(other, receiver, LAST);
                assertThat(received(receiver)).isEqualTo(bypass ? all : List.of());
            }
        }
    }
}
