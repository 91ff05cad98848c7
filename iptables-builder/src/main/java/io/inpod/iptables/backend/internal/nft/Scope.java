package io.inpod.iptables.backend.internal.nft;

import io.inpod.netns.IpFamily;
import java.util.Optional;

/**
 * Which packets meet a rule.
 *
 * @param table the family of its table, NFPROTO_
 * @param only the family that the rule is for; empty if for both, in an {@code inet} table
 * @param names of what it asks for
 */
record Scope(int table, Optional<IpFamily> only, KernelNames names) {
    static final int INET = 1;

    /** A rule in a table of its family. */
    static Scope of(IpFamily family, KernelNames names) {
        return new Scope(Basics.nfproto(family), Optional.of(family), names);
    }

    static Scope inet(Optional<IpFamily> only, KernelNames names) {
        return new Scope(INET, only, names);
    }

    boolean isInet() {
        return table == INET;
    }
}
