package io.inpod.iptables.backend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.inpod.iptables.AddressSet;
import io.inpod.iptables.AddressSet.Element;
import io.inpod.iptables.Chain;
import io.inpod.iptables.FamilyScope;
import io.inpod.iptables.Hook;
import io.inpod.iptables.IpPrefix;
import io.inpod.iptables.Kernel;
import io.inpod.iptables.Kinds;
import io.inpod.iptables.Listing;
import io.inpod.iptables.ManagedNames;
import io.inpod.iptables.Mark;
import io.inpod.iptables.Match;
import io.inpod.iptables.NamedSet;
import io.inpod.iptables.OwnerGroupMatch;
import io.inpod.iptables.OwnerUserMatch;
import io.inpod.iptables.Ports;
import io.inpod.iptables.Protocol;
import io.inpod.iptables.RandomRules;
import io.inpod.iptables.RejectWith;
import io.inpod.iptables.Rule;
import io.inpod.iptables.RuleSet;
import io.inpod.iptables.Side;
import io.inpod.iptables.Table;
import io.inpod.iptables.TableName;
import io.inpod.iptables.Target;
import io.inpod.iptables.TcpFlags;
import io.inpod.iptables.text.Differences;
import io.inpod.netlink.Rtnetlink;
import io.inpod.netns.IpFamily;
import io.inpod.netns.NetworkNamespace;
import java.io.IOException;
import java.net.ConnectException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.SocketTimeoutException;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The contract of every back end, tested in a fresh namespace each time. A subclass only selects the back end. */
abstract class BackendContract {
    static final ManagedNames NAMES = new ManagedNames(Set.of("CT_IN", "CT_OUT", "CT_OLD"), "contract-", Set.of("contract-v4", "contract-v6"));
    private static final int RANDOM_RULE_SETS = 8;
    private static final int SWAPS = 200;

    /** The time limit for each run of a tool, and for waiting on another process that applies rules. Generous for busy machines. */
    static final Duration PATIENCE = Duration.ofSeconds(100);

    NetworkNamespace namespace;

    abstract Backend backend();

    /** Returns a listing of all rules in the namespace without counters: an oracle that shares no code with the back end. */
    String listing() throws Exception {
        return Kernel.run(namespace, "", "sh", "-c", "for t in iptables-nft ip6tables-nft iptables-legacy ip6tables-legacy; do echo \"== $t\"; $t-save; done; nft -s list ruleset inet; ipset save -sorted")
                .replaceAll("(?m)^[#:*].*\n|^COMMIT\n|^create .*\n", "");
    }

    @BeforeEach
    void open() throws Exception {
        namespace = Kernel.namespace();
        Usability usability = backend().usability(namespace);
        assertThat(usability.usable() || !"true".equals(System.getenv("CI"))).as(usability.reason()).isTrue();
        assumeThat(usability.usable()).as(usability.reason()).isTrue();
    }

    @AfterEach
    void close() {
        if (namespace != null) {
            namespace.close();
        }
    }

    /** Returns rules for both families, including one for a single family and one that matches an address set. */
    static RuleSet version(int port) {
        AddressSet v4 = new AddressSet("contract-v4", IpFamily.V4, List.of(new Element(IpPrefix.parse("10.0.0.1").address(), "pod 1")));
        return new RuleSet(FamilyScope.BOTH, List.of(
                Table.of(TableName.NAT, Chain.of("PREROUTING", Rule.of(new Target.Jump("CT_IN"))), Chain.first(Hook.OUTPUT, Rule.of(new Target.Jump("CT_OUT"))),
                        Chain.of("CT_IN", Rule.of(new Target.Return(), Match.in(v4, Side.SOURCE)),
                                Rule.of(new Target.Redirect(Ports.of(port)), Match.protocol(Protocol.TCP))),
                        Chain.of("CT_OUT", Rule.of(new Target.Return(), Match.source(IpPrefix.parse("fd00::/8"))))),
                Table.of(TableName.FILTER, Chain.of("OUTPUT", Rule.of(new Target.Jump("CT_OUT"))),
                        Chain.of("CT_OUT", Rule.of(new Target.Drop(), Match.family(IpFamily.V6), Match.protocol(Protocol.UDP))))), List.of(v4));
    }

    private List<String> differences(RuleSet rules) throws IOException {
        return Differences.between(backend().read(namespace, NAMES), rules);
    }

