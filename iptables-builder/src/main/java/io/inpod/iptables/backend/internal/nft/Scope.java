package io.inpod.iptables.backend.internal.nft;

import io.inpod.iptables.FamilyScope;
import io.inpod.netns.IpFamily;

/**
 * Which packets meet a rule.
 *
 * @param table the family of its table, NFPROTO_
 * @param families the families that the rule is for; one of them in a table of one family
 * @param names of what it asks for
 */
record Scope(int table, FamilyScope families, KernelNames names) {
    static final int INET = 1;

    /** A rule in a table of its family. */
    static Scope of(IpFamily family, KernelNames names) {
        return new Scope(Basics.nfproto(family), FamilyScope.of(family), names);
    }

    static Scope inet(FamilyScope families, KernelNames names) {
        return new Scope(INET, families, names);
    }

    boolean isInet() {
        return table == INET;
    }
}
