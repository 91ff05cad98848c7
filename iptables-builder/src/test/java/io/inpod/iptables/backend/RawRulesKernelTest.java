package io.inpod.iptables.backend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.inpod.iptables.Chain;
import io.inpod.iptables.Kernel;
import io.inpod.iptables.Listing.ListedChain;
import io.inpod.iptables.Listing.ListedRule;
import io.inpod.iptables.ManagedNames;
import io.inpod.iptables.Match;
import io.inpod.iptables.RawForm;
import io.inpod.iptables.Rule;
import io.inpod.iptables.RuleCounter;
import io.inpod.iptables.RuleSet;
import io.inpod.iptables.Table;
import io.inpod.iptables.TableName;
import io.inpod.iptables.Target;
import io.inpod.iptables.text.Differences;
import io.inpod.netns.IpFamily;
import io.inpod.netns.NetworkNamespace;
import java.io.IOException;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Rules that the model can't express, by every back end: applied, listed by the tools as they were given, verified and removed. */
class RawRulesKernelTest {
    private static final ManagedNames NAMES = new ManagedNames(Set.of("RAW_IN"), "raw-", Set.of());
    private static final Rule JUMP = Rule.of(new Target.Jump("RAW_IN"));
    private static final String RECENT = "-m recent --rcheck --name x --mask 255.255.255.255 --rsource -m comment --comment \"a note\" -j DROP";
    private static final String TTL = "ip ttl < 5 counter drop comment \"a note\"";

    private NetworkNamespace namespace;

