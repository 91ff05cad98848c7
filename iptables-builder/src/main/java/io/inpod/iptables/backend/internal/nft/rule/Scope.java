package io.inpod.iptables.backend.internal.nft.rule;

import io.inpod.iptables.FamilyScope;
import io.inpod.iptables.backend.internal.nft.expr.Basics;
import io.inpod.iptables.backend.internal.nft.expr.KernelNames;
import io.inpod.netns.IpFamily;

/**
 * Which packets meet a rule.
 *
 * @param table the family of its table, NFPROTO_
 * @param families the families that the rule is for; one of them in a table of one family
 * @param names of what it asks for
 */
public record Scope(int table, FamilyScope families, KernelNames names) {
    public static final int INET = 1;

    /** A rule in a table of its family. */
    public static Scope of(IpFamily family, KernelNames names) {
        return new Scope(Basics.nfproto(family), FamilyScope.of(family), names);
    }

    public static Scope inet(FamilyScope families, KernelNames names) {
        return new Scope(INET, families, names);
    }

    boolean isInet() {
        return table == INET;
    }
}
