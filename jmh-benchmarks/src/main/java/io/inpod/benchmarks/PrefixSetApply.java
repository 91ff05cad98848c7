package io.inpod.benchmarks;

import io.inpod.iptables.AddressSet;
import io.inpod.iptables.Chain;
import io.inpod.iptables.FamilyScope;
import io.inpod.iptables.IpPrefix;
import io.inpod.iptables.ManagedNames;
import io.inpod.iptables.Match;
import io.inpod.iptables.Rule;
import io.inpod.iptables.RuleSet;
import io.inpod.iptables.Side;
import io.inpod.iptables.Table;
import io.inpod.iptables.TableName;
import io.inpod.iptables.Target;
import io.inpod.iptables.backend.NetlinkBackend;
import io.inpod.iptables.text.Differences;
import io.inpod.iptables.text.NftScript;
import io.inpod.netns.IpFamily;
import io.inpod.netns.NetworkNamespace;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Not a JMH benchmark, because a program is one side of it: a set of 100,000 prefixes and a rule in one transaction, by netlink in this
 * process and by {@code nft -f}, in turns, each in a new namespace. Run with {@code -cp benchmarks.jar io.inpod.benchmarks.PrefixSetApply},
 * as root; {@code -Dinpod.runs=N} for more than 5 runs after one for warm-up. Fails if the namespace then lacks anything.
 */
public final class PrefixSetApply {
    private static final int PREFIXES = 100_000;
    private static final int RUNS = Integer.getInteger("inpod.runs", 5);
    private static final int FIRST = 11 << 24;
    private static final int APART = 512;

    private PrefixSetApply() {}

    /** Measures. */
    public static void main(String[] args) throws Exception {
        RuleSet rules = rules();
        ManagedNames names = ManagedNames.of(rules, "many-");
        Path script = Files.writeString(Files.createTempFile("prefixes", ".nft"), NftScript.render(rules, names.tablePrefix()));
        List<Double> ours = new ArrayList<>();
        List<Double> theirs = new ArrayList<>();
        try {
            for (int run = 0; run <= RUNS; run++) {
                double netlink = millis(rules, names, fresh -> NetlinkBackend.inet().apply(fresh, names, rules));
                double nft = millis(rules, names, fresh -> PodRulesBenchmark.shell(fresh, "exec nft -f " + script));
                System.out.printf("%s netlink %.0f ms, nft -f %.0f ms, %.2f of it%n", run == 0 ? "warm-up:" : "run " + run + ":", netlink,
                        nft,
                        netlink / nft);
                if (run > 0) {
                    ours.add(netlink);
                    theirs.add(nft);
                }
            }
        } finally {
            Files.delete(script);
        }
        System.out.printf("median: netlink %.0f ms, nft -f %.0f ms, %.2f of it%n", median(ours), median(theirs),
                median(ours) / median(theirs));
    }

    private interface Way {
        void apply(NetworkNamespace namespace) throws Exception;
    }

    private static double millis(RuleSet rules, ManagedNames names, Way way) throws Exception {
        try (NetworkNamespace fresh = NetworkNamespace.create()) {
            long start = System.nanoTime();
            way.apply(fresh);
            double millis = (System.nanoTime() - start) / 1e6;
            List<String> differences = Differences.between(NetlinkBackend.inet().read(fresh, names), rules);
            if (!differences.isEmpty()) {
                throw new IOException(differences.toString());
            }
            return millis;
        }
    }

    private static double median(List<Double> values) {
        return values.stream().sorted().skip(values.size() / 2).findFirst().orElseThrow();
    }

    private static RuleSet rules() {
        List<AddressSet.Element> elements = new ArrayList<>();
        for (int i = 0; i < PREFIXES; i++) {
            int address = FIRST + i * APART;
            String text = (address >>> 24) + "." + (address >> 16 & 0xff) + "." + (address >> 8 & 0xff) + ".0/24";
            elements.add(new AddressSet.Element(IpPrefix.parse(text), ""));
        }
        AddressSet set = new AddressSet("many", IpFamily.V4, AddressSet.Type.PREFIXES, elements);
        return new RuleSet(FamilyScope.BOTH, List.of(Table.of(TableName.FILTER, Chain.of("INPUT", Rule.of(new Target.Jump("MANY"))),
                Chain.of("MANY", Rule.of(new Target.Drop(), Match.in(set, Side.SOURCE))))), List.of(set));
    }
}
