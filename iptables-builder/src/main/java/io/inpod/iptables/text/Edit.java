package io.inpod.iptables.text;

import io.inpod.iptables.Listing.ListedRule;
import io.inpod.iptables.Rule;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One step from the found rules of a chain to the wanted ones: a missing, a foreign or a changed rule.
 *
 * @param position the rule's position, from 1: where it was found, or where it should be if it is missing
 */
record Edit(int position, @Nullable ListedRule found, @Nullable Rule wanted) {
    /** Larger chains are compared only between their common beginning and end, because the table of lengths is quadratic. */
    private static final int MAX_TABLE = 4_000_000;

    /** Returns the fewest edits: those that keep the longest common subsequence. */
    static List<Edit> between(List<ListedRule> found, List<Rule> wanted) {
        int start = 0;
        int common = Math.min(found.size(), wanted.size());
        while (start < common && Differences.same(found.get(start), wanted.get(start))) {
            start++;
        }
        int end = 0;
        while (end < common - start && Differences.same(found.get(found.size() - 1 - end), wanted.get(wanted.size() - 1 - end))) {
            end++;
        }
        return edits(found.subList(start, found.size() - end), wanted.subList(start, wanted.size() - end), start);
    }

    private static List<Edit> edits(List<ListedRule> found, List<Rule> wanted, int offset) {
        List<Edit> edits = new ArrayList<>();
        boolean affordable = (long) found.size() * wanted.size() <= MAX_TABLE;
        int[][] lengths = affordable ? lengths(found, wanted) : new int[0][0];
        int i = 0;
        int j = 0;
        List<ListedRule> gone = new ArrayList<>();
        List<Edit> missing = new ArrayList<>();
        while (i < found.size() || j < wanted.size()) {
            if (affordable && i < found.size() && j < wanted.size() && Differences.same(found.get(i), wanted.get(j))) {
                pair(edits, gone, missing);
                i++;
                j++;
            } else
                if (j == wanted.size() || affordable && i < found.size() && lengths[i + 1][j] >= lengths[i][j + 1]
                        || !affordable && i < found.size()) {
                            gone.add(found.get(i++));
                        } else {
                            missing.add(new Edit(offset + j + 1, null, wanted.get(j++)));
                        }
        }
        pair(edits, gone, missing);
        return edits;
    }

    /** Merges a foreign and a missing rule at the same place into one change. */
    private static void pair(List<Edit> edits, List<ListedRule> gone, List<Edit> missing) {
        int both = Math.min(gone.size(), missing.size());
        for (int k = 0; k < both; k++) {
            edits.add(new Edit(gone.get(k).position(), gone.get(k), missing.get(k).wanted));
        }
        for (int k = both; k < gone.size(); k++) {
            edits.add(new Edit(gone.get(k).position(), gone.get(k), null));
        }
        edits.addAll(missing.subList(both, missing.size()));
        gone.clear();
        missing.clear();
    }

    private static int[][] lengths(List<ListedRule> found, List<Rule> wanted) {
        int[][] lengths = new int[found.size() + 1][wanted.size() + 1];
        for (int i = found.size() - 1; i >= 0; i--) {
            for (int j = wanted.size() - 1; j >= 0; j--) {
                lengths[i][j] = Differences.same(found.get(i), wanted.get(j)) ? lengths[i + 1][j + 1] + 1
                        : Math.max(lengths[i + 1][j], lengths[i][j + 1]);
            }
        }
        return lengths;
    }
}
