package io.inpod.iptables.backend.internal.nft.rule;

import io.inpod.iptables.BasicMatch;
import io.inpod.iptables.CommentMatch;
import io.inpod.iptables.ConnlimitMatch;
import io.inpod.iptables.DestinationMatch;
import io.inpod.iptables.FamilyScope;
import io.inpod.iptables.IcmpMatch;
import io.inpod.iptables.InInterfaceMatch;
import io.inpod.iptables.MarkMatch;
import io.inpod.iptables.Match;
import io.inpod.iptables.OutInterfaceMatch;
import io.inpod.iptables.Protocol;
import io.inpod.iptables.ProtocolMatch;
import io.inpod.iptables.ProtocolNumberMatch;
import io.inpod.iptables.Rule;
import io.inpod.iptables.SetMatch;
import io.inpod.iptables.Side;
import io.inpod.iptables.SourceMatch;
import io.inpod.iptables.Target;
import io.inpod.iptables.backend.internal.nft.expr.Basics;
import io.inpod.iptables.backend.internal.nft.expr.Cursor;
import io.inpod.iptables.backend.internal.nft.expr.Expr;
import io.inpod.iptables.backend.internal.nft.expr.KernelNames;
import io.inpod.iptables.backend.internal.nft.expr.Octets;
import io.inpod.iptables.backend.internal.nft.expr.PortExprs;
import io.inpod.iptables.backend.internal.nft.xtables.XtMatchReader;
import io.inpod.netns.IpFamily;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/** Reads rules from expressions of any program, if the model can express them. Not thread-safe. */
public final class RuleReader {
    private final Cursor cursor;
    private final FamilyScope tableFamilies;
    private final KernelNames names;
    private final List<Match> matches = new ArrayList<>();
    private FamilyScope asked = FamilyScope.BOTH;
    private Optional<Protocol> protocol = Optional.empty();

    private RuleReader(List<Expr> expressions, FamilyScope tableFamilies, KernelNames names) {
        this.cursor = new Cursor(expressions);
        this.tableFamilies = tableFamilies;
        this.names = names;
    }

    /**
     * A rule that was read.
     *
     * @param rule the rule
     * @param families the families that its expressions name, in an {@code inet} table
     */
    public record Found(Rule rule, FamilyScope families) {
    }

    /** Reads a rule of a table of some families. */
    public static Optional<Found> read(List<Expr> expressions, FamilyScope tableFamilies, KernelNames names) {
        RuleReader reader = new RuleReader(expressions, tableFamilies, names);
        try {
            Optional<Target> target = reader.target();
            Optional<Expr.HeaderMatch> header = reader.cursor.next(Expr.HeaderMatch.class);
            reader.cursor.next(Expr.Comment.class).ifPresent(comment -> reader.matches.add(new CommentMatch(comment.text())));
            return target.filter(t -> !reader.cursor.hasNext()).map(t -> new Found(reader.rule(t, header), reader.asked));
        } catch (IllegalArgumentException e) {
            return Optional.empty(); // valid for the kernel, not for the model
        }
    }

    /** Inserts the condition on the header at its place among the others. */
    private Rule rule(Target target, Optional<Expr.HeaderMatch> header) {
        checkOrder();
        Rule without = new Rule(matches, target);
        if (header.isEmpty() || protocol.isEmpty() || header.get().index() > without.matches().size()) {
            return without;
        }
        List<Match> all = new ArrayList<>(without.matches());
        all.add(header.get().index(), Match.header(protocol.get()));
        return new Rule(all, target);
    }

    /** In the model, conditions on addresses, interfaces and protocol come before one that counts what they let through. */
    private void checkOrder() {
        boolean counted = false;
        for (Match match : matches) {
            if (counted && match instanceof BasicMatch) {
                throw new IllegalArgumentException(match + " after one that counts");
            }
            counted |= match.isCounting();
        }
    }

    /** Reads the conditions and the target. */
    private Optional<Target> target() {
        while (cursor.hasNext()) {
            Optional<Target> target = TargetReader.read(cursor, family());
            if (target.isPresent()) {
                return target;
            }
            if (!condition(cursor.next())) {
                return Optional.empty();
            }
        }
        return Optional.empty();
    }

    /** Reads a condition; returns false if the model cannot express it. */
    private boolean condition(Expr expression) {
        if (expression instanceof Expr.Counter) {
            return true;
        } else if (expression instanceof Expr.Meta meta) {
            return meta(meta.key());
        } else if (expression instanceof Expr.Payload payload) {
            return payload.base() == Expr.Payload.TRANSPORT ? transport(payload)
                    : payload.base() == Expr.Payload.NETWORK && address(payload);
        } else if (expression instanceof Expr.Ct ct) {
            return add(ConnectionReader.read(cursor, ct.key()));
        } else if (expression instanceof Expr.XtMatch match) {
            return family().isPresent() && add(XtMatchReader.read(match, family().get(), protocol, names));
        } else if (expression instanceof Expr.Limit limit) {
            return add(LimitReader.read(limit));
        } else if (expression instanceof Expr.NumberGenerator generator) {
            return add(CountReader.numgen(cursor, generator));
        } else if (expression instanceof Expr.Plain plain && plain.name().equals("connlimit")) {
            return add(CountReader.connlimit(plain, ConnlimitMatch.Counted.ALL));
        } else if (expression instanceof Expr.Fib || expression instanceof Expr.Socket) {
            return add(SocketReader.read(cursor, expression, names));
        }
        return false;
    }

