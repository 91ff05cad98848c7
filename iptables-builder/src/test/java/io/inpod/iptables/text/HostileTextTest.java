package io.inpod.iptables.text;

import static org.assertj.core.api.Assertions.assertThat;

import io.inpod.iptables.AddressSet;
import io.inpod.iptables.CgroupMatch;
import io.inpod.iptables.Chain;
import io.inpod.iptables.CommentMatch;
import io.inpod.iptables.FamilyScope;
import io.inpod.iptables.IpPrefix;
import io.inpod.iptables.Match;
import io.inpod.iptables.PortSet;
import io.inpod.iptables.Ports;
import io.inpod.iptables.Protocol;
import io.inpod.iptables.RawForm;
import io.inpod.iptables.Rule;
import io.inpod.iptables.RuleSet;
import io.inpod.iptables.Side;
import io.inpod.iptables.Table;
import io.inpod.iptables.TableName;
import io.inpod.iptables.Target;
import io.inpod.iptables.internal.Words;
import io.inpod.netns.IpFamily;
import java.io.IOException;
import java.util.List;
import java.util.Random;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.function.ToLongFunction;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/**
 * Untrusted text is either refused with a one-line error by the model or the renderer, or rendered into a script with the same number of
 * lines, and of words in each line, as harmless text.
 */
class HostileTextTest {
    private static final String ALPHABET = "ab0+*\"';-!#\\ \n\t\r:/.@_é\u00a0\u2028\ud800|&$()`{}%~,<>=\u0000\u0085\u202e";
    private static final Pattern NFT_WORD = Pattern.compile("\"[^\"]*\"|[^ \"]+");
    private static final int ROUNDS = 5_000;

    private final Random random = new Random(20261126);

    private String text() {
        StringBuilder text = new StringBuilder();
        int kind = random.nextInt(3);
        for (int n = random.nextInt(12); n >= 0; n--) {
            text.append(kind == 0 ? ALPHABET.charAt(random.nextInt(ALPHABET.length())) : kind == 1 ? (char) ('a' + random.nextInt(26)) : "a b;c".charAt(random.nextInt(5)));
        }
        return text.toString();
    }

    private static RuleSet with(Match match, Target target) {
        return RuleSet.ofBoth(Table.of(TableName.FILTER, Chain.of("A", Rule.of(target, match), Rule.of(new Target.Return()))));
    }

    private static RuleSet with(RawForm form, String text) {
        return RuleSet.ofBoth(Table.of(TableName.FILTER, Chain.of("A", Rule.of(new Target.Raw(form, text)), Rule.of(new Target.Return()))));
    }

    private int tried(Function<String, RuleSet> rules) {
        RuleSet harmless = rules.apply("x");
        String iptables = IptablesRestore.render(harmless, IpFamily.V4);
        String nft = NftScript.render(harmless, "p-");
        int accepted = 0;
        for (int i = 0; i < ROUNDS; i++) {
            String text = text();
            RuleSet hostile;
            try {
                hostile = rules.apply(text);
            } catch (IllegalArgumentException e) {
                assertThat(e.getMessage().chars()).noneMatch(Character::isISOControl);
                continue;
            }
            accepted += same(iptables, () -> IptablesRestore.render(hostile, IpFamily.V4), line -> Words.split(line).size(), text);
            accepted += same(nft, () -> NftScript.render(hostile, "p-"), HostileTextTest::nftWords, text);
        }
        return accepted;
    }

    private static int same(String harmless, Supplier<String> render, ToLongFunction<String> words, String text) {
        String script;
        try {
            script = render.get();
        } catch (IllegalArgumentException e) {
            assertThat(e.getMessage().chars()).noneMatch(Character::isISOControl);
            return 0;
        }
        String[] lines = script.split("\n", -1);
        String[] expected = harmless.split("\n", -1);
        assertThat(lines).as(text).hasSameSizeAs(expected);
        for (int i = 0; i < lines.length; i++) {
            assertThat(words.applyAsLong(lines[i])).as(text).isEqualTo(words.applyAsLong(expected[i]));
        }
        return 1;
    }

    /** nft has no escapes inside double quotes. */
    private static long nftWords(String line) {
        return NFT_WORD.matcher(line).results().count();
    }

    @Test
    void commentsStayOneWord() {
        assertThat(tried(text -> with(new CommentMatch(text), new Target.Accept()))).isGreaterThan(ROUNDS);
    }

