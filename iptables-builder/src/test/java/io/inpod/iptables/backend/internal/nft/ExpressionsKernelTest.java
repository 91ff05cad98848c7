package io.inpod.iptables.backend.internal.nft;

import static org.assertj.core.api.Assertions.assertThat;

import io.inpod.iptables.ConnlimitMatch;
import io.inpod.iptables.FamilyScope;
import io.inpod.iptables.Kernel;
import io.inpod.iptables.Match;
import io.inpod.iptables.OwnerGroupMatch;
import io.inpod.iptables.OwnerUserMatch;
import io.inpod.iptables.Ports;
import io.inpod.iptables.Protocol;
import io.inpod.iptables.Rule;
import io.inpod.iptables.Target;
import io.inpod.iptables.backend.internal.nft.expr.Basics;
import io.inpod.iptables.backend.internal.nft.expr.Expr;
import io.inpod.iptables.backend.internal.nft.expr.KernelNames;
import io.inpod.iptables.backend.internal.nft.rule.CompatLayout;
import io.inpod.iptables.backend.internal.nft.rule.NativeLayout;
import io.inpod.iptables.backend.internal.nft.rule.RuleReader;
import io.inpod.iptables.backend.internal.nft.rule.Scope;
import io.inpod.netlink.NetlinkRequest;
import io.inpod.netlink.Nfnetlink;
import io.inpod.netns.IpFamily;
import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.testing.Privilege;
import io.inpod.netns.testing.Tool;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** For each rule, we send the same expressions as iptables-nft and nft, and the tools list the rule in the same way. */
class ExpressionsKernelTest {
    @TempDir
    private Path directory;

    @Test
    void whatIsSentForIptablesIsWhatIptablesSends() throws Exception {
        Privilege.NAMESPACES.require();
        for (IpFamily family : IpFamily.values()) {
            List<Sample> samples = samples().stream().filter(s -> s.rule().families().contains(family)).toList();
            String tool = family == IpFamily.V4 ? "iptables-nft" : "ip6tables-nft";
            int number = Basics.nfproto(family);
            try (NetworkNamespace ours = NetworkNamespace.create(); NetworkNamespace theirs = NetworkNamespace.create();
                    Nfnetlink netlink = Nfnetlink.open(ours); Nfnetlink oracle = Nfnetlink.open(theirs)) {
                StringBuilder script = new StringBuilder();
                List<NetlinkRequest> batch = new ArrayList<>();
                for (Sample sample : samples) {
                    String table = name(sample);
                    String hook = sample.hook().name();
                    script.append("*").append(table).append("\n:OTHER - [0:0]\n-A ").append(hook).append(' ').append(sample.iptables()).append("\nCOMMIT\n");
                    batch.add(Nft.addTable(number, table));
                    batch.add(Nft.addChain(number, table, "OTHER"));
                    batch.add(Nft.addChain(number, table, hook, BaseChain.of(sample.table(), sample.hook())));
                    batch.add(Nft.appendRule(number, table, hook, sample.iptables(), new CompatLayout().expressions(sample.rule(), Scope.of(family, KernelNames.NONE))));
                }
                Tool.run(theirs, tool + "-restore", "--noflush", Files.writeString(directory.resolve("script"), script).toString());
                netlink.commit(Nft.SUBSYSTEM, new NftReader(netlink).generation(), batch);

                for (String table : List.of("filter", "mangle", "nat", "raw")) {
                    assertSame(expressions(netlink, number, table), expressions(oracle, number, table), family);
                }
                assertThat(listing(ours, tool)).isEqualTo(listing(theirs, tool));
                assertThat(new NftReader(netlink).chains(number)).containsExactlyInAnyOrderElementsOf(new NftReader(oracle).chains(number));
                for (Sample sample : samples) {
                    List<Expr> expressions = new CompatLayout().expressions(sample.rule(), Scope.of(family, KernelNames.NONE));
                    assertThat(RuleReader.read(expressions, FamilyScope.of(family), KernelNames.NONE)).as(sample.iptables())
                            .hasValueSatisfying(found -> assertThat(found.rule()).isEqualTo(sample.rule()));
                }
            }
        }
    }

