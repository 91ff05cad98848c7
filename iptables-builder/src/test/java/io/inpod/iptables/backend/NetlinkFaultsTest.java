package io.inpod.iptables.backend;

import static org.assertj.core.api.Assertions.assertThat;

import io.inpod.iptables.AddressSet;
import io.inpod.iptables.Chain;
import io.inpod.iptables.FamilyScope;
import io.inpod.iptables.IpPrefix;
import io.inpod.iptables.Kernel;
import io.inpod.iptables.ManagedNames;
import io.inpod.iptables.NamedSet;
import io.inpod.iptables.Match;
import io.inpod.iptables.Ports;
import io.inpod.iptables.Protocol;
import io.inpod.iptables.Rule;
import io.inpod.iptables.RuleSet;
import io.inpod.iptables.Side;
import io.inpod.iptables.Table;
import io.inpod.iptables.TableName;
import io.inpod.iptables.Target;
import io.inpod.iptables.backend.tools.IptablesTools;
import io.inpod.iptables.text.Differences;
import io.inpod.netns.IpFamily;
import io.inpod.netns.NetworkNamespace;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Foreign changes, large sets, and names that can't be written as text. */
class NetlinkFaultsTest {
    private static final int MANY = 50_000;

    private NetworkNamespace namespace;

    @BeforeEach
    void open() throws Exception {
        namespace = Kernel.namespace();
    }

    @AfterEach
    void close() {
        namespace.close();
    }

    private static RuleSet redirect(int port) {
        return RuleSet.of(IpFamily.V4, Table.of(TableName.NAT, Chain.of("OUTPUT", Rule.of(new Target.Jump("OURS"))),
                Chain.of("OURS", Rule.of(new Target.Redirect(Ports.of(port)), Match.protocol(Protocol.TCP)))));
    }

    private void restore(String... lines) throws Exception {
        Kernel.run(namespace, "*nat\n" + String.join("\n", lines) + "\nCOMMIT\n", "iptables-nft-restore", "--noflush");
    }

    @Test
    void aChainThatOthersHookedIntoGoesAndTheirsStay() throws Exception {
        RuleSet rules = redirect(15001);
        ManagedNames names = ManagedNames.of(rules, "faults-");
        NetlinkBackend.iptables().apply(namespace, names, rules);
        restore(":OTHER - [0:0]", "-A OTHER -p udp -j OURS", "-A OTHER -d 10.0.0.1 -j ACCEPT", "-A PREROUTING -j OTHER", "-A PREROUTING -p tcp -g OURS");
        assertThat(Differences.between(NetlinkBackend.iptables().read(namespace, names), rules)).isNotEmpty();
        NetlinkBackend.iptables().remove(namespace, names);
        assertThat(Kernel.listing(namespace, "iptables-nft-save"))
                .isEqualTo(Map.of("nat OTHER", List.of("-d 10.0.0.1/32 -j ACCEPT"), "nat PREROUTING", List.of("-j OTHER")));
    }

    @Test
    void whatIsHalfRemovedByHandIsRepairedAndRemoved() throws Exception {
        RuleSet rules = redirect(15001);
        ManagedNames names = ManagedNames.of(rules, "faults-");
        NetlinkBackend.iptables().apply(namespace, names, rules);
        restore("-D OUTPUT -j OURS", "-F OURS", "-A OUTPUT -p tcp -j OURS");
        NetlinkBackend.iptables().apply(namespace, names, rules);
        assertThat(Differences.between(NetlinkBackend.iptables().read(namespace, names), rules)).isEmpty();
        restore("-D OUTPUT -j OURS", "-F OURS", "-X OURS");
        NetlinkBackend.iptables().remove(namespace, names);
        assertThat(Kernel.listing(namespace, "iptables-nft-save")).isEmpty();
    }

    /** Rules that nft adds to a table of iptables, with expressions that iptables can't have, are foreign and don't get in the way. */
    @Test
    void rulesThatTheModelCantExpressAreForeign() throws Exception {
        RuleSet rules = redirect(15001);
        ManagedNames names = ManagedNames.of(rules, "faults-");
        NetlinkBackend.iptables().apply(namespace, names, rules);
        Kernel.run(namespace, "", "nft", "add", "rule", "ip", "nat", "OURS", "numgen", "random", "mod", "10", "0", "accept");
        assertThat(Differences.between(NetlinkBackend.iptables().read(namespace, names), rules)).singleElement().asString().contains("rule 2 of OURS is foreign").contains("NumberGenerator");
        NetlinkBackend.iptables().apply(namespace, names, rules);
        assertThat(Differences.between(NetlinkBackend.iptables().read(namespace, names), rules)).isEmpty();
    }

    /** nft can name an interface that is really called {@code eth+}; the model can't, and doesn't take it for a prefix. */
    @Test
    void anInterfaceWhoseNameEndsWithAPlusIsForeign() throws Exception {
        RuleSet rules = RuleSet.ofBoth(Table.of(TableName.FILTER, Chain.of("INPUT", Rule.of(new Target.Drop(), Match.in("eth+")), Rule.of(new Target.Drop(), Match.in("a*")))));
        ManagedNames names = ManagedNames.of(rules, "faults-");
        NetlinkBackend.inet().apply(namespace, names, rules);
        for (Backend backend : List.of(NetlinkBackend.inet(), NftBackend.system())) {
            assertThat(Differences.between(backend.read(namespace, names), rules)).as(backend.name()).isEmpty();
        }
        Kernel.run(namespace, "", "nft", "add", "rule", "inet", "faults-filter", "input", "iifname", "\"eth+\"", "drop");
        for (Backend backend : List.of(NetlinkBackend.inet(), NftBackend.system())) {
            assertThat(Differences.between(backend.read(namespace, names), rules)).as(backend.name()).anyMatch(text -> text.contains("foreign rule 3"));
        }
    }

