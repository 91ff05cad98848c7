package io.inpod.iptables.text;

import io.inpod.iptables.CommentMatch;
import io.inpod.iptables.FamilyScope;
import io.inpod.iptables.Listing.ListedRule;
import io.inpod.iptables.Match;
import io.inpod.iptables.RawForm;
import io.inpod.iptables.Rule;
import io.inpod.iptables.RuleCounter;
import io.inpod.iptables.Target;
import io.inpod.netns.IpFamily;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A rule of a table of one or both families, as nft lists it.
 *
 * @param json the rule, libnftables-json(5)
 * @param position its position in the chain, from 1; the second of the two rules for TPROXY is part of the first
 * @param rule the rule; empty if the model can't express it
 * @param text the rule in words of nft, or as its statements if these are unknown
 * @param raw the rule as text for nft; empty if that is unknown
 */
record NftListed(Map<?, ?> json, int position, Optional<Rule> rule, String text, Optional<Rule> raw) {
    private static final Pattern WITH_HANDLE = Pattern.compile("\\s*(.*\\S) # handle (\\d{1,18})");

    /**
     * Reads the rules of a chain.
     *
     * @param texts the rules in words of nft, by handle; those that the model can express need none
     */
    static List<NftListed> of(List<Map<?, ?>> found, Map<Long, String> texts) {
        List<NftListed> listed = new ArrayList<>();
        for (int i = 0; i < found.size(); i++) {
            Map<?, ?> json = found.get(i);
            Optional<Rule> rule = NftRuleParser.parse(json);
            if (rule.isPresent() && rule.get().target() instanceof Target.Tproxy) { // what met no socket is dropped by the next rule
                Rule drop = new Rule(withoutComment(rule.get()), new Target.Drop());
                if (i + 1 < found.size() && NftRuleParser.parse(found.get(i + 1)).equals(Optional.of(drop))) {
                    i++;
                } else {
                    rule = Optional.empty();
                }
            }
            Optional<String> text = rule.map(NftListed::words).or(() -> text(json, texts));
            listed.add(new NftListed(json, listed.size() + 1, rule, text.orElse(String.valueOf(json.get("expr"))),
                    text.flatMap(words -> RawRules.of(RawForm.NFT, words))));
        }
        return listed;
    }

    private static Optional<String> text(Map<?, ?> json, Map<Long, String> texts) {
        return json.get("handle") instanceof Long handle ? Optional.ofNullable(texts.get(handle)) : Optional.empty();
    }

    /**
     * Reads {@code nft -a list table}: the lines of rules by handle. Lines that end with a brace are of tables, chains and sets, whose
     * handles are others. A line that a comment with a line break imitates is left out.
     */
    static Map<Long, String> texts(String listing) {
        Map<Long, String> texts = new HashMap<>();
        List<Long> twice = new ArrayList<>();
        for (String line : listing.split("\n")) {
            Matcher found = WITH_HANDLE.matcher(line);
            if (found.matches() && !found.group(1).endsWith("{") && texts.put(Long.valueOf(found.group(2)), found.group(1)) != null) {
                twice.add(Long.valueOf(found.group(2)));
            }
        }
        twice.forEach(texts::remove);
        return texts;
    }

    /** Whether packets of a family meet it. */
    boolean isOf(IpFamily family) {
        return families().contains(family);
    }

    private FamilyScope families() {
        return rule.map(Rule::families).orElse(FamilyScope.BOTH);
    }

    /** Returns it as one of the rules that packets of one family meet. */
    ListedRule listed() {
        return new ListedRule(position, rule.map(Rule::withoutFamily), text, raw, counter());
    }

    /** Returns it as a rule of its table, in which it may name its family. */
    ListedRule inTable() {
        return new ListedRule(position, rule, text, raw, counter());
    }

    private Optional<RuleCounter> counter() {
        if (json.get("expr") instanceof List<?> statements) {
            for (Object statement : statements) {
                if (statement instanceof Map<?, ?> map && map.get("counter") instanceof Map<?, ?> counter
                        && counter.get("packets") instanceof Number packets && counter.get("bytes") instanceof Number bytes) {
                    return Optional.of(RuleCounter.ofUnsigned(families(), packets.longValue(), bytes.longValue()));
                }
            }
        }
        return Optional.empty();
    }

    private static List<Match> withoutComment(Rule rule) {
        return rule.matches().stream().filter(match -> !(match instanceof CommentMatch)).toList();
    }

    private static String words(Rule rule) {
        try {
            return NftScript.rule(rule).get(0);
        } catch (IllegalArgumentException e) {
            return rule.toString();
        }
    }
}