    @Test
    void logPrefixesStayOneWord() {
        assertThat(tried(text -> with(Match.in("lo"), new Target.Log(text, 4)))).isGreaterThan(ROUNDS);
        assertThat(tried(text -> with(Match.in("lo"), new Target.Nflog(1, text)))).isGreaterThan(ROUNDS);
    }

    /** A raw rule may have many words, but it must end where its line does, and not begin another command. */
    @Test
    void rawRulesStayInTheirRule() {
        for (RawForm form : List.of(RawForm.IPTABLES, RawForm.NFT)) {
            int accepted = 0;
            for (int i = 0; i < ROUNDS / 5; i++) {
                String text = "-j " + text();
                RuleSet hostile;
                try {
                    hostile = with(form, text);
                } catch (IllegalArgumentException e) {
                    assertThat(e.getMessage().chars()).noneMatch(Character::isISOControl);
                    continue;
                }
                accepted++;
                String script = form == RawForm.NFT ? NftScript.render(hostile, "p-") : IptablesRestore.render(hostile, IpFamily.V4);
                assertThat(script.lines()).hasSize(form == RawForm.NFT ? 12 : 5).anyMatch(line -> line.endsWith(" " + text));
                assertThat(form == RawForm.NFT ? NFT_WORD.matcher(text).replaceAll(word -> word.group().startsWith("\"") ? "" : "$0") : "").doesNotContain(";", "#", "\\");
            }
            assertThat(accepted).isGreaterThan(ROUNDS / 50);
        }
    }

    @Test
    void interfaceNamesStayOneWord() {
        assertThat(tried(text -> with(Match.in(text), new Target.Accept()))).isGreaterThan(ROUNDS / 10);
    }

    @Test
    void controlGroupsStayOneWord() {
        assertThat(tried(text -> with(new CgroupMatch(text, false), new Target.Accept()))).isGreaterThan(ROUNDS / 10);
    }

    @Test
    void namesOfChainsAndSetsStayOneWord() {
        assertThat(tried(text -> RuleSet.ofBoth(Table.of(TableName.FILTER, Chain.of("OUTPUT", Rule.of(new Target.Jump(text))), Chain.of(text))))).isGreaterThan(ROUNDS / 10);
        assertThat(tried(text -> {
            AddressSet set = AddressSet.of(text, IpFamily.V4);
            return new RuleSet(FamilyScope.BOTH, List.of(Table.of(TableName.FILTER, Chain.of("A", Rule.of(new Target.Drop(), Match.in(set, Side.SOURCE))))), List.of(set));
        })).isGreaterThan(ROUNDS / 10);
        assertThat(tried(text -> {
            PortSet set = PortSet.of(text);
            Rule rule = Rule.of(new Target.Drop(), Match.protocol(Protocol.TCP), Match.in(set, Protocol.TCP, Side.SOURCE));
            return new RuleSet(FamilyScope.BOTH, List.of(Table.of(TableName.FILTER, Chain.of("A", rule))), List.of(set));
        })).isGreaterThan(ROUNDS / 10);
    }

    @Test
    void commentsOfElementsStayOneWord() {
        assertThat(tried(text -> {
            AddressSet set = new AddressSet("s", IpFamily.V4, List.of(new AddressSet.Element(IpPrefix.parse("10.0.0.1").address(), text)));
            return new RuleSet(FamilyScope.BOTH, List.of(), List.of(set));
        })).isGreaterThan(ROUNDS);
        assertThat(tried(text -> new RuleSet(FamilyScope.BOTH, List.of(), List.of(new PortSet("s", List.of(new PortSet.Element(Ports.of(80), text))))))).isGreaterThan(ROUNDS);
    }