    private Optional<IpFamily> family() {
        return asked.within(tableFamilies).single();
    }

    private boolean add(Optional<? extends Match> match) {
        match.ifPresent(matches::add);
        return match.isPresent();
    }

    private boolean meta(int key) {
        if (key == Expr.Meta.MARK) {
            return add(Basics.readMark(cursor).map(m -> new MarkMatch(m.mark(), m.negated())));
        } else if (key == Expr.Meta.SOCKET_UID || key == Expr.Meta.SOCKET_GID) {
            return add(SocketReader.owner(cursor, key == Expr.Meta.SOCKET_UID));
        }
        Optional<Expr.Cmp> compared = Basics.equality(cursor);
        if (compared.isEmpty()) {
            return false;
        }
        Expr.Cmp cmp = compared.get();
        boolean negated = cmp.op() == Expr.Cmp.NEQ;
        return switch (key) {
            case Expr.Meta.IN_NAME -> add(Basics.readName(cmp).map(name -> new InInterfaceMatch(name, negated)));
            case Expr.Meta.OUT_NAME -> add(Basics.readName(cmp).map(name -> new OutInterfaceMatch(name, negated)));
            case Expr.Meta.L4PROTO -> cmp.data().length() == 1 && protocol(cmp.data().u8At(0), negated);
            case Expr.Meta.NFPROTO -> cmp.data().length() == 1 && !negated && !isCounted() && family(cmp.data().u8At(0));
            default -> false;
        };
    }

    private boolean isCounted() {
        return matches.stream().anyMatch(Match::isCounting);
    }

    private boolean family(int number) {
        for (IpFamily family : IpFamily.values()) {
            if (Basics.nfproto(family) == number) {
                asked = FamilyScope.of(family);
                return true;
            }
        }
        return false;
    }

    private boolean protocol(int number, boolean negated) {
        Match match = ProtocolNumberMatch.of(number, negated);
        protocol = match instanceof ProtocolMatch known && !negated ? Optional.of(known.protocol()) : protocol;
        return matches.add(match);
    }

    private boolean address(Expr.Payload payload) {
        IpFamily family = family().orElse(null);
        if (family == null || payload.length() > family.bits() / 8) {
            return false;
        }
        boolean source = payload.offset() == Basics.offset(family, true);
        if (!source && payload.offset() != Basics.offset(family, false)) {
            return false;
        }
        Optional<Expr.CountInSet> count = cursor.next(Expr.CountInSet.class);
        if (count.isPresent()) {
            return payload.length() == family.bits() / 8 && add(CountReader.connlimit(count.get().count(),
                    source ? ConnlimitMatch.Counted.SOURCE : ConnlimitMatch.Counted.DESTINATION));
        }
        Optional<Expr.Lookup> lookup = cursor.next(Expr.Lookup.class);
        if (lookup.isPresent()) {
            Side side = source ? Side.SOURCE : Side.DESTINATION;
            return payload.length() == family.bits() / 8 && lookup.get().isNamed()
                    && matches.add(new SetMatch(lookup.get().set(), family, side, lookup.get().outside()));
        }
        Optional<Match> range = payload.length() < family.bits() / 8 ? Optional.empty()
                : Basics.readAddressRange(cursor, family, source ? Side.SOURCE : Side.DESTINATION);
        if (range.isPresent()) {
            return add(range);
        }
        return add(Basics.readAddress(cursor, family, payload.length())
                .map(a -> source ? new SourceMatch(a.prefix(), a.negated()) : new DestinationMatch(a.prefix(), a.negated())));
    }

    /** Reads ports and flags, or the type of ICMP, at the beginning of the header. */
    private boolean transport(Expr.Payload payload) {
        if (protocol.isEmpty()) {
            return false;
        }
        if (protocol.get().hasPorts()) {
            return add(PortExprs.read(cursor, payload, protocol.get()));
        }
        Optional<Expr.Cmp> cmp = Basics.equality(cursor);
        if (cmp.isEmpty() || payload.offset() != 0 || payload.length() > 2 || cmp.get().data().length() != payload.length()) {
            return false;
        }
        Octets data = cmp.get().data();
        OptionalInt code = payload.length() == 2 ? OptionalInt.of(data.u8At(1)) : OptionalInt.empty();
        return matches.add(new IcmpMatch(protocol.get(), data.u8At(0), code, cmp.get().op() == Expr.Cmp.NEQ));
    }
}