    /** Rules are the same expression for expression, or where iptables-nft before 1.8.8 couldn't read them, at least by meaning. */
    private static void assertSame(List<List<Expr>> ours, List<List<Expr>> theirs, IpFamily family) {
        assertThat(ours).hasSameSizeAs(theirs);
        for (int i = 0; i < ours.size(); i++) {
            assertThat(ours.get(i)).as("what iptables-nft 1.8.4 lists").noneMatch(ExpressionsKernelTest::isRecent);
            if (theirs.get(i).stream().anyMatch(ExpressionsKernelTest::isRecent) || theirs.get(i).contains(new Expr.Meta(Expr.Meta.MARK))) {
                assertThat(read(ours.get(i), family)).isPresent().isEqualTo(read(theirs.get(i), family));
            } else {
                assertThat(ours.get(i)).containsExactlyElementsOf(theirs.get(i));
            }
        }
    }

    private static Optional<Rule> read(List<Expr> expressions, IpFamily family) {
        return RuleReader.read(expressions, FamilyScope.of(family), KernelNames.NONE).map(RuleReader.Found::rule);
    }

    private static boolean isRecent(Expr expression) {
        return expression instanceof Expr.Payload payload && (payload.base() == Expr.Payload.TRANSPORT || payload.length() % 4 != 0 || payload.length() == 8)
                || expression instanceof Expr.Range || expression instanceof Expr.Plain plain && plain.name().equals("log");
    }

    @Test
    void whatIsSentForNftIsWhatNftSends() throws Exception {
        Privilege.NAMESPACES.require();
        try (NetworkNamespace ours = NetworkNamespace.create(); NetworkNamespace theirs = NetworkNamespace.create();
                Nfnetlink netlink = Nfnetlink.open(ours); Nfnetlink oracle = Nfnetlink.open(theirs)) {
            StringBuilder script = new StringBuilder();
            List<NetlinkRequest> batch = new ArrayList<>();
            batch.add(Nft.addTable(Scope.INET, "t"));
            batch.add(Nft.addChain(Scope.INET, "t", "OTHER"));
            script.append("add table inet t\nadd chain inet t OTHER\n");
            List<Sample> samples = nativeSamples().stream().filter(s -> !s.nft().isEmpty()).toList();
            for (Sample sample : samples) {
                BaseChain base = BaseChain.of(sample.table(), sample.hook());
                String chain = name(sample) + "-" + sample.hook().name().toLowerCase(Locale.ROOT);
                script.append("add chain inet t ").append(chain).append(" { type ").append(base.type()).append(" hook ").append(sample.hook().name().toLowerCase(Locale.ROOT))
                        .append(" priority ").append(base.priority()).append("; }\nadd rule inet t ").append(chain).append(' ').append(sample.nft()).append('\n');
                batch.add(Nft.addChain(Scope.INET, "t", chain, base));
                List<Expr> expressions = new NativeLayout().expressions(sample.rule(), Scope.inet(FamilyScope.BOTH, KernelNames.NONE));
                List<Expr> sent = PortSets.send(Scope.INET, "t", expressions, batch);
                batch.add(Nft.appendRule(Scope.INET, "t", chain, sample.nft(), sent));
            }
            Tool.run(theirs, "nft", "-f", Files.writeString(directory.resolve("script"), script).toString());
            netlink.commit(Nft.SUBSYSTEM, new NftReader(netlink).generation(), batch);

            assertThat(Tool.run(ours, "nft", "list", "table", "inet", "t").lines()).containsExactlyElementsOf(Tool.run(theirs, "nft", "list", "table", "inet", "t").lines().toList());
            assertThat(expressions(netlink, Scope.INET, "t")).containsExactlyElementsOf(expressions(oracle, Scope.INET, "t"));
        }
    }

    @Test
    void everyRuleIsReadBackFromTheNativeLayout() throws Exception {
        Privilege.NAMESPACES.require();
        for (Sample sample : nativeSamples()) {
            List<Expr> expressions;
            try {
                expressions = new NativeLayout().expressions(sample.rule(), Scope.inet(FamilyScope.BOTH, KernelNames.NONE));
            } catch (IllegalArgumentException e) {
                assertThat(e).hasMessageContaining("native nf_tables expressions can't express");
                continue;
            }
            try (NetworkNamespace namespace = NetworkNamespace.create(); Nfnetlink netlink = Nfnetlink.open(namespace)) {
                List<NetlinkRequest> batch = new ArrayList<>(List.of(Nft.addTable(Scope.INET, "t"), Nft.addChain(Scope.INET, "t", "OTHER"),
                        Nft.addChain(Scope.INET, "t", "c", BaseChain.of(sample.table(), sample.hook()))));
                List<Expr> sent = PortSets.send(Scope.INET, "t", expressions, batch);
                batch.add(Nft.appendRule(Scope.INET, "t", "c", sample, sent));
                netlink.commit(Nft.SUBSYSTEM, 0, batch);
                List<Expr> found = new NftReader(netlink).rules(Scope.INET, "t", "c").get(0).expressions();
                assertThat(RuleReader.read(found, FamilyScope.BOTH, KernelNames.NONE)).as(sample.iptables() + " " + found).isPresent();
                List<Expr> again = new NativeLayout().expressions(RuleReader.read(found, FamilyScope.BOTH, KernelNames.NONE).get().rule(), Scope.inet(FamilyScope.BOTH, KernelNames.NONE));
                assertThat(again).as(sample.iptables()).isEqualTo(expressions);
            }
        }
    }