    @Test
    void namesThatTextCouldNotCarry() throws Exception {
        List<Rule> odd = new ArrayList<>();
        for (String name : List.of("a*", "a\"b", "x;y", "-j", "\u00e4", "a+b")) {
            odd.add(Rule.of(new Target.Return(), Match.in(name)));
        }
        RuleSet rules = RuleSet.of(IpFamily.V4, Table.of(TableName.NAT, Chain.of("PREROUTING", Rule.of(new Target.Jump("OURS"))), new Chain("OURS", odd)));
        for (NetlinkBackend backend : List.of(NetlinkBackend.iptables(), NetlinkBackend.inet())) {
            ManagedNames names = ManagedNames.of(rules, "faults-");
            backend.apply(namespace, names, rules);
            assertThat(Differences.between(backend.read(namespace, names), rules)).isEmpty();
            backend.remove(namespace, names);
        }
    }

    private static List<AddressSet.Element> elements(int count) throws Exception {
        List<AddressSet.Element> elements = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            elements.add(new AddressSet.Element(InetAddress.getByAddress(new byte[] {10, (byte) (i >> 16), (byte) (i >> 8), (byte) i}), ""));
        }
        return elements;
    }

    private static RuleSet with(AddressSet set) {
        return new RuleSet(FamilyScope.V4, List.of(Table.of(TableName.NAT, Chain.of("OUTPUT", Rule.of(new Target.Jump("OURS"))),
                Chain.of("OURS", Rule.of(new Target.Return(), Match.in(set, Side.DESTINATION))))), List.of(set));
    }

    @Test
    void fiftyThousandAddresses() throws Exception {
        List<AddressSet.Element> many = elements(MANY);
        RuleSet rules = with(new AddressSet("faults-v4", IpFamily.V4, many));
        ManagedNames names = ManagedNames.of(rules, "faults-");
        SetChange change = new SetChange("faults-v4", IpFamily.V4, List.of(new AddressSet.Element(IpPrefix.parse("192.0.2.1").address(), "one more")),
                Set.of(many.get(0).address()));
        for (NetlinkBackend backend : Kernel.isFirstUserNamespace() ? List.of(NetlinkBackend.iptables(), NetlinkBackend.inet()) : List.of(NetlinkBackend.iptables())) {
            backend.apply(namespace, names, rules);
            backend.update(namespace, names, change);
            assertThat(backend.read(namespace, names).sets()).singleElement().satisfies(found -> assertThat(List.<NamedSet.Element>copyOf(found.elements())).hasSize(MANY)
                    .contains(change.add().get(0)).doesNotContain(many.get(0)));
            String listed = backend.layout() == Layout.IPTABLES ? Kernel.run(namespace, "", "ipset", "list", "-terse", "faults-v4")
                    : Kernel.run(namespace, "", "nft", "get", "element", "inet", "faults-nat", "faults-v4", "{ 192.0.2.1 }");
            assertThat(listed).contains(backend.layout() == Layout.IPTABLES ? "Number of entries: " + MANY : "192.0.2.1 comment \"one more\"");
            backend.remove(namespace, names);
            assertThat(backend.read(namespace, names).isEmpty()).isTrue();
        }
    }

    /** After many additions the kernel moves a set to a larger table, and meanwhile lists some elements twice and others not at all. */
    @Test
    void aSetIsListedWholeWhileItsHashTableGrows() throws Exception {
        List<AddressSet.Element> many = elements(MANY);
        RuleSet rules = with(new AddressSet("faults-v4", IpFamily.V4, List.of()));
        ManagedNames names = ManagedNames.of(rules, "faults-");
        NetlinkBackend backend = NetlinkBackend.inet();
        for (int count : Kernel.isFirstUserNamespace() ? List.of(32_000, 41_000, 47_000) : List.of(2_000)) {
            backend.apply(namespace, names, rules);
            backend.update(namespace, names, new SetChange("faults-v4", IpFamily.V4, many.subList(0, count), Set.of()));
            assertThat(backend.read(namespace, names).sets()).singleElement().satisfies(found -> assertThat(found.elements()).hasSize(count).doesNotHaveDuplicates());
            backend.remove(namespace, names);
        }
    }

    /** nft lists a set exactly as the kernel does. A script replaces its first listing. */
    @Test
    void aSetThatNftListedTornIsListedAgain(@TempDir Path directory) throws Exception {
        RuleSet rules = with(new AddressSet("faults-v4", IpFamily.V4, elements(3)));
        ManagedNames names = ManagedNames.of(rules, "faults-");
        NftBackend.system().apply(namespace, names, rules);
        Path torn = Files.createFile(directory.resolve("torn"));
        Path nft = Files.writeString(directory.resolve("nft"), """
                #!/bin/sh
                [ "$1" = -j ] && rm %s 2>/dev/null || exec /usr/sbin/nft "$@"
                echo '{"nftables": [{"set": {"family": "inet", "name": "faults-v4", "table": "faults-nat", "type": "ipv4_addr", "elem": ["10.0.0.1", "10.0.0.1"]}}]}'
                """.formatted(torn));
        Files.setPosixFilePermissions(nft, PosixFilePermissions.fromString("rwxr-xr-x"));
        List<Path> directories = new ArrayList<>(List.of(directory));
        directories.addAll(IptablesTools.system().directories());
        NftBackend backend = new NftBackend(IptablesTools.system().withDirectories(directories));
        assertThat(backend.read(namespace, names).sets()).singleElement().satisfies(found -> assertThat(found.elements()).hasSize(3));
        assertThat(torn).doesNotExist();
    }
}
