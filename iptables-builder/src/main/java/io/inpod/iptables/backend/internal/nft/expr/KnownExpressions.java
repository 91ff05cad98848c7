package io.inpod.iptables.backend.internal.nft.expr;

import io.inpod.netlink.NetlinkAttribute;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The expressions of rules that were read before, by their bytes: most pods of a node have the same rules, each is read when it has been
 * written and when it is removed, and reading one makes twenty times its bytes of garbage. Rules that have counted a packet aren't kept.
 */
final class KnownExpressions {
    private static final int MOST = 512;
    /** A rule of ours has some hundred bytes; one that a pod has written may have 64 KiB. */
    private static final int MOST_BYTES = 2048;

    private static final Map<Octets, List<Expr>> KNOWN = new ConcurrentHashMap<>();

    private KnownExpressions() {}

    /** Returns the expressions of the attribute NFTA_RULE_EXPRESSIONS, unmodifiable. */
    static List<Expr> read(NetlinkAttribute list) {
        Octets bytes = Octets.of(list.bytes());
        List<Expr> known = KNOWN.get(bytes);
        if (known != null) {
            return known;
        }
        List<Expr> read = List.copyOf(ExprReader.read(list.nested()));
        if (bytes.length() <= MOST_BYTES && !hasCounted(read)) {
            if (KNOWN.size() >= MOST) {
                KNOWN.clear();
            }
            KNOWN.put(bytes, read);
        }
        return read;
    }

    private static boolean hasCounted(List<Expr> expressions) {
        for (Expr expression : expressions) {
            if (expression instanceof Expr.Counter counter && counter.packets() != 0) {
                return true;
            }
        }
        return false;
    }
}
