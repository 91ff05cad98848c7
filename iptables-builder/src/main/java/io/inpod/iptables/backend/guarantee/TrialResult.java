package io.inpod.iptables.backend.guarantee;

import io.inpod.netns.IpFamily;
import java.util.List;

/**
 * The result of trying one guarantee with a packet.
 *
 * @param family the family of the packet
 * @param guarantee the guarantee that was tried
 * @param holds whether it holds
 * @param expected where the packet should have arrived, in words
 * @param observed where it arrived, or which error the sender got
 * @param rules if the guarantee is broken, the rules that the packet met and that aren't among the wanted ones, or else the rule that
 *     should have caught it
 */
public record TrialResult(IpFamily family, Guarantee guarantee, boolean holds, String expected, String observed, List<String> rules) {
    /**
     * Copies the list.
     *
     * @param family see {@link #family()}
     * @param guarantee see {@link #guarantee()}
     * @param holds see {@link #holds()}
     * @param expected see {@link #expected()}
     * @param observed see {@link #observed()}
     * @param rules see {@link #rules()}
     */
    public TrialResult {
        rules = List.copyOf(rules);
    }

    @Override
    public String toString() {
        String head = family + ": " + guarantee.words();
        return holds ? head + ": kept" : head + ": BROKEN: expected " + expected + ", observed " + observed
                + (rules.isEmpty() ? "" : "; " + String.join("; ", rules));
    }
}
