package io.inpod.iptables.backend.internal.nft;

import io.inpod.iptables.backend.internal.nft.NftReader.FoundRule;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * What there is of a table that concerns us.
 *
 * @param exists whether there is such a table
 * @param all the names of all of its chains
 * @param own rules by chain of ours
 * @param shared our rules in other chains, with their positions, by chain
 */
record FoundTable(boolean exists, Set<String> all, Map<String, List<FoundRule>> own, Map<String, List<Jump>> shared) {
    static final FoundTable NONE = new FoundTable(false, Set.of(), Map.of(), Map.of());

    /** A rule in somebody else's chain that leads into one of ours; its position counts from 1. */
    record Jump(int position, FoundRule rule) {
    }

    static FoundTable empty(Set<String> all) {
        return new FoundTable(true, all, new LinkedHashMap<>(), new LinkedHashMap<>());
    }
}
