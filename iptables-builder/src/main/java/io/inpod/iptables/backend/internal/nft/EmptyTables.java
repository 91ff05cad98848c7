package io.inpod.iptables.backend.internal.nft;

import io.inpod.iptables.Hook;
import io.inpod.iptables.TableName;
import io.inpod.iptables.backend.internal.nft.NftReader.FoundChain;
import io.inpod.iptables.backend.internal.nft.expr.Basics;
import io.inpod.netlink.NetlinkException;
import io.inpod.netlink.NetlinkRequest;
import io.inpod.netlink.Nfnetlink;
import io.inpod.netns.IpFamily;
import io.inpod.netns.NetworkNamespace;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Takes away what rules of ours have left in the tables of iptables: built-in chains that were needed for our jumps alone, and tables in
 * which nothing is left but such chains. An empty chain isn't harmless: one of nat keeps connection tracking on. A chain with rules, with
 * another policy than accept, or hooked in another way, and a table that another program owns or in which it has anything, stay.
 */
public final class EmptyTables {
    private static final int MOST_ATTEMPTS = 100;

    private EmptyTables() {}

    /**
     * Takes away what is empty now.
     *
     * @param left by family and table, the built-in chains in which rules of ours were
     */
    public static void remove(NetworkNamespace namespace, Map<IpFamily, Map<TableName, Set<String>>> left) throws IOException {
        try (Nfnetlink netlink = Nfnetlink.open(namespace)) {
            NftReader reader = new NftReader(netlink);
            for (int attempt = 1;; attempt++) {
                int generation = reader.generation();
                List<NetlinkRequest> batch = new ArrayList<>();
                for (Map.Entry<IpFamily, Map<TableName, Set<String>>> family : left.entrySet()) {
                    int number = Basics.nfproto(family.getKey());
                    List<FoundChain> chains = reader.chains(number);
                    for (Map.Entry<TableName, Set<String>> table : family.getValue().entrySet()) {
                        edit(reader, number, table.getKey(), chains, Set.of(), Map.of(), table.getValue(), batch);
                    }
                }
                try {
                    netlink.commit(Nft.SUBSYSTEM, generation, batch);
                    return;
                } catch (NetlinkException e) {
                    if (attempt >= MOST_ATTEMPTS || !e.outdated()) {
                        throw e;
                    }
                }
            }
        }
    }

    /** Adds the messages for a table in which all rules of ours are deleted by earlier messages. */
    static void edit(NftReader reader, int family, TableName table, List<FoundChain> chains, FoundTable found, List<NetlinkRequest> batch)
            throws IOException {
        if (!found.own().isEmpty() || !found.shared().isEmpty()) {
            Map<String, Integer> leaving = new HashMap<>();
            found.shared().forEach((chain, jumps) -> leaving.put(chain, jumps.size()));
            edit(reader, family, table, chains, found.own().keySet(), leaving, found.shared().keySet(), batch);
        }
    }

    /**
     * Adds messages.
     *
     * @param deleted chains that earlier messages delete
     * @param leaving how many rules earlier messages delete, by chain
     * @param ours the built-in chains in which rules of ours were
     */
    private static void edit(NftReader reader, int family, TableName table, List<FoundChain> chains, Set<String> deleted,
            Map<String, Integer> leaving, Set<String> ours, List<NetlinkRequest> batch) throws IOException {
        Set<String> empty = new HashSet<>();
        int all = 0;
        for (FoundChain chain : chains) {
            if (chain.table().equals(table.toString())) {
                all++;
                if (isBuiltIn(table, chain) && chain.uses() == leaving.getOrDefault(chain.name(), 0)) {
                    empty.add(chain.name());
                }
            }
        }
        int number = all;
        boolean whole = number > 0 && empty.size() + deleted.size() == number
                && reader.table(family, table.toString()).map(header -> header.plain() && header.uses() == number).orElse(false);
        for (String chain : empty) {
            if (whole || ours.contains(chain)) {
                batch.add(Nft.deleteChain(family, table.toString(), chain));
            }
        }
        if (whole) {
            batch.add(Nft.deleteTable(family, table.toString()));
        }
    }

    /** Whether a chain is as iptables-nft creates it. */
    private static boolean isBuiltIn(TableName table, FoundChain chain) {
        return chain.plain() && Hook.isName(chain.name()) && BaseChain.of(table, Hook.valueOf(chain.name())).equals(chain.base());
    }
}
