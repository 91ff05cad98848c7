package io.inpod.iptables.backend.internal.nft;

import io.inpod.iptables.Listing.ListedChain;
import io.inpod.iptables.ManagedNames;
import io.inpod.iptables.RuleSet;
import io.inpod.iptables.backend.internal.nft.expr.KernelNames;
import io.inpod.netlink.NetlinkRequest;
import java.io.IOException;
import java.util.List;

/** Where and how a layout keeps rules. */
interface Tables {
    /**
     * All chains that rules ask for.
     *
     * @throws IllegalArgumentException naming the rule that can't be expressed
     */
    List<List<WantedChain>> wanted(ManagedNames managed, RuleSet rules, KernelNames names);

    /** Adds the messages that make the namespace hold these rules of the owner and no others. */
    void edit(NftReader reader, ManagedNames managed, RuleSet rules, KernelNames names, List<NetlinkRequest> batch) throws IOException;

    /** What the namespace holds of the owner. */
    List<ListedChain> read(NftReader reader, ManagedNames managed, KernelNames names) throws IOException;
}