    /** Foreign rules, wherever the back end puts its own, must stay the same. */
    private void foreignRules() throws Exception {
        String script = "*nat\n:OTHER - [0:0]\n-A OUTPUT -p tcp -m comment --comment \"a \\\"quoted\\\" -j CT_OUT\" -j OTHER\n-A OTHER -d 10.9.8.7/32 -j RETURN\nCOMMIT\n"
                + "*filter\n-A OUTPUT -o lo -j ACCEPT\nCOMMIT\n";
        Kernel.run(namespace, script, "iptables-nft-restore", "--noflush");
        Kernel.run(namespace, script, "iptables-legacy-restore", "--noflush");
        Kernel.run(namespace, "table inet contract-other { chain CT_OUT { drop; }; set contract-v4 { type ipv4_addr; }; }", "nft", "-f", "-");
        Kernel.run(namespace, "", "ipset", "create", "contract-other", "hash:ip");
    }

    @Test
    void whatIsAppliedIsReadBackAndRemoved() throws Exception {
        foreignRules();
        String before = listing();
        backend().apply(namespace, NAMES, version(15006));
        assertThat(differences(version(15006))).isEmpty();
        assertThat(differences(version(15007))).isNotEmpty().allMatch(words -> words.matches("(IPv[46] )?nat: rule [12] of CT_IN: redirect goes to 15006 instead of 15007"));
        assertThat(listing()).isNotEqualTo(before);
        backend().remove(namespace, NAMES);
        assertThat(backend().read(namespace, NAMES).isEmpty()).isTrue();
        assertThat(listing()).isEqualTo(before);
    }

    /** Chains that are empty again would keep connection tracking on. */
    @Test
    void removingLeavesNothing() throws Exception {
        backend().apply(namespace, NAMES, version(15006));
        backend().remove(namespace, NAMES);
        assertThat(Kernel.run(namespace, "", "nft", "list", "ruleset")).isBlank();
        assertThat(Kernel.run(namespace, "", "ipset", "list", "-n")).isBlank();
    }

    /** Random rules that use the whole model, except rules that the back end refuses with an error that names the cause. */
    @Test
    void modelToKernelToModelIsIdentity() throws Exception {
        int expressed = 0;
        for (int seed = 0; seed < RANDOM_RULE_SETS; seed++) {
            RuleSet whole = new RandomRules(seed).ruleSet();
            ManagedNames names = ManagedNames.of(whole, "random-");
            RuleSet rules = expressible(names, whole);
            expressed += rules.tables().stream().mapToInt(t -> t.chains().stream().mapToInt(c -> c.rules().size()).sum()).sum();
            backend().apply(namespace, names, rules);
            Listing listing = backend().read(namespace, names);
            for (IpFamily family : IpFamily.values()) {
                assertThat(listing.ruleSet(family)).as("seed " + seed).isEqualTo(withoutPlacement(rules.only(family)));
            }
            assertThat(Differences.between(listing, rules)).as("seed " + seed).isEmpty();
            backend().remove(namespace, names);
        }
        assertThat(expressed).isGreaterThan(20 * RANDOM_RULE_SETS);
    }

    /** A rule for every kind of match and target, except rules that the back end refuses with an error that names the cause. */
    @Test
    void everyKindComesBack() throws Exception {
        assertThat(Kinds.missing()).isEmpty();
        ManagedNames names = ManagedNames.of(Kinds.ruleSet(), "kinds-");
        RuleSet rules = expressible(names, Kinds.ruleSet());
        backend().apply(namespace, names, rules);
        assertThat(Differences.between(backend().read(namespace, names), rules)).isEmpty();
    }

    private static RuleSet withoutPlacement(RuleSet rules) {
        return new RuleSet(rules.families(), rules.tables().stream()
                .map(t -> new Table(t.name(), t.chains().stream().map(c -> new Chain(c.name(), c.rules())).toList())).toList(), rules.sets());
    }

    private RuleSet expressible(ManagedNames names, RuleSet rules) throws IOException {
        List<Table> tables = new ArrayList<>();
        for (Table table : rules.tables()) {
            List<Chain> chains = new ArrayList<>();
            for (Chain chain : table.chains()) {
                List<Rule> kept = new ArrayList<>();
                for (Rule rule : chain.rules()) {
                    if (chain.isBuiltIn() || expressible(names, rules, table, rule)) {
                        kept.add(rule);
                    }
                }
                chains.add(new Chain(chain.name(), chain.placement(), kept));
            }
            tables.add(new Table(table.name(), chains));
        }
        return new RuleSet(rules.families(), tables, rules.sets());
    }

