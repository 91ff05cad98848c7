package io.inpod.examples.ztunnel.route;

import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.LongUnaryOperator;

/**
 * What a decision depends on besides the mesh, the client and its target: chance, and what has failed before.
 *
 * @param failed the keys of workloads to which this client couldn't be connected; others are chosen
 * @param onlyTunnels whether one of them speaks HBONE. Then no endpoint is chosen to which the data would go in clear: whoever prevents a
 * tunnel must not get the data instead
 * @param random returns a number from 0 to its argument - 1; the argument is at least 1
 */
public record Choice(Set<String> failed, boolean onlyTunnels, LongUnaryOperator random) {
    private static final Choice AT_RANDOM =
            new Choice(Set.of(), false, bound -> bound == 1 ? 0 : ThreadLocalRandom.current().nextLong(bound));

    /** Copies the set. */
    public Choice {
        failed = Set.copyOf(failed);
    }

    /** {@return a choice at random, of which nothing has failed yet} */
    public static Choice atRandom() {
        return AT_RANDOM;
    }

    /**
     * Returns the same choice without a workload.
     *
     * @param uid the workload's key
     * @param tunnel whether the connection to it was to be a tunnel
     * @return the choice
     */
    public Choice without(String uid, boolean tunnel) {
        Set<String> all = new HashSet<>(failed);
        all.add(uid);
        return new Choice(all, onlyTunnels || tunnel, random);
    }
}