    /** Other programs list ports in any order, and single ports that touch. */
    @Test
    void portsInAnyOrderAreRead() throws Exception {
        Privilege.NAMESPACES.require();
        Rule rule = Rule.of(new Target.Accept(), Match.protocol(Protocol.TCP), Match.destinationPorts(Protocol.TCP, Ports.of(443), new Ports(80, 82)));
        try (NetworkNamespace namespace = NetworkNamespace.create(); Nfnetlink netlink = Nfnetlink.open(namespace)) {
            Tool.run(namespace, "iptables-nft", "-A", "INPUT", "-p", "tcp", "-m", "multiport", "--dports", "443,81:82,80", "-j", "ACCEPT");
            Tool.run(namespace, "nft", "add table inet t; add chain inet t c; add rule inet t c tcp dport { 443, 81, 82, 80 } accept; "
                    + "add rule inet t c tcp dport { 443, 81-82, 80 } accept");
            assertThat(rules(netlink, 2, "filter", FamilyScope.V4)).containsExactly(rule);
            assertThat(rules(netlink, Scope.INET, "t", FamilyScope.BOTH)).containsExactly(rule, rule);
        }
    }

    /** iptables leaves other bytes in parts of structs that mean nothing, depending on the options that it is given. */
    @Test
    void partsThatMeanNothingAreNotCompared() throws Exception {
        Privilege.NAMESPACES.require();
        try (NetworkNamespace namespace = NetworkNamespace.create(); Nfnetlink netlink = Nfnetlink.open(namespace)) {
            Tool.run(namespace, "iptables-nft", "-A", "INPUT", "-m", "connlimit", "--connlimit-upto", "20", "-j", "ACCEPT");
            Tool.run(namespace, "iptables-nft", "-A", "INPUT", "-m", "connlimit", "--connlimit-above", "20", "--connlimit-mask", "24", "-j", "ACCEPT");
            assertThat(expressions(netlink, 2, "filter").stream().map(found -> read(found, IpFamily.V4)))
                    .containsExactly(Optional.of(Rule.of(new Target.Accept(), Match.connectionsAbove(20, ConnlimitMatch.Counted.SOURCE).not())), Optional.empty());
        }
    }

    private static List<Rule> rules(Nfnetlink netlink, int family, String table, FamilyScope families) throws IOException {
        return expressions(netlink, family, table).stream().map(found -> RuleReader.read(found, families, KernelNames.NONE).orElseThrow().rule()).toList();
    }

    /** Outside the initial user namespace, the kernel refuses user IDs that aren't mapped. */
    private static List<Sample> samples() throws IOException {
        boolean all = Kernel.isFirstUserNamespace();
        return Sample.all().stream().filter(s -> all || s.rule().matches().stream().noneMatch(m -> m instanceof OwnerUserMatch || m instanceof OwnerGroupMatch)).toList();
    }

    /** Those that this kernel can hold in native expressions. */
    private static List<Sample> nativeSamples() {
        boolean queues = Kernel.hasQueues();
        return Sample.all().stream().filter(s -> queues || !(s.rule().target() instanceof Target.Nfqueue)).toList();
    }

    private static String name(Sample sample) {
        return sample.table().toString();
    }

    private static List<List<Expr>> expressions(Nfnetlink netlink, int family, String table) throws IOException {
        return new NftReader(netlink).rules(family, table, null).stream().map(NftReader.FoundRule::expressions).toList();
    }

    private static List<String> listing(NetworkNamespace namespace, String tool) throws Exception {
        return Tool.run(namespace, tool + "-save").lines().filter(line -> line.startsWith("-A")).toList();
    }
}