    private boolean expressible(ManagedNames names, RuleSet rules, Table table, Rule rule) throws IOException {
        if (!Kernel.isFirstUserNamespace() && rule.matches().stream().anyMatch(m -> m instanceof OwnerUserMatch || m instanceof OwnerGroupMatch)) {
            return false; // in other user namespaces, the kernel refuses IDs that aren't mapped
        }
        if (rule.target() instanceof Target.Nfqueue && backend().layout() == Layout.INET && isReal() && !Kernel.hasQueues()) {
            return false; // CountingRulesKernelTest finds that the error names what is missing
        }
        try {
            String chain = names.chains().iterator().next();
            backend().check(names, new RuleSet(rules.families(), List.of(Table.of(table.name(), Chain.of(chain, rule))), rules.sets()));
            return true;
        } catch (IllegalArgumentException e) {
            assertThat(e).hasMessageContaining(table.name() + " ").hasMessageContaining(" rule 1");
            return false;
        }
    }

    @Test
    void applyingTwiceIsApplyingOnce() throws Exception {
        backend().apply(namespace, NAMES, version(15006));
        String once = listing();
        backend().apply(namespace, NAMES, version(15006));
        assertThat(listing()).isEqualTo(once);
    }

    @Test
    void removingTwiceSucceeds() throws Exception {
        backend().remove(namespace, NAMES);
        backend().apply(namespace, NAMES, version(15006));
        backend().remove(namespace, NAMES);
        backend().remove(namespace, NAMES);
        assertThat(backend().read(namespace, NAMES).isEmpty()).isTrue();
    }

    @Test
    void anotherVersionIsReplacedWhole() throws Exception {
        RuleSet old = RuleSet.of(IpFamily.V4, Table.of(TableName.RAW, Chain.of("PREROUTING", Rule.of(new Target.Jump("CT_OLD"))),
                Chain.of("CT_OLD", Rule.of(new Target.NoTrack(), Match.protocol(Protocol.UDP)))));
        backend().apply(namespace, NAMES, old);
        backend().apply(namespace, NAMES, version(15006));
        assertThat(differences(version(15006))).isEmpty();
        backend().apply(namespace, NAMES, old);
        assertThat(differences(old)).isEmpty();
        assertThat(listing()).doesNotContain("CT_IN").doesNotContain("contract-v4");
    }

    /** The cgroup of a rule must exist. The rule is in raw, the last table, so that the others could have been changed before it fails. */
    @Test
    void whatTheKernelRefusesLeavesEverythingAsItWas() throws Exception {
        List<Table> tables = new ArrayList<>(version(15007).tables());
        tables.add(Table.of(TableName.RAW, Chain.of("OUTPUT", Rule.of(new Target.Jump("CT_OLD"))),
                Chain.of("CT_OLD", Rule.of(new Target.Drop(), Match.family(IpFamily.V6), Match.cgroup("no/such/group")))));
        AddressSet v6 = AddressSet.of("contract-v6", IpFamily.V6, IpPrefix.parse("fd00::1").address());
        List<NamedSet> sets = new ArrayList<>(version(15007).sets());
        sets.add(v6);
        RuleSet refused = new RuleSet(FamilyScope.BOTH, tables, sets);

        String before = listing();
        assertThatThrownBy(() -> backend().apply(namespace, NAMES, refused)).isInstanceOf(IOException.class).hasNoSuppressedExceptions();
        assertThat(listing()).isEqualTo(before);
        assertThat(Kernel.run(namespace, "", "nft", "list", "ruleset")).isBlank();
        backend().apply(namespace, NAMES, version(15006));
        before = listing();
        assertThatThrownBy(() -> backend().apply(namespace, NAMES, refused)).isInstanceOf(IOException.class).hasNoSuppressedExceptions()
                .hasMessageContaining(namespace.toString());
        assertThat(listing()).isEqualTo(before);
    }

