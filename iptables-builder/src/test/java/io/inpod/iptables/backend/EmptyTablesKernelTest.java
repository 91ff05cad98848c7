package io.inpod.iptables.backend;

import static org.assertj.core.api.Assertions.assertThat;

import io.inpod.iptables.Chain;
import io.inpod.iptables.Kernel;
import io.inpod.iptables.ManagedNames;
import io.inpod.iptables.Rule;
import io.inpod.iptables.RuleSet;
import io.inpod.iptables.Table;
import io.inpod.iptables.TableName;
import io.inpod.iptables.Target;
import io.inpod.netns.NetworkNamespace;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Removing rules from the tables of iptables takes away what they alone needed, and nothing of others. */
class EmptyTablesKernelTest {
    private static final RuleSet RULES = RuleSet.ofBoth(table(TableName.FILTER, "INPUT", "OUTPUT"), table(TableName.NAT, "PREROUTING", "OUTPUT"),
            table(TableName.MANGLE, "PREROUTING", "OUTPUT"), table(TableName.RAW, "PREROUTING", "OUTPUT"));
    private static final ManagedNames NAMES = ManagedNames.of(RULES, "empty-");

    private static Table table(TableName name, String... hooks) {
        List<Chain> chains = new ArrayList<>();
        for (String hook : hooks) {
            chains.add(Chain.of(hook, Rule.of(new Target.Jump("OURS"))));
        }
        chains.add(Chain.of("OURS", Rule.of(new Target.Return())));
        return new Table(name, chains);
    }

    private static void applyAndRemove(String backend, NetworkNamespace namespace) throws Exception {
        Backend used = Backends.named(backend).orElseThrow();
        used.apply(namespace, NAMES, RULES);
        used.remove(namespace, NAMES);
    }

    private static List<String> left(NetworkNamespace namespace) throws Exception {
        return Kernel.run(namespace, "", "nft", "-s", "list", "ruleset").lines().map(String::strip).filter(line -> !line.isEmpty() && !line.equals("}") && !line.startsWith("#")).toList();
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "netlink      | chain INPUT { type filter hook input priority filter; policy drop; }",
        "netlink      | chain INPUT { type filter hook input priority filter + 1; policy accept; }",
        "netlink      | chain OTHER { }",
        "netlink      | set others { type ipv4_addr; }",
        "netlink      | chain FORWARD { type filter hook forward priority filter; policy accept; accept; }",
        "iptables-nft | chain INPUT { type filter hook input priority filter; policy drop; }",
        "iptables-nft | chain OTHER { }",
        "iptables-nft | chain FORWARD { type filter hook forward priority filter; policy accept; accept; }",
    })
    void whatOthersHaveInATableStays(String backend, String others) throws Exception {
        try (NetworkNamespace namespace = Kernel.namespace()) {
            Kernel.run(namespace, "table ip filter {\n" + others + "\n}\n", "nft", "-f", "-");
            List<String> before = left(namespace);
            applyAndRemove(backend, namespace);
            assertThat(left(namespace)).containsExactlyElementsOf(before);
        }
    }

    /** Tables that get smaller keep what is needed. */
    @ParameterizedTest
    @ValueSource(strings = {"netlink", "iptables-nft"})
    void aTableThatIsNoLongerNeededGoes(String backend) throws Exception {
        RuleSet less = RuleSet.ofBoth(table(TableName.NAT, "OUTPUT"));
        try (NetworkNamespace namespace = Kernel.namespace()) {
            Backends.named(backend).orElseThrow().apply(namespace, NAMES, RULES);
            Backends.named(backend).orElseThrow().apply(namespace, NAMES, less);
            assertThat(left(namespace)).filteredOn(line -> line.startsWith("table ")).containsExactlyInAnyOrder("table ip nat {", "table ip6 nat {");
            assertThat(Kernel.run(namespace, "", "iptables-nft-save")).contains("-A OUTPUT -j OURS");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"netlink", "iptables-nft"})
    void emptyChainsOfNobodyGo(String backend) throws Exception {
        try (NetworkNamespace namespace = Kernel.namespace()) {
            Kernel.run(namespace, "", "iptables-nft", "-L");
            applyAndRemove(backend, namespace);
            assertThat(left(namespace)).isEmpty();
        }
    }
}
