package io.inpod.iptables.backend.internal.nft.xtables;

import io.inpod.iptables.ConnlimitMatch;
import io.inpod.iptables.ConnlimitMatch.Counted;
import io.inpod.iptables.Match;
import io.inpod.iptables.NthMatch;
import io.inpod.iptables.RandomMatch;
import io.inpod.iptables.backend.internal.nft.expr.Expr;
import io.inpod.iptables.backend.internal.nft.expr.Octets;
import io.inpod.netns.IpFamily;
import java.util.Arrays;
import java.util.Optional;

/**
 * Matches of x_tables on what the kernel draws or counts: {@code statistic}, struct xt_statistic_info, and {@code connlimit}, struct
 * xt_connlimit_info. Both end with a pointer of the kernel's own, which it doesn't show.
 */
public final class XtCounts {
    static final String STATISTIC = "statistic 0";
    static final String CONNLIMIT = "connlimit 1";

    private static final int STATISTIC_SIZE = 24;
    private static final int MODE_NTH = 1;
    private static final int FLAGS = 2;
    private static final int PROBABILITY = 4;
    private static final int EVERY = 4;
    private static final int PACKET = 8;
    private static final int FIRST_COUNT = 12;

    private static final int CONNLIMIT_SIZE = 32;
    private static final int MASK = 0;
    private static final int MASK_LENGTH = 16;
    private static final int MOST = 16;
    private static final int CONNLIMIT_FLAGS = 20;
    private static final int UP_TO = 1;
    private static final int DESTINATION = 2;

    private XtCounts() {}

    /** iptables leaves the probability also where the kernel has the count of the other mode, which means nothing. */
    public static Expr.XtMatch random(RandomMatch match) {
        return random(match, (int) match.draws());
    }

    private static Expr.XtMatch random(RandomMatch match, int count) {
        Struct struct = new Struct(STATISTIC_SIZE).u16(FLAGS, match.negated() ? 1 : 0).u32(PROBABILITY, (int) match.draws())
                .u32(FIRST_COUNT, count);
        return new Expr.XtMatch("statistic", 0, struct.bytes());
    }

    /** The kernel counts to one less than the length of a turn, from a number that makes the right packet the last. */
    public static Expr.XtMatch nth(NthMatch match) {
        int last = (int) (match.every() - 1);
        Struct struct = new Struct(STATISTIC_SIZE).u16(0, MODE_NTH).u16(FLAGS, match.negated() ? 1 : 0).u32(EVERY, last)
                .u32(PACKET, (int) match.packet()).u32(FIRST_COUNT, last - (int) match.packet());
        return new Expr.XtMatch("statistic", 0, struct.bytes());
    }

    static Optional<Match> statistic(Expr.XtMatch match) {
        Octets info = match.info();
        boolean negated = info.hostShort(FLAGS) != 0;
        if (info.hostShort(0) == MODE_NTH) {
            NthMatch found = new NthMatch(unsigned(info.hostInt(EVERY)) + 1, unsigned(info.hostInt(PACKET)), negated);
            return nth(found).equals(match) ? Optional.of(found) : Optional.empty();
        }
        RandomMatch found = RandomMatch.ofDraws(unsigned(info.hostInt(PROBABILITY)), RandomMatch.DRAWS, negated);
        return random(found, info.hostInt(FIRST_COUNT)).equals(match) ? Optional.of(found) : Optional.empty();
    }

    /** The mask has the room of an IPv6 address. */
    public static Expr.XtMatch connlimit(ConnlimitMatch match, IpFamily family) {
        byte[] mask = new byte[match.counted() == Counted.ALL ? 0 : family.bits() / 8];
        Arrays.fill(mask, (byte) -1);
        int flags = (match.above() ? 0 : UP_TO) | (match.counted() == Counted.DESTINATION ? DESTINATION : 0);
        Struct struct = new Struct(CONNLIMIT_SIZE).bytes(MASK, mask).u32(MOST, (int) match.most()).u32(CONNLIMIT_FLAGS, flags);
        return new Expr.XtMatch("connlimit", 1, struct.bytes());
    }

    /** What follows an IPv4 mask means nothing: iptables sets it to ones unless it is told a mask. */
    static Optional<Match> connlimit(Expr.XtMatch match, IpFamily family) {
        byte[] known = match.info().array().clone();
        Arrays.fill(known, family.bits() / 8, MASK_LENGTH, (byte) 0);
        Octets info = Octets.of(known);
        int flags = info.hostInt(CONNLIMIT_FLAGS);
        boolean destination = (flags & DESTINATION) != 0;
        boolean all = info.slice(MASK, family.bits() / 8).isZero();
        ConnlimitMatch found = new ConnlimitMatch(all ? Counted.ALL : destination ? Counted.DESTINATION : Counted.SOURCE,
                unsigned(info.hostInt(MOST)), (flags & UP_TO) == 0);
        return connlimit(found, family).info().equals(info) ? Optional.of(found) : Optional.empty();
    }

    private static long unsigned(int number) {
        return number & 0xffff_ffffL;
    }
}