    @Test
    void anAddressComesAndGoesWithoutTouchingRules() throws Exception {
        backend().apply(namespace, NAMES, version(15006));
        SetChange change = new SetChange("contract-v4", IpFamily.V4, List.of(new Element(IpPrefix.parse("10.0.0.2").address(), "pod 2"),
                new Element(IpPrefix.parse("10.0.0.1").address(), "another pod")), Set.of(IpPrefix.parse("10.9.9.9").address()));
        backend().update(namespace, NAMES, change);
        assertThat(backend().read(namespace, NAMES).sets()).containsExactly(new AddressSet("contract-v4", IpFamily.V4, change.add()));
        backend().update(namespace, NAMES, new SetChange("contract-v4", IpFamily.V4, List.of(), Set.of(IpPrefix.parse("10.0.0.1").address())));
        assertThat(differences(version(15006))).containsExactly("set contract-v4 lacks 10.0.0.1 (pod 1)", "set contract-v4 holds foreign 10.0.0.2 (pod 2)");
        assertThatThrownBy(() -> backend().update(namespace, NAMES, new SetChange("contract-v6", IpFamily.V6,
                List.of(new Element(IpPrefix.parse("::1").address(), "")), Set.of()))).isInstanceOf(IOException.class);
    }

    /** Who owns the elements of a set can declare it without them: they are neither compared nor thrown out when rules change. */
    @Test
    void elementsThatComeAtRuntimeStay() throws Exception {
        RuleSet rules = atRuntime(version(15006));
        backend().apply(namespace, NAMES, rules);
        assertThat(differences(rules)).isEmpty();
        Element pod = new Element(IpPrefix.parse("10.0.0.2").address(), "pod 2");
        backend().update(namespace, NAMES, new SetChange("contract-v4", IpFamily.V4, List.of(pod), Set.of()));
        for (RuleSet next : List.of(rules, atRuntime(version(15007)), atRuntime(version(15007).only(IpFamily.V4)), rules)) {
            assertThat(next.sets()).singleElement().matches(NamedSet::atRuntime);
            backend().apply(namespace, NAMES, next);
            assertThat(differences(next)).isEmpty();
            assertThat(backend().read(namespace, NAMES).sets()).containsExactly(new AddressSet("contract-v4", IpFamily.V4, List.of(pod)));
            assertThat(differences(version(15006))).contains("set contract-v4 lacks 10.0.0.1 (pod 1)", "set contract-v4 holds foreign 10.0.0.2 (pod 2)");
        }
        backend().apply(namespace, NAMES, version(15006));
        assertThat(backend().read(namespace, NAMES).sets()).isEqualTo(version(15006).sets());
        assertThat(differences(new RuleSet(FamilyScope.BOTH, version(15006).tables(),
                List.of(AddressSet.atRuntime("contract-v4", IpFamily.V4), AddressSet.atRuntime("contract-v6", IpFamily.V6))))).containsExactly("set contract-v6 is missing");
    }

    private static RuleSet atRuntime(RuleSet rules) {
        return new RuleSet(rules.families(), rules.tables(), rules.sets().stream().<NamedSet>map(set -> AddressSet.atRuntime(set.name(), set.families().single().orElseThrow())).toList());
    }

    @Test
    void fiftyThousandAddressesAreNoObstacle() throws Exception {
        List<Element> elements = new ArrayList<>();
        for (int i = 0; i < 50_000; i++) {
            elements.add(new Element(IpPrefix.parse("10." + (i >> 16) + "." + (i >> 8 & 0xff) + "." + (i & 0xff)).address(), i % 1000 == 0 ? "pod " + i : ""));
        }
        AddressSet set = new AddressSet("contract-v4", IpFamily.V4, elements);
        RuleSet rules = new RuleSet(FamilyScope.BOTH, version(1).tables(), List.of(set));
        backend().apply(namespace, NAMES, rules);
        backend().update(namespace, NAMES, new SetChange("contract-v4", IpFamily.V4, List.of(), Set.of(IpPrefix.parse("10.0.0.7").address())));
        assertThat(differences(rules)).containsExactly("set contract-v4 lacks 10.0.0.7");
        backend().remove(namespace, NAMES);
        assertThat(backend().read(namespace, NAMES).isEmpty()).isTrue();
    }