    /** Listings are untrusted text too: any input yields a listing or an IOException. */
    @Test
    void damagedListingsAreErrorsOrListings() throws Exception {
        String saved = "*nat\n:A - [0:0]\n-A OUTPUT -p tcp -m tcp --dport 1:2 -m comment --comment \"a b\" -j A\n-A A -m limit --limit 1/sec -j DNAT --to-destination [::1]:5\n"
                + "-A A -p sctp -m statistic --mode nth ! --every 3 --packet 1 -m connlimit --connlimit-upto 2 --connlimit-mask 128 --connlimit-daddr -j DROP\n"
                + "-A A ! -p 47 -m statistic --mode random --probability 0.30000000000 -j NFQUEUE --queue-balance 1:3 --queue-bypass --queue-cpu-fanout\nCOMMIT\n";
        String json = "{\"nftables\": [{\"table\": {\"family\": \"inet\", \"name\": \"p-nat\"}}, {\"chain\": {\"family\": \"inet\", \"table\": \"p-nat\", \"name\": \"A\"}},"
                + "{\"chain\": {\"family\": \"inet\", \"table\": \"p-nat\", \"name\": \"output\", \"type\": \"nat\", \"hook\": \"output\", \"prio\": -100, \"policy\": \"accept\"}},"
                + "{\"set\": {\"family\": \"inet\", \"table\": \"p-nat\", \"name\": \"s\", \"type\": \"ipv4_addr\", \"elem\": [\"10.0.0.1\"]}},"
                + "{\"set\": {\"family\": \"inet\", \"table\": \"p-nat\", \"name\": \"w\", \"type\": \"inet_service\", \"flags\": [\"interval\"], \"elem\": [80, {\"range\": [90, 99]},"
                + " {\"elem\": {\"val\": 443, \"comment\": \"x\"}}]}},{\"rule\": {\"family\": \"inet\", \"table\": \"p-nat\", \"chain\": \"A\", \"expr\": [{\"match\": {\"op\": \"==\","
                + " \"left\": {\"payload\": {\"protocol\": \"tcp\", \"field\": \"dport\"}}, \"right\": \"@w\"}}, {\"accept\": null}]}},"
                + "{\"rule\": {\"family\": \"inet\", \"table\": \"p-nat\", \"chain\": \"output\", \"handle\": 9, \"expr\": [{\"vmap\": {\"data\": [{\"jump\": {\"target\": \"A\"}}]}}]}},"
                + "{\"rule\": {\"family\": \"inet\", \"table\": \"p-nat\", \"chain\": \"A\", \"expr\": [{\"match\": {\"op\": \"==\", \"left\": {\"payload\": {\"protocol\": \"tcp\","
                + " \"field\": \"dport\"}}, \"right\": {\"range\": [5, 6]}}}, {\"mangle\": {\"key\": {\"meta\": {\"key\": \"mark\"}}, \"value\": {\"|\": [1, 2]}}}, {\"jump\": {\"target\": \"A\"}}]}},"
                + "{\"rule\": {\"family\": \"inet\", \"table\": \"p-nat\", \"chain\": \"A\", \"expr\": [{\"match\": {\"op\": \"<\", \"left\": {\"numgen\": {\"mode\": \"random\","
                + " \"mod\": 100, \"offset\": 0}}, \"right\": 25}}, {\"ct count\": {\"val\": 20, \"inv\": true}}, {\"queue\": {\"num\": {\"range\": [1, 3]}, \"flags\": [\"bypass\"]}}]}}]}";
        String words = "table inet p-nat { # handle 1\n\tchain output { # handle 2\n\t\ttcp dport vmap { 5 : jump A } # handle 9\n\t}\n}\n";
        rendered(ForeignRules.ofNft(json, words).values().iterator().next());
        for (int i = 0; i < ROUNDS; i++) {
            for (String whole : List.of(saved, json)) {
                StringBuilder damaged = new StringBuilder(whole);
                for (int n = 1 + random.nextInt(4); n > 0; n--) {
                    int at = random.nextInt(damaged.length());
                    if (random.nextBoolean()) {
                        damaged.deleteCharAt(at);
                    } else {
                        damaged.setCharAt(at, random.nextBoolean() ? whole.charAt(random.nextInt(whole.length())) : ALPHABET.charAt(random.nextInt(ALPHABET.length())));
                    }
                }
                try {
                    if (whole.equals(saved)) {
                        IptablesSave.parse(damaged.toString()).listing(IpFamily.V6);
                        if (i % 3 == 0) {
                            rendered(ForeignRules.ofIptablesSave(damaged.toString(), IpFamily.V6));
                        }
                    } else {
                        NftJson.parse(damaged.toString(), words, "p-");
                        if (i % 3 == 0) {
                            ForeignRules.ofNft(damaged.toString(), words).values().forEach(HostileTextTest::rendered);
                        }
                    }
                } catch (IOException e) {
                    assertThat(e.getMessage()).isNotEmpty();
                }
            }
        }
    }

    /** What was understood is a script, or is refused like any rule that a script can't express. */
    private static void rendered(ForeignRules found) {
        assertThat(String.join("", found.leftOut()).chars()).noneMatch(Character::isISOControl);
        try {
            assertThat(IptablesRestore.render(found.rules(), IpFamily.V6) + NftScript.render(found.rules(), "p-")).isNotNull();
        } catch (IllegalArgumentException e) {
            assertThat(e.getMessage()).isNotEmpty();
        }
    }
}
