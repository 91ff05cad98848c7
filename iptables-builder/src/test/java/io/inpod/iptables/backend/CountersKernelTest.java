package io.inpod.iptables.backend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.inpod.iptables.Chain;
import io.inpod.iptables.FamilyScope;
import io.inpod.iptables.Kernel;
import io.inpod.iptables.ManagedNames;
import io.inpod.iptables.Match;
import io.inpod.iptables.Ports;
import io.inpod.iptables.Protocol;
import io.inpod.iptables.Rule;
import io.inpod.iptables.RuleCounter;
import io.inpod.iptables.RuleCounters;
import io.inpod.iptables.RuleSet;
import io.inpod.iptables.Table;
import io.inpod.iptables.TableName;
import io.inpod.iptables.Target;
import io.inpod.netlink.Rtnetlink;
import io.inpod.netns.IpFamily;
import io.inpod.netns.NetworkNamespace;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.StandardProtocolFamily;
import java.nio.ByteBuffer;
import java.nio.channels.DatagramChannel;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What rules have counted, by every back end: as many packets as were sent. */
class CountersKernelTest {
    private static final int BYTES = 100;
    private static final int IPV4_HEADERS = 28;
    private static final int IPV6_HEADERS = 48;
    private static final Match UDP = Match.protocol(Protocol.UDP);
    private static final RuleSet RULES = RuleSet.ofBoth(Table.of(TableName.FILTER, Chain.of("OUTPUT", Rule.of(new Target.Jump("COUNT_OUT"), Match.comment("all"))),
            Chain.of("COUNT_OUT", Rule.of(new Target.Return(), Match.protocol(Protocol.TCP)), Rule.of(new Target.Jump("COUNT_DNS"), UDP, port(53)),
                    Rule.of(new Target.Accept(), UDP, port(99), Match.comment("discard"))),
            Chain.of("COUNT_DNS", Rule.of(new Target.Accept(), Match.family(IpFamily.V4), Match.comment("dns")),
                    Rule.of(new Target.Drop(), Match.family(IpFamily.V6), Match.comment("dns")))));
    private static final ManagedNames NAMES = ManagedNames.of(RULES, "count-");

    private static Match port(int port) {
        return Match.destinationPort(Protocol.UDP, Ports.of(port));
    }

    @ParameterizedTest
    @ValueSource(strings = {"netlink", "netlink-inet", "nft", "iptables-nft", "iptables-legacy"})
    void asManyAsWereSent(String name) throws Exception {
        Backend backend = Backends.named(name).orElseThrow();
        try (NetworkNamespace namespace = Kernel.namespace()) {
            Usability usability = backend.usability(namespace);
            assertThat(usability.usable() || !"true".equals(System.getenv("CI"))).as(usability.reason()).isTrue();
            assumeThat(usability.usable()).as(usability.reason()).isTrue();
            try (Rtnetlink inside = Rtnetlink.open(namespace)) {
                inside.links().up("lo");
            }
            backend.apply(namespace, NAMES, RULES);
            assertThat(RuleCounters.of(backend.read(namespace, NAMES)).withComment("dns")).hasSize(2).allMatch(rule -> rule.counter().packets() == 0);
            send(namespace, "127.0.0.1", 53, 3);
            send(namespace, "::1", 53, 2);
            send(namespace, "127.0.0.1", 99, 4);

            RuleCounters counters = RuleCounters.of(backend.read(namespace, NAMES));
            RuleCounter v4 = new RuleCounter(FamilyScope.V4, 3, 3 * (BYTES + IPV4_HEADERS));
            RuleCounter v6 = new RuleCounter(FamilyScope.V6, 2, 2 * (BYTES + IPV6_HEADERS));
            assertThat(counters.withComment("dns")).extracting(RuleCounters.Counted::counter).containsExactly(v4, v6);
            assertThat(counters.at(IpFamily.V4, TableName.FILTER, "COUNT_DNS", 1)).contains(v4);
            assertThat(counters.withComment("discard").stream().mapToLong(rule -> rule.counter().packets()).sum()).isEqualTo(4);
            assertThat(counters.at(IpFamily.V6, TableName.FILTER, "COUNT_OUT", 1)).map(RuleCounter::packets).contains(0L);
            assertThat(counters.at(IpFamily.V4, TableName.FILTER, "COUNT_OUT", 9)).isEmpty();
            assertThat(counters.withComment("nobody")).isEmpty();

            boolean inet = backend.layout() == Layout.INET;
            assertThat(counters.at(IpFamily.V6, TableName.FILTER, "COUNT_DNS", inet ? 2 : 1)).contains(v6);
            assertThat(counters.at(IpFamily.V4, TableName.FILTER, "COUNT_OUT", 2).isPresent()).as("a jump without a comment").isEqualTo(!inet);
            assertThat(counters.withComment("all")).hasSize(inet ? 1 : 2).map(rule -> rule.counter().families())
                    .containsExactlyElementsOf(inet ? List.of(FamilyScope.BOTH) : List.of(FamilyScope.V4, FamilyScope.V6));
            // others may send, for example because lo is up; so what the tool lists afterwards is the most
            long most = Kernel.run(namespace, "", "sh", "-c", lister(name)).lines().mapToLong(Long::parseLong).sum();
            assertThat(counters.withComment("all").stream().mapToLong(rule -> rule.counter().packets()).sum()).isBetween(9L, most);

            backend.apply(namespace, NAMES, RULES);
            assertThat(RuleCounters.of(backend.read(namespace, NAMES)).withComment("dns")).isEqualTo(counters.withComment("dns"));
        }
    }

    /** Prints the packets that the jumps have counted. */
    private static String lister(String backend) {
        return switch (backend) {
            case "nft", "netlink-inet" -> "nft list ruleset | sed -n 's/.*counter packets \\([0-9]*\\) .* jump COUNT_OUT .*/\\1/p'";
            default -> (backend.equals("iptables-legacy") ? "(iptables-legacy-save -c; ip6tables-legacy-save -c)" : "(iptables-nft-save -c; ip6tables-nft-save -c)")
                    + " | sed -n 's/^\\[\\([0-9]*\\):.* -j COUNT_OUT$/\\1/p'";
        };
    }

    private static void send(NetworkNamespace namespace, String address, int port, int packets) throws Exception {
        InetSocketAddress to = new InetSocketAddress(address, port);
        StandardProtocolFamily family = address.contains(":") ? StandardProtocolFamily.INET6 : StandardProtocolFamily.INET;
        try (DatagramChannel sender = namespace.call(() -> DatagramChannel.open(family))) {
            for (int i = 0; i < packets; i++) {
                try {
                    assertThat(sender.send(ByteBuffer.allocate(BYTES), to)).isEqualTo(BYTES);
                } catch (IOException e) {
                    assertThat(e).hasMessageContaining("not permitted"); // dropped on its way out
                }
            }
        }
    }
}
