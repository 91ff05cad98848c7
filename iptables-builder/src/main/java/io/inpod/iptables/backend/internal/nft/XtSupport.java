package io.inpod.iptables.backend.internal.nft;

import io.inpod.iptables.backend.internal.nft.expr.Basics;
import io.inpod.iptables.backend.internal.nft.expr.Expr;
import io.inpod.netlink.NetlinkException;
import io.inpod.netlink.Nfnetlink;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/** Queries which matches and targets of x_tables the kernel supports in nf_tables. */
final class XtSupport {
    private static final int SUBSYSTEM = 11;
    private static final int GET = 0;
    private static final int MATCH = 0;
    private static final int TARGET = 1;

    private XtSupport() {}

    /** Returns whether the kernel has nft_compat. */
    static boolean usable(Nfnetlink netlink) throws IOException {
        return has(netlink, Basics.nfproto(io.inpod.netns.IpFamily.V4), "tcp", 0, MATCH);
    }

    /** Returns the options that the kernel lacks for some expressions, in words. */
    static List<String> missing(Nfnetlink netlink, int family, List<Expr> expressions) throws IOException {
        if (!usable(netlink)) {
            return List.of(KernelOptions.compat());
        }
        List<String> missing = new ArrayList<>();
        for (Expr expression : expressions) {
            if (expression instanceof Expr.XtMatch match && !has(netlink, family, match.name(), match.revision(), MATCH)) {
                missing.add(KernelOptions.match(match.name()) + (match.revision() > 0 ? " with revision " + match.revision() : ""));
            } else if (expression instanceof Expr.XtTarget target && !has(netlink, family, target.name(), target.revision(), TARGET)) {
                missing.add(KernelOptions.target(target.name()) + (target.revision() > 0 ? " with revision " + target.revision() : ""));
            }
        }
        return missing;
    }

    private static boolean has(Nfnetlink netlink, int family, String name, int revision, int kind) throws IOException {
        try {
            netlink.query(
                    Nfnetlink.request("find extension", name, SUBSYSTEM, GET, 0, family).string(1, name).be32(2, revision).be32(3, kind));
            return true;
        } catch (NetlinkException e) {
            if (e.symbol().equals("EPERM")) {
                throw e;
            }
            return false;
        }
    }
}
