package io.inpod.iptables.backend;

import static org.assertj.core.api.Assertions.assertThat;

import io.inpod.iptables.Chain;
import io.inpod.iptables.Kernel;
import io.inpod.iptables.ManagedNames;
import io.inpod.iptables.Match;
import io.inpod.iptables.Rule;
import io.inpod.iptables.RuleSet;
import io.inpod.iptables.Table;
import io.inpod.iptables.TableName;
import io.inpod.iptables.Target;
import io.inpod.iptables.backend.internal.tools.CgroupMount;
import io.inpod.iptables.text.Differences;
import io.inpod.netns.IpFamily;
import io.inpod.netns.NetworkNamespace;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Matches on existing cgroups: written to the kernel, listed by its own tools, and read back. */
class CgroupRoundTripTest {
    private static Path made(Path parent, String name) {
        try {
            return Files.createDirectory(parent.resolve(name));
        } catch (IOException e) {
            return Assumptions.abort("can't make cgroups here: " + e);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"netlink", "netlink-inet", "nft", "iptables-nft", "iptables-legacy"})
    void modelToKernelToModelIsIdentity(String name) throws Exception {
        Backend backend = Backends.named(name).orElseThrow();
        Path root = CgroupMount.mount().orElse(null);
        Assumptions.assumeTrue(root != null, "no cgroup2 file system is mounted");
        Assumptions.assumeTrue(!name.equals("nft") || root.equals(Path.of("/sys/fs/cgroup")), "nft looks for cgroups in /sys/fs/cgroup, and here they are in " + root);
        String outer = "inpod-trip-" + ProcessHandle.current().pid() + "-" + System.nanoTime();
        Path directory = made(root, outer);
        Path inner = made(directory, "in.ner");
        try (NetworkNamespace namespace = Kernel.namespace()) {
            List<Rule> rules = new ArrayList<>(List.of(Rule.of(new Target.Return(), Match.cgroup(outer)), Rule.of(new Target.Accept(), Match.cgroup(outer + "/in.ner"))));
            if (backend.layout() == Layout.IPTABLES) { // the others refuse the negation
                rules.add(Rule.of(new Target.Drop(), Match.cgroup(outer + "/in.ner").not()));
            }
            RuleSet whole = RuleSet.of(IpFamily.V4, Table.of(TableName.FILTER, Chain.of("OUTPUT", Rule.of(new Target.Jump("GROUPS"))), new Chain("GROUPS", rules)));
            ManagedNames names = ManagedNames.of(whole, "groups-");
            try {
                backend.apply(namespace, names, whole);
            } catch (IOException e) {
                Assumptions.assumeFalse(String.valueOf(e.getMessage()).matches("(?s).*CONFIG_(NETFILTER_XT_MATCH_CGROUP|NFT_SOCKET|SOCK_CGROUP_DATA).*"), e.getMessage());
                throw e;
            }
            if (backend.layout() == Layout.INET) { // nft prints paths relative to /sys/fs/cgroup, which needn't be the mount point
                assertThat(Kernel.run(namespace, "", "nft", "list", "ruleset"))
                        .containsPattern("socket cgroupv2 level 1 \"[^\"]*" + outer + "\"").containsPattern("socket cgroupv2 level 2 \"[^\"]*" + outer + "/in.ner\"");
            } else {
                String listed = Kernel.run(namespace, "", name.equals("iptables-legacy") ? "iptables-legacy-save" : "iptables-nft-save").replace("\"", "");
                assertThat(listed).contains("-A GROUPS -m cgroup --path " + outer + " -j RETURN", "-A GROUPS -m cgroup --path " + outer + "/in.ner -j ACCEPT",
                        "-A GROUPS -m cgroup ! --path " + outer + "/in.ner -j DROP");
            }
            assertThat(backend.read(namespace, names).ruleSet(IpFamily.V4)).isEqualTo(whole);
            assertThat(Differences.between(backend.read(namespace, names), whole)).isEmpty();
            backend.remove(namespace, names);
            assertThat(backend.read(namespace, names).isEmpty()).isTrue();
        } finally {
            Files.delete(inner);
            Files.delete(directory);
        }
    }
}
