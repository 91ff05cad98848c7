package io.inpod.examples.ztunnel.route;

import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.LongUnaryOperator;

/**
 * What a decision depends on besides the mesh, the client and its target: chance, and what has failed before.
 *
 * @param failed the keys of workloads to which the client couldn't be connected; others are chosen. If one of a service's endpoints is
 * among them that is reached through a tunnel, none is chosen to which the data would go in clear: an attacker who prevents a tunnel must
 * not get it
 * @param random returns a number from 0 to its argument - 1; the argument is at least 1
 */
public record Choice(Set<String> failed, LongUnaryOperator random) {
    private static final Choice AT_RANDOM = new Choice(Set.of(), bound -> bound == 1 ? 0 : ThreadLocalRandom.current().nextLong(bound));

    /** Copies the set. */
    public Choice {
        failed = Set.copyOf(failed);
    }

    /** {@return a choice at random, of which nothing has failed yet} */
    public static Choice atRandom() {
        return AT_RANDOM;
    }

    /**
     * Returns the same choice without some workloads.
     *
     * @param uids the workloads' keys
     * @return the choice
     */
    public Choice without(Set<String> uids) {
        Set<String> all = new HashSet<>(failed);
        all.addAll(uids);
        return new Choice(all, random);
    }
}
