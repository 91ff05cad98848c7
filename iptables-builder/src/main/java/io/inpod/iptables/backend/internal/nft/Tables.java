package io.inpod.iptables.backend.internal.nft;

import io.inpod.iptables.Listing.ListedChain;
import io.inpod.iptables.ManagedNames;
import io.inpod.iptables.RuleSet;
import io.inpod.iptables.backend.internal.nft.expr.KernelNames;
import io.inpod.netlink.NetlinkRequest;
import java.io.IOException;
import java.util.List;

/** The tables in which rules are kept, and their layout. */
interface Tables {
    /**
     * Returns all chains of some rules.
     *
     * @throws IllegalArgumentException naming a rule that cannot be expressed
     */
    List<List<WantedChain>> wanted(ManagedNames managed, RuleSet rules, KernelNames names);

    /** Adds the messages after which the namespace holds these rules under the managed names, and no others. */
    void edit(NftReader reader, ManagedNames managed, RuleSet rules, KernelNames names, List<NetlinkRequest> batch) throws IOException;

    /** Reads what the namespace holds under the managed names. */
    List<ListedChain> read(NftReader reader, ManagedNames managed, KernelNames names) throws IOException;
}
