package io.inpod.iptables.backend.internal.nft.rule;

import io.inpod.iptables.FamilyScope;
import io.inpod.iptables.backend.internal.nft.expr.Basics;
import io.inpod.iptables.backend.internal.nft.expr.KernelNames;
import io.inpod.netns.IpFamily;

/**
 * The table and families for which a rule is written.
 *
 * @param table the family of its table, NFPROTO_
 * @param families the families that the rule is for; one of them in a table of one family
 * @param names the numbers of sets and control groups
 */
public record Scope(int table, FamilyScope families, KernelNames names) {
    public static final int INET = 1;

    /** Returns the scope of a rule in a table of one family. */
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
