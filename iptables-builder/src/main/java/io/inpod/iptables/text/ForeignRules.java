package io.inpod.iptables.text;

import io.inpod.iptables.RuleSet;
import io.inpod.iptables.internal.Quote;
import io.inpod.netns.IpFamily;
import java.io.IOException;
import java.util.List;
import java.util.Map;

/**
 * Rules of any programs, read from a listing of iptables-save(8) or nft(8), to look at, to compare with others, and to render again.
 *
 * <p>A rule that the model can't express, or that refers to something that isn't in the listing, is a {@link io.inpod.iptables.Target.Raw}
 * with its words. What no rule set can have, such as the policy DROP or the priority of a chain, is named in {@link #leftOut}; without it,
 * the rules alone don't say what happens to packets.
 *
 * <p>To compare two of them, or one with rules of your own: {@code Differences.between(Listing.of(found.rules()), wanted)}.
 *
 * @param rules the rules
 * @param leftOut what the listing has and the rules lack, in words, with its place; empty if they say the same
 */
public record ForeignRules(RuleSet rules, List<String> leftOut) {
    /**
     * Copies the list, with escapes for what could end a line or change how it is shown.
     *
     * @param rules see {@link #rules()}
     * @param leftOut see {@link #leftOut()}
     */
    public ForeignRules {
        leftOut = leftOut.stream().map(Quote::printable).toList();
    }

    /**
     * Reads the output of iptables-save(8) or ip6tables-save(8), with or without counters. Rules with address sets are raw, because the
     * output doesn't contain those.
     *
     * @param saved the output
     * @param family the family of the tool
     * @return the rules of that family
     * @throws IOException if the text is not such a listing
     */
    public static ForeignRules ofIptablesSave(String saved, IpFamily family) throws IOException {
        return ForeignIptables.read(IptablesSave.parse(saved), family);
    }

    /**
     * Reads the output of {@code nft -j list ruleset}, or of {@code list table}. Each table of nft becomes a rule set. Its base chains are
     * the built-in chains with the same type, hook and priority in iptables; others are left out. The tables of iptables are read better
     * from {@link #ofIptablesSave}, because nft doesn't know all of their rules.
     *
     * @param json the output
     * @param words the output of {@code nft -a -n -s list ruleset}, for rules that the model can't express, which are left out otherwise;
     *     may be empty
     * @return the rules of each table, by family and name, such as {@code inet filter}
     * @throws TornSetException if a set was listed while it grew; list it again
     * @throws IOException if the text is not such a listing
     */
    public static Map<String, ForeignRules> ofNft(String json, String words) throws IOException {
        return ForeignNft.read(json, words);
    }
}
