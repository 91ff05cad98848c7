package io.inpod.iptables.backend.internal.nft;

import io.inpod.iptables.backend.internal.nft.NftReader.FoundRule;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The parts of an existing table that belong to the managed names.
 *
 * @param exists whether the table exists
 * @param all the names of all of its chains
 * @param own the rules of the managed chains, by chain
 * @param shared the rules of other chains that lead to managed chains, with their positions, by chain
 */
record FoundTable(boolean exists, Set<String> all, Map<String, List<FoundRule>> own, Map<String, List<Jump>> shared) {
    static final FoundTable NONE = new FoundTable(false, Set.of(), Map.of(), Map.of());

    /** A rule in another program's chain that leads to a managed chain; positions start at 1. */
    record Jump(int position, FoundRule rule) {
    }

    static FoundTable empty(Set<String> all) {
        return new FoundTable(true, all, new LinkedHashMap<>(), new LinkedHashMap<>());
    }
}