    @Test
    void refusesNamesThatItWouldNotFindAgain() {
        RuleSet foreign = RuleSet.of(IpFamily.V4, Table.of(TableName.RAW, Chain.of("OTHER")));
        assertThatThrownBy(() -> backend().apply(namespace, NAMES, foreign)).isInstanceOf(IllegalArgumentException.class).hasMessageContaining("OTHER");
    }

    /** Rules for both families, for one, and for one implied by an address. Without a listener for TPROXY, no packet may reach the app. */
    @Test
    void tproxyToNobodyLetsNothingPass() throws Exception {
        assumeThat(isReal()).as("a fake diverts nothing").isTrue();
        Kernel.run(namespace, "", "ip", "link", "set", "lo", "up");
        Target divert = new Target.Tproxy(15006, new Mark(0x111, 0xfff));
        List<Rule> ways = List.of(Rule.of(divert, Match.protocol(Protocol.TCP)), Rule.of(divert, Match.family(IpFamily.V4), Match.protocol(Protocol.TCP)),
                Rule.of(divert, Match.protocol(Protocol.TCP), Match.destination(IpPrefix.parse("127.0.0.2/32")).not()));
        try (ServerSocketChannel application = namespace.call(ServerSocketChannel::open)) {
            application.bind(new InetSocketAddress("127.0.0.1", 0));
            connect(application.getLocalAddress());
            for (Rule way : ways) {
                RuleSet rules = RuleSet.ofBoth(Table.of(TableName.MANGLE, Chain.of("PREROUTING", Rule.of(new Target.Jump("CT_IN"))), Chain.of("CT_IN", way,
                        Rule.of(divert, Match.protocol(Protocol.TCP), Match.destination(IpPrefix.parse("::2/128")).not()))));
                backend().apply(namespace, NAMES, rules);
                assertThat(differences(rules)).isEmpty();
                assertThatThrownBy(() -> connect(application.getLocalAddress())).isInstanceOf(SocketTimeoutException.class);
            }
        }
    }

    /** One of the ports is listed, one is in a range, one is neither. */
    @Test
    void portsAreTheOnesThatAreListed() throws Exception {
        assumeThat(isReal()).as("a fake refuses nothing").isTrue();
        Kernel.run(namespace, "", "ip", "link", "set", "lo", "up");
        Match listed = Match.destinationPorts(Protocol.TCP, new Ports(8090, 8099), Ports.of(8080), Ports.of(1));
        try (ServerSocketChannel single = listener(8080); ServerSocketChannel inRange = listener(8095); ServerSocketChannel other = listener(8081)) {
            for (Match match : List.of(listed, listed.not())) {
                RuleSet rules = RuleSet.of(IpFamily.V4, Table.of(TableName.FILTER, Chain.of("INPUT", Rule.of(new Target.Jump("CT_IN"))),
                        Chain.of("CT_IN", Rule.of(new Target.Reject(RejectWith.TCP_RESET), Match.protocol(Protocol.TCP), match, Match.flags(TcpFlags.syn())))));
                backend().apply(namespace, NAMES, rules);
                assertThat(differences(rules)).isEmpty();
                for (ServerSocketChannel port : List.of(single, inRange, other)) {
                    if (port == other == match.equals(listed)) {
                        connect(port.getLocalAddress());
                    } else {
                        assertThatThrownBy(() -> connect(port.getLocalAddress())).isInstanceOf(ConnectException.class);
                    }
                }
            }
        }
    }

    private ServerSocketChannel listener(int port) throws IOException {
        return namespace.call(ServerSocketChannel::open).bind(new InetSocketAddress("127.0.0.1", port));
    }

    private void connect(SocketAddress to) throws IOException {
        try (SocketChannel client = namespace.call(SocketChannel::open)) {
            client.socket().connect(to, 500);
        }
    }

    /** A + at the end of an interface's name stands for the rest of it: in what the kernel matches, and in every listing. */
    @Test
    void aPrefixOfInterfaceNamesMatchesTheirPackets() throws Exception {
        assumeThat(isReal()).as("a fake drops nothing").isTrue();
        Kernel.run(namespace, "", "ip", "link", "set", "lo", "up");
        try (ServerSocketChannel application = namespace.call(ServerSocketChannel::open)) {
            application.bind(new InetSocketAddress("127.0.0.1", 0));
            for (String name : List.of("l+", "lo+", "lo")) {
                for (Match match : List.of(Match.out(name), Match.out("x+").not())) {
                    apply(match);
                    assertThatThrownBy(() -> connect(application.getLocalAddress())).as(match.toString()).isInstanceOf(SocketTimeoutException.class);
                }
                for (Match match : List.of(Match.out(name).not(), Match.out("x+"), Match.out("l"))) {
                    apply(match);
                    connect(application.getLocalAddress());
                }
            }
        }
    }

