package io.inpod.iptables.backend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.inpod.iptables.AddressRange;
import io.inpod.iptables.AddressSet;
import io.inpod.iptables.AddressSet.Element;
import io.inpod.iptables.AddressSet.Type;
import io.inpod.iptables.Chain;
import io.inpod.iptables.FamilyScope;
import io.inpod.iptables.IpPrefix;
import io.inpod.iptables.Kernel;
import io.inpod.iptables.ManagedNames;
import io.inpod.iptables.Match;
import io.inpod.iptables.NamedSet;
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
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Sets of blocks, by every back end: applied, read back, changed, and met by packets. */
class PrefixSetsKernelTest {
    private static final ManagedNames NAMES = new ManagedNames(Set.of("NETS_OUT"), "nets-", Set.of("nets-v4", "nets-v6"));
    private static final AddressSet V4 = set("nets-v4", IpFamily.V4, "0.0.0.0/8 low", "10.0.0.0/8", "192.0.2.1 one", "192.0.2.2/31", "255.255.255.0/24 high");
    private static final AddressSet V6 = set("nets-v6", IpFamily.V6, "::/16", "fd00::/8 own", "fe80::1", "ffff::/16 high");

    private NetworkNamespace namespace;

    @BeforeEach
    void open() throws Exception {
        namespace = Kernel.namespace();
    }

    @AfterEach
    void close() {
        namespace.close();
    }

    /** Elements are prefixes, each perhaps with a comment. */
    private static AddressSet set(String name, IpFamily family, String... elements) {
        List<Element> all = new ArrayList<>();
        for (String element : elements) {
            String[] words = element.split(" ");
            all.add(new Element(IpPrefix.parse(words[0]), words.length == 1 ? "" : words[1]));
        }
        return new AddressSet(name, family, Type.PREFIXES, all);
    }