    @BeforeEach
    void open() throws Exception {
        namespace = Kernel.namespace();
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

    private static Rule raw(RawForm form, String text, Match... matches) {
        return Rule.of(new Target.Raw(form, text), matches);
    }

    /** A typed rule stands beside each. */
    private static RuleSet rules(Rule... rules) {
        Chain chain = new Chain("RAW_IN", Arrays.asList(rules));
        return RuleSet.ofBoth(Table.of(TableName.FILTER, Chain.of("INPUT", JUMP), chain));
    }

    private List<String> differences(Backend backend, RuleSet rules) throws IOException {
        return Differences.between(backend.read(namespace, NAMES), rules);
    }

    private void isAppliedAndRemoved(Backend backend, RuleSet rules, String listed, String... lister) throws Exception {
        backend.apply(namespace, NAMES, rules);
        assertThat(Kernel.run(namespace, "", lister)).contains(listed);
        assertThat(differences(backend, rules)).isEmpty();
        String before = Kernel.run(namespace, "", "nft", "-a", "list", "ruleset");
        backend.apply(namespace, NAMES, rules);
        assertThat(Kernel.run(namespace, "", "nft", "-a", "list", "ruleset")).as("nothing is replaced").isEqualTo(before);
        assertThat(differences(backend, rules(Rule.of(new Target.Accept())))).isNotEmpty();
        backend.remove(namespace, NAMES);
        assertThat(Kernel.run(namespace, "", lister)).doesNotContain("RAW_IN");
    }

    @ParameterizedTest
    @ValueSource(strings = {"iptables-nft", "iptables-legacy"})
    void wordsOfIptables(String name) throws Exception {
        RuleSet rules = rules(raw(RawForm.IPTABLES, RECENT, Match.family(IpFamily.V4)), Rule.of(new Target.Accept(), Match.in("lo")));
        isAppliedAndRemoved(backend(name), rules, "-A RAW_IN " + RECENT + "\n-A RAW_IN -i lo -j ACCEPT\n", name + "-save");
    }

    @Test
    void statementsOfNft() throws Exception {
        isAppliedAndRemoved(backend("nft"), rules(raw(RawForm.NFT, TTL), Rule.of(new Target.Accept(), Match.in("lo"))), "\t\t" + TTL + "\n\t\tiifname \"lo\" counter accept\n",
                "nft", "-n", "-s", "list", "ruleset");
    }

    /** A tool makes the rule, and a listing has its expressions. */
    @ParameterizedTest
    @ValueSource(strings = {"netlink", "netlink-inet"})
    void expressionsOverNetlink(String name) throws Exception {
        Backend backend = backend(name);
        boolean inet = name.equals("netlink-inet");
        Match[] family = inet ? new Match[0] : new Match[] {Match.family(IpFamily.V4)};
        RuleSet empty = rules(Rule.of(new Target.Accept(), Match.in("lo")));
        backend.apply(namespace, NAMES, empty);
        String listed = inet ? TTL.replace(" comment \"a note\"", "") : "-A RAW_IN " + RECENT;
        String[] lister = inet ? new String[] {"nft", "-s", "list", "ruleset"} : new String[] {"iptables-nft-save"};
        Kernel.run(namespace, "", "sh", "-c", inet ? "nft add rule inet raw-filter RAW_IN '" + listed.replace("counter", "counter packets 7 bytes 900") + "'"
                : "iptables-nft -c 7 900 " + listed.replace("\"", "'"));
        ListedRule found = chain(backend).rules().get(1);
        assertThat(found.comment()).isEmpty();
        assertThat(found.counter()).as("isn't part of the rule").map(RuleCounter::packets).contains(7L);
        Rule raw = found.raw().orElseThrow();
        Rule noted = Rule.of(raw.target(), inet ? new Match[] {Match.comment("a note")} : family);
        backend.remove(namespace, NAMES);

        isAppliedAndRemoved(backend, rules(noted, Rule.of(new Target.Accept(), Match.in("lo"))), listed, lister);
        backend.apply(namespace, NAMES, rules(noted));
        assertThat(chain(backend).rules().get(0).comment()).isEqualTo(inet ? "a note" : "");
    }

    private ListedChain chain(Backend backend) throws IOException {
        return backend.read(namespace, NAMES).chains().stream().filter(chain -> chain.name().equals("RAW_IN")).findFirst().orElseThrow();
    }

    /** The tools would list each in another form, so that nobody could verify it. */
    @ParameterizedTest
    @CsvSource({"iptables-nft, --protocol udp -m recent --set -j DROP, -p udp -m recent --set", "iptables-legacy, -m recent --set -j DROP, -m recent --set --name DEFAULT",
        "nft, ip ttl lt 5 counter drop, ip ttl < 5", "nft, tcp dport 80 accept, tcp dport 80 counter accept"})
    void whatIsListedInAnotherFormIsTakenBack(String name, String given, String listed) throws Exception {
        Backend backend = backend(name);
        RuleSet before = rules(Rule.of(new Target.Accept(), Match.in("lo")));
        backend.apply(namespace, NAMES, before);
        Rule raw = name.equals("nft") ? raw(RawForm.NFT, given) : raw(RawForm.IPTABLES, given, Match.family(IpFamily.V4));
        assertThatThrownBy(() -> backend.apply(namespace, NAMES, rules(raw))).isInstanceOf(RulesDifferException.class)
                .hasMessageContaining(given).hasMessageContaining("found " + listed).hasMessageContaining("must be given as it is listed");
        assertThat(differences(backend, before)).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"netlink", "netlink-inet", "nft", "iptables-nft", "iptables-legacy"})
    void anotherFormIsRefusedBeforeAnythingChanges(String name) throws Exception {
        Backend backend = backend(name);
        RawForm own = name.equals("nft") ? RawForm.NFT : name.startsWith("netlink") ? RawForm.NETLINK : RawForm.IPTABLES;
        for (Rule rule : List.of(raw(RawForm.IPTABLES, RECENT), raw(RawForm.NFT, TTL), raw(RawForm.NETLINK, "00000000"))) {
            RawForm form = ((Target.Raw) rule.target()).form();
            if (form != own || form == RawForm.NETLINK) {
                assertThatThrownBy(() -> backend.apply(namespace, NAMES, rules(rule))).isInstanceOf(IllegalArgumentException.class)
                        .hasMessageContaining("RAW_IN rule 1: ").hasMessageContaining(form == own ? "no list of expressions" : "form " + form + ": it takes " + own);
            }
        }
        assertThat(Kernel.run(namespace, "", "sh", "-c", "nft list ruleset; iptables-legacy-save")).doesNotContain("RAW_IN");
    }

    /** In a table of both families, the packets of the other one would meet it. */
    @Test
    void aRawRuleForOneFamilyIsRefusedInTablesOfBoth() throws Exception {
        RuleSet v4 = RuleSet.of(IpFamily.V4, Table.of(TableName.FILTER, Chain.of("RAW_IN", raw(RawForm.NFT, TTL))));
        assertThatThrownBy(() -> Backends.named("nft").orElseThrow().check(NAMES, v4)).hasMessageContaining("raw rule for IPv4 alone");
        Rule raw = raw(RawForm.NETLINK, list("0c00010008000100636d7000"), Match.family(IpFamily.V6));
        assertThatThrownBy(() -> NetlinkBackend.inet().check(NAMES, rules(raw))).hasMessageContaining("raw rule for IPv6 alone");
        assertThatCode(() -> NetlinkBackend.iptables().check(NAMES, rules(raw))).doesNotThrowAnyException();
    }

    /** Bytes are as on a little-endian machine. */
    private static String list(String bytes) {
        assumeThat(ByteOrder.nativeOrder()).isEqualTo(ByteOrder.LITTLE_ENDIAN);
        return bytes;
    }
}