    private void apply(Match match) throws IOException {
        RuleSet rules = RuleSet.ofBoth(Table.of(TableName.FILTER, Chain.of("OUTPUT", Rule.of(new Target.Jump("CT_OUT"))),
                Chain.of("CT_OUT", Rule.of(new Target.Drop(), match))));
        backend().apply(namespace, NAMES, rules);
        assertThat(differences(rules)).as(match.toString()).isEmpty();
    }

    /** nft's expression never matches for cgroups above the path's depth, so these would match neither the condition nor its negation. */
    @Test
    void theOppositeOfACgroupMeansWhatItSaysOrIsRefused() {
        RuleSet outside = RuleSet.of(IpFamily.V4, Table.of(TableName.FILTER, Chain.of("CT_OUT", Rule.of(new Target.Drop(), Match.cgroup("a/proxy").not()))));
        if (backend().layout() == Layout.INET) {
            assertThatThrownBy(() -> backend().check(NAMES, outside)).isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("cgroup").hasMessageContaining("a/proxy");
        } else {
            assertThatCode(() -> backend().check(NAMES, outside)).doesNotThrowAnyException();
        }
    }

    @Test
    void aClosedNamespaceIsAnError() {
        namespace.close();
        assertThatThrownBy(() -> backend().apply(namespace, NAMES, version(15006))).isInstanceOf(IOException.class).hasMessageContaining("closed");
    }

    /** In a stream of new connections, each must be redirected, while versions of the rules replace each other. */
    @Test
    void swapsLeaveNoGap() throws Exception {
        assumeThat(isReal()).as("a fake redirects nothing").isTrue();
        try (Rtnetlink inside = Rtnetlink.open(namespace)) {
            inside.links().up("lo");
        }
        backend().apply(namespace, NAMES, redirection(0));
        try (RedirectedStream stream = RedirectedStream.start(namespace)) {
            for (int i = 1; i <= SWAPS; i++) {
                backend().apply(namespace, NAMES, redirection(i % 3));
            }
            assertThat(stream.stop()).isGreaterThan(SWAPS);
        }
    }

    boolean isReal() {
        return true;
    }

    /** Returns how often two processes apply rules concurrently. */
    int rounds() {
        return 3;
    }

    private static RuleSet redirection(int version) {
        List<Rule> rules = new ArrayList<>();
        for (int i = 0; i < version; i++) {
            rules.add(Rule.of(new Target.Return(), Match.protocol(Protocol.UDP), Match.destinationPort(Protocol.UDP, Ports.of(1000 + i))));
        }
        rules.add(Rule.of(new Target.Redirect(Ports.of(RedirectedStream.PROXY)), Match.family(IpFamily.V4), Match.protocol(Protocol.TCP),
                Match.destinationPort(Protocol.TCP, Ports.of(RedirectedStream.APP))));
        return RuleSet.ofBoth(Table.of(TableName.NAT, Chain.of("OUTPUT", Rule.of(new Target.Jump("CT_OUT"))), new Chain("CT_OUT", rules)));
    }

    @Test
    void ofTwoAppliersAtOnceOneIsLast() throws Exception {
        ExecutorService threads = Executors.newFixedThreadPool(2);
        try {
            List<Future<?>> appliers = new ArrayList<>();
            for (int port : new int[] {15006, 15007}) {
                Callable<Void> applier = () -> {
                    for (int i = 0; i < rounds(); i++) {
                        backend().apply(namespace, NAMES, version(port));
                    }
                    return null;
                };
                appliers.add(threads.submit(applier));
            }
            for (Future<?> applier : appliers) {
                applier.get(300, TimeUnit.SECONDS);
            }
        } finally {
            threads.shutdownNow();
        }
        assertThat(differences(version(15006)).isEmpty() || differences(version(15007)).isEmpty()).isTrue();
        assertThatCode(() -> backend().remove(namespace, NAMES)).doesNotThrowAnyException();
        assertThat(listing()).doesNotContain("CT_");
    }
}