    private static RuleSet rules(AddressSet... sets) {
        List<Rule> rules = new ArrayList<>();
        for (AddressSet set : sets) {
            rules.add(Rule.of(new Target.Reject(RejectWith.TCP_RESET), Match.protocol(Protocol.TCP), Match.in(set, Side.DESTINATION)));
        }
        return new RuleSet(FamilyScope.BOTH, List.of(Table.of(TableName.FILTER, Chain.of("OUTPUT", Rule.of(new Target.Jump("NETS_OUT"))),
                new Chain("NETS_OUT", rules))), List.of(sets));
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

    /** Returns what the kernel holds, by a program that shares no code with the back end; nothing for the fake. */
    private String listed(Backend backend, String set) throws Exception {
        return backend.name().equals("fake") ? "" : backend.layout() == Layout.INET ? Kernel.run(namespace, "", "nft", "list", "set", "inet", "nets-filter", set)
                : Kernel.run(namespace, "", "ipset", "save", set);
    }

    /** The kernel knows a set by its number in the namespace. */
    @Test
    void theSameRulesFindTheirSetsInEachNamespace() throws Exception {
        Backend netlink = backend("netlink");
        RuleSet rules = rules(V4, V6);
        netlink.apply(namespace, NAMES, rules);
        try (NetworkNamespace other = Kernel.namespace()) {
            Kernel.run(other, "create first hash:ip\ncreate second hash:ip\n", "ipset", "restore");
            netlink.apply(other, NAMES, rules);

            for (NetworkNamespace each : List.of(namespace, other)) {
                assertThat(netlink.diff(each, NAMES, rules)).isEmpty();
                assertThat(Kernel.run(each, "", "iptables-nft", "-S", "NETS_OUT")).contains("--match-set nets-v4 dst");
                assertThat(Kernel.run(each, "", "ip6tables-nft", "-S", "NETS_OUT")).contains("--match-set nets-v6 dst");
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"netlink", "netlink-inet", "nft", "iptables-nft", "iptables-legacy", "fake"})
    void blocksAreAppliedReadBackChangedAndRemoved(String name) throws Exception {
        Backend backend = backend(name);
        backend.apply(namespace, NAMES, rules(V4, V6));
        assertThat(held(backend)).containsExactly(V4, V6);
        assertThat(Differences.between(backend.read(namespace, NAMES), rules(V4, V6))).isEmpty();
        String listed = listed(backend, "nets-v4");
        if (!listed.isEmpty()) {
            assertThat(listed).contains("10.0.0.0/8", "192.0.2.2/31", "255.255.255.0/24 comment \"high\"", backend.layout() == Layout.INET ? "flags interval" : "hash:net");
        }
        AddressSet next = set("nets-v4", IpFamily.V4, "0.0.0.0/1 all", "128.0.0.0/1 all");
        assertThat(Differences.between(backend.read(namespace, NAMES), rules(next, V6))).containsExactly("set nets-v4 lacks 0.0.0.0/1 (all), 128.0.0.0/1 (all)",
                "set nets-v4 holds foreign 0.0.0.0/8 (low), 10.0.0.0/8, 192.0.2.1 (one), 192.0.2.2/31, 255.255.255.0/24 (high)");
        for (AddressSet replacement : List.of(next, set("nets-v4", IpFamily.V4, "10.0.0.0/31", "10.0.0.2/31", "10.0.0.4"), set("nets-v4", IpFamily.V4), V4)) {
            backend.apply(namespace, NAMES, rules(replacement, V6));
            assertThat(held(backend)).containsExactly(replacement, V6);
        }
        backend.apply(namespace, NAMES, rules(V6));
        assertThat(held(backend)).containsExactly(V6);
        backend.remove(namespace, NAMES);
        assertThat(backend.read(namespace, NAMES).isEmpty()).isTrue();
        assertThat(Kernel.run(namespace, "", "nft", "list", "ruleset") + Kernel.run(namespace, "", "ipset", "list", "-n")).isBlank();
    }

    @ParameterizedTest
    @ValueSource(strings = {"netlink", "netlink-inet", "nft", "iptables-nft", "iptables-legacy", "fake"})
    void blocksComeAndGoAtRuntime(String name) throws Exception {
        Backend backend = backend(name);
        RuleSet rules = rules(AddressSet.atRuntime("nets-v4", IpFamily.V4, Type.PREFIXES), AddressSet.atRuntime("nets-v6", IpFamily.V6, Type.PREFIXES));
        backend.apply(namespace, NAMES, rules);
        change(backend, V4.elements());
        change(backend, List.of(), "10.1.0.0/16"); // a part of an element is none
        assertThat(held(backend)).first().isEqualTo(V4);
        change(backend, List.of(new Element(IpPrefix.parse("10.0.0.0/9"), "half"), new Element(IpPrefix.parse("192.0.2.1"), "another note")), "10.0.0.0/8", "255.255.255.0/24");
        AddressSet changed = set("nets-v4", IpFamily.V4, "0.0.0.0/8 low", "10.0.0.0/9 half", "192.0.2.2/31").with(List.of(new Element(IpPrefix.parse("192.0.2.1"), "another note")), Set.of());
        assertThat(held(backend)).first().isEqualTo(changed);
        for (String overlapping : List.of("10.0.0.0/10", "10.0.0.0/8")) {
            assertThatThrownBy(() -> change(backend, List.of(new Element(IpPrefix.parse(overlapping), "")), "192.0.2.2/31")).isInstanceOf(IOException.class)
                    .hasMessageContaining("nets-v4").hasMessageContaining("a part of its element");
        }
        backend.apply(namespace, NAMES, rules);
        assertThat(held(backend)).first().isEqualTo(changed);
        assertThat(Differences.between(backend.read(namespace, NAMES), rules)).isEmpty();
        change(backend, List.of(), changed.elements().stream().map(Element::toString).toArray(String[]::new));
        assertThat(held(backend)).first().isEqualTo(set("nets-v4", IpFamily.V4));
        backend.remove(namespace, NAMES);
        assertThatThrownBy(() -> change(backend, V4.elements())).isInstanceOf(IOException.class).hasMessageContaining("nets-v4").hasMessageContaining("apply the rules first");
    }

    private void change(Backend backend, List<Element> add, String... remove) throws IOException {
        Set<IpPrefix> removed = Set.of(remove).stream().map(IpPrefix::parse).collect(Collectors.toSet());
        backend.update(namespace, NAMES, new SetChange("nets-v4", IpFamily.V4, Type.PREFIXES, add, removed));
    }

    /** A set of ipset can't be exchanged for one of another type while rules refer to it; a table of ours is made anew. */
    @ParameterizedTest
    @ValueSource(strings = {"netlink", "netlink-inet", "nft", "iptables-nft", "iptables-legacy", "fake"})
    void anotherTypeOrFamilyReplacesASetOrIsRefusedByName(String name) throws Exception {
        Backend backend = backend(name);
        AddressSet addresses = AddressSet.of("nets-v4", IpFamily.V4, IpPrefix.parse("10.0.0.1").address());
        backend.apply(namespace, NAMES, rules(addresses));
        assertThatThrownBy(() -> change(backend, V4.elements())).isInstanceOf(IOException.class).hasMessageContaining("nets-v4").hasMessageContaining("hash:net");
        assertThat(Differences.between(backend.read(namespace, NAMES), rules(V4)))
                .contains("set nets-v4 holds IPv4 addresses (hash:ip) instead of IPv4 prefixes (hash:net, flags interval)");
        for (AddressSet other : List.of(V4, new AddressSet("nets-v4", IpFamily.V6, Type.PREFIXES, V6.elements()), addresses)) {
            if (backend.layout() == Layout.INET || name.equals("fake")) {
                backend.apply(namespace, NAMES, rules(other));
                assertThat(held(backend)).containsExactly(other);
            } else if (other != addresses) {
                assertThatThrownBy(() -> backend.apply(namespace, NAMES, rules(other))).isInstanceOf(IOException.class).hasMessageContaining("the set nets-v4 holds IPv4 addresses")
                        .hasMessageContaining("ipset destroy nets-v4");
                assertThat(held(backend)).containsExactly(addresses);
            }
        }
    }

    /** Blocks within others change nothing and are thrown out; exceptions from blocks are beyond the model, and aren't lost by accident. */
    @ParameterizedTest
    @ValueSource(strings = {"netlink", "iptables-nft", "iptables-legacy"})
    void whatOthersAddToASetOfIpsetIsNamed(String name) throws Exception {
        Backend backend = backend(name);
        backend.apply(namespace, NAMES, rules(V4));
        Kernel.run(namespace, "", "ipset", "add", "nets-v4", "10.1.0.0/16");
        assertThat(Differences.between(backend.read(namespace, NAMES), rules(V4))).containsExactly("set nets-v4 holds blocks within others");
        backend.apply(namespace, NAMES, rules(V4));
        assertThat(Differences.between(backend.read(namespace, NAMES), rules(V4))).isEmpty();
        assertThat(Kernel.run(namespace, "", "ipset", "save", "nets-v4")).doesNotContain("10.1.0.0/16");
        Kernel.run(namespace, "", "ipset", "add", "nets-v4", "10.1.0.0/16", "nomatch");
        assertThat(Differences.between(backend.read(namespace, NAMES), rules(V4))).containsExactly("set nets-v4 has exceptions (nomatch)");
        assertThatThrownBy(() -> backend.apply(namespace, NAMES, rules(V4))).isInstanceOf(IOException.class).hasMessageContaining("nets-v4 has exceptions (nomatch)")
                .hasMessageContaining("ipset destroy nets-v4");
        assertThat(Kernel.run(namespace, "", "ipset", "save", "nets-v4")).contains("10.1.0.0/16 nomatch");
    }

    @ParameterizedTest
    @ValueSource(strings = {"netlink-inet", "nft"})
    void aRangeThatOthersAddToATableOfOursIsForeignAndGoes(String name) throws Exception {
        Backend backend = backend(name);
        backend.apply(namespace, NAMES, rules(V4));
        Kernel.run(namespace, "", "nft", "add", "element", "inet", "nets-filter", "nets-v4", "{ 172.16.0.1-172.16.0.9, 240.0.0.0/8 }");
        assertThat(Differences.between(backend.read(namespace, NAMES), rules(V4)))
                .contains("set nets-v4 holds foreign 172.16.0.1, 172.16.0.2/31, 172.16.0.4/30, 172.16.0.8/31, 240.0.0.0/8");
        backend.apply(namespace, NAMES, rules(V4));
        assertThat(Differences.between(backend.read(namespace, NAMES), rules(V4))).isEmpty();
        assertThat(Kernel.run(namespace, "", "nft", "list", "set", "inet", "nets-filter", "nets-v4")).doesNotContain("172.16", "240.0");
        if (name.equals("nft")) {
            return; // nft 1.0.6 doesn't list the next property
        }
        Kernel.run(namespace, "table inet nets-filter { set merged { type ipv4_addr; flags interval; auto-merge; }; }", "nft", "-f", "-");
        assertThat(backend.read(namespace, NAMES).misfits()).containsEntry("merged", List.of("joins elements that touch (auto-merge)"));
    }

    /** nft 1.0.6 crashes when it is to add this element to a set with intervals. */
    @ParameterizedTest
    @ValueSource(strings = {"netlink-inet", "nft"})
    void theElementOfAllAddressesIsNamedAndGoes(String name) throws Exception {
        Backend backend = backend(name);
        RuleSet rules = rules(AddressSet.of("nets-v4", IpFamily.V4, IpPrefix.parse("10.0.0.1").address()));
        backend.apply(namespace, NAMES, rules);
        Kernel.run(namespace, "", "nft", "add", "element", "inet", "nets-filter", "nets-v4", "{ * }");
        assertThat(Differences.between(backend.read(namespace, NAMES), rules)).containsExactly("set nets-v4 holds every address (*)");
        backend.apply(namespace, NAMES, rules);
        assertThat(Differences.between(backend.read(namespace, NAMES), rules)).isEmpty();
        assertThat(Kernel.run(namespace, "", "nft", "list", "set", "inet", "nets-filter", "nets-v4")).contains("10.0.0.1").doesNotContain("*");
    }

    /** The kernel decides for packets as the model says: the first and last addresses of blocks and ranges, and their neighbours. */
    @ParameterizedTest
    @ValueSource(strings = {"netlink", "netlink-inet", "nft", "iptables-nft", "iptables-legacy"})
    void packetsMeetBlocksAndRanges(String name) throws Exception {
        Backend backend = backend(name);
        Kernel.run(namespace, "", "ip", "link", "set", "lo", "up");
        Kernel.run(namespace, "", "ip", "-6", "route", "add", "local", "fd00::/64", "dev", "lo");
        List<Element> blocks = new ArrayList<>(Element.of(AddressRange.parse("127.2.0.5-127.2.0.9"), "a range"));
        blocks.add(new Element(IpPrefix.parse("127.1.0.0/16"), ""));
        AddressSet v4 = new AddressSet("nets-v4", IpFamily.V4, Type.PREFIXES, blocks);
        AddressSet v6 = new AddressSet("nets-v6", IpFamily.V6, Type.PREFIXES, Element.of(AddressRange.parse("fd00::2:5-fd00::2:9"), ""));
        List<Rule> all = new ArrayList<>(rules(v4, v6).tables().get(0).chains().get(1).rules());
        all.add(Rule.of(new Target.Reject(RejectWith.TCP_RESET), Match.protocol(Protocol.TCP), Match.destination(AddressRange.parse("127.3.0.5-127.3.0.9"))));
        all.add(Rule.of(new Target.Reject(RejectWith.TCP_RESET), Match.protocol(Protocol.TCP), Match.destination(IpPrefix.parse("127.4.0.0/16")),
                Match.destination(AddressRange.parse("127.4.0.5-127.4.0.9")).not()));
        all.add(Rule.of(new Target.Reject(RejectWith.TCP_RESET), Match.protocol(Protocol.TCP), Match.destination(AddressRange.parse("fd00::3:5-fd00::3:9"))));
        RuleSet rules = new RuleSet(FamilyScope.BOTH, List.of(Table.of(TableName.FILTER, Chain.of("OUTPUT", Rule.of(new Target.Jump("NETS_OUT"))),
                new Chain("NETS_OUT", all))), List.of(v4, v6));
        backend.apply(namespace, NAMES, rules);
        assertThat(Differences.between(backend.read(namespace, NAMES), rules)).isEmpty();
        try (ServerSocketChannel server = namespace.call(ServerSocketChannel::open)) {
            server.bind(new InetSocketAddress("::", 0));
            int port = ((InetSocketAddress) server.getLocalAddress()).getPort();
            for (String out : List.of("127.0.255.255", "127.2.0.0", "127.2.0.4", "127.2.0.10", "127.3.0.4", "127.3.0.10", "127.4.0.5", "127.4.0.9", "fd00::2:4", "fd00::2:a",
                    "fd00::3:4", "fd00::3:a")) {
                assertThat(connects(out, port)).as(out).isTrue();
            }
            for (String in : List.of("127.1.0.0", "127.1.255.255", "127.2.0.5", "127.2.0.7", "127.2.0.9", "127.3.0.5", "127.3.0.9", "127.4.0.4", "127.4.0.10", "fd00::2:5", "fd00::2:9",
                    "fd00::3:5", "fd00::3:9")) {
                assertThat(connects(in, port)).as(in).isFalse();
            }
        }
    }

    private boolean connects(String address, int port) throws Exception {
        try (SocketChannel client = namespace.call(SocketChannel::open)) {
            return client.connect(new InetSocketAddress(address, port));
        } catch (ConnectException e) {
            return false;
        }
    }
}
