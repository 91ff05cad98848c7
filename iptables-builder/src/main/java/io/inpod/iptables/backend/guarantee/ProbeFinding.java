package io.inpod.iptables.backend.guarantee;

import io.inpod.netns.IpFamily;
import java.util.List;

/**
 * How one promise fared when a packet put it to the test.
 *
 * @param family the family of the packet
 * @param promise what was tried
 * @param kept whether it was kept
 * @param expected where the packet should have arrived, in words
 * @param observed where it did, or what the sender was told
 * @param rules if it was broken, the rules that it met and that aren't among those that were wanted, or else the one that should have caught it
 */
public record ProbeFinding(IpFamily family, Guarantee promise, boolean kept, String expected, String observed, List<String> rules) {
    /**
     * Copies the list.
     *
     * @param family the family of the packet
     * @param promise what was tried
     * @param kept whether it was kept
     * @param expected where the packet should have arrived, in words
     * @param observed where it did, or what the sender was told
     * @param rules if it was broken, the rules to blame
     */
    public ProbeFinding {
        rules = List.copyOf(rules);
    }

    @Override
    public String toString() {
        String head = family + ": " + promise.words();
        return kept ? head + ": kept" : head + ": BROKEN: expected " + expected + ", observed " + observed
                + (rules.isEmpty() ? "" : "; " + String.join("; ", rules));
    }
}
