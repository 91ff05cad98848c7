package io.inpod.iptables.backend.internal.nft.rule;

import io.inpod.iptables.AddressRange;
import io.inpod.iptables.FamilyScope;
import io.inpod.iptables.Mark;
import io.inpod.iptables.NatOption;
import io.inpod.iptables.Ports;
import io.inpod.iptables.RejectWith;
import io.inpod.iptables.Target;
import io.inpod.iptables.backend.internal.nft.expr.Basics;
import io.inpod.iptables.backend.internal.nft.expr.Cursor;
import io.inpod.iptables.backend.internal.nft.expr.Expr;
import io.inpod.iptables.backend.internal.nft.expr.KernelNames;
import io.inpod.iptables.backend.internal.nft.expr.Logs;
import io.inpod.iptables.backend.internal.nft.expr.NatFlags;
import io.inpod.iptables.backend.internal.nft.expr.Octets;
import io.inpod.iptables.backend.internal.nft.expr.Verdicts;
import io.inpod.iptables.backend.internal.nft.xtables.XtTargetReader;
import io.inpod.netns.IpFamily;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** Reads the target at a cursor; without a target, the cursor does not move. */
final class TargetReader {
    private static final Expr SET_MARK = new Expr.SetMeta(Expr.Meta.MARK);
    private static final Expr SET_CONNMARK = new Expr.SetCt(Expr.Ct.MARK);

    private final Cursor cursor;
    private final Optional<IpFamily> family;

    private TargetReader(Cursor cursor, Optional<IpFamily> family) {
        this.cursor = cursor;
        this.family = family;
    }

    static Optional<Target> read(Cursor cursor, Optional<IpFamily> family) {
        int position = cursor.position();
        Optional<Target> target = new TargetReader(cursor, family).read(cursor.next());
        if (target.isEmpty()) {
            cursor.back(position);
        }
        return target;
    }

    private Optional<Target> read(Expr first) {
        if (first instanceof Expr.Verdict verdict) {
            return Verdicts.read(verdict);
        } else if (first instanceof Expr.XtTarget target) {
            return family.flatMap(f -> XtTargetReader.read(target, f));
        } else if (first.equals(new Expr.Ct(Expr.Ct.MARK))) {
            return mark(false);
        } else if (first.equals(new Expr.Meta(Expr.Meta.MARK))) {
            return mark(true);
        } else if (first.equals(new Expr.Route(Expr.Route.TCP_MSS))) {
            return cursor.skip(new Expr.ToNetwork(2, 2)) && cursor.skip(NativeTargets.SET_SEGMENT_SIZE)
                    ? Optional.of(new Target.ClampTcpMss()) : Optional.empty();
        } else if (first instanceof Expr.Immediate immediate && immediate.register() == 1) {
            return immediate(immediate.data());
        } else if (first instanceof Expr.Plain plain) {
            return switch (plain.name()) {
                case "reject" -> reject(plain);
                case "notrack" -> Optional.of(new Target.NoTrack());
                case "masq" -> masquerade(plain, Optional.empty());
                case "log" -> Logs.read(plain);
                case "queue" -> queue(plain);
                default -> Optional.empty();
            };
        }
        return Optional.empty();
    }

    /** Reads what happens to the loaded mark of the packet or connection: it is changed and stored, or copied to the other. */
    private Optional<Target> mark(boolean packet) {
        Optional<Expr.Bitwise> bitwise = cursor.next(Expr.Bitwise.class).filter(b -> b.mask().length() == 4);
        if (cursor.skip(packet ? SET_MARK : SET_CONNMARK)) {
            return bitwise.map(TargetReader::changed).map(mark -> packet ? new Target.SetMark(mark) : new Target.SetConnmark(mark));
        }
        boolean whole = bitwise.map(b -> b.flip().isZero()).orElse(true);
        int copied = bitwise.map(b -> b.mask().hostInt(0)).orElse(-1);
        if (whole && cursor.skip(packet ? SET_CONNMARK : SET_MARK)) {
            return Optional.of(packet ? new Target.SaveConnmark(copied, -1) : new Target.RestoreConnmark(-1, copied));
        }
        return Optional.empty();
    }

    /** Returns the bits that an expression sets, and their mask. */
    private static Mark changed(Expr.Bitwise bitwise) {
        return new Mark(bitwise.flip().hostInt(0), ~bitwise.mask().hostInt(0));
    }

    /** Reads what happens to a constant in register 1. */
    private Optional<Target> immediate(Octets data) {
        if (data.length() == 4 && cursor.skip(SET_CONNMARK)) {
            return Optional.of(new Target.SetConnmark(Mark.exactly(data.hostInt(0))));
        } else if (data.length() == 4 && cursor.skip(SET_MARK)) {
            return Optional.of(new Target.SetMark(Mark.exactly(data.hostInt(0))));
        } else if (data.length() == 2 && cursor.skip(new Expr.SetCt(Expr.Ct.ZONE))) {
            return Optional.of(new Target.ConntrackZone(data.hostShort(0)));
        } else if (data.length() == 2 && cursor.skip(NativeTargets.SET_SEGMENT_SIZE)) {
            return Optional.of(new Target.SetTcpMss(data.u16At(0)));
        } else if (data.length() == 4 || data.length() == 16) {
            return nat(data);
        }
        return data.length() == 2 ? ports(data.u16At(0)) : Optional.empty();
    }

    /** Reads a port that is loaded into a register. */
    private Optional<Integer> port(int register) {
        int position = cursor.position();
        Optional<Integer> port = cursor.next(Expr.Immediate.class).filter(i -> i.register() == register && i.data().length() == 2)
                .map(i -> i.data().u16At(0));
        if (port.isEmpty()) {
            cursor.back(position);
        }
        return port;
    }

    private Optional<Target> nat(Octets data) {
        int position = cursor.position();
        Optional<Expr.Immediate> second =
                cursor.next(Expr.Immediate.class).filter(i -> i.register() == 2 && i.data().length() == data.length());
        if (second.isEmpty()) {
            cursor.back(position);
        }
        int register = second.isPresent() ? 3 : 2;
        Optional<Integer> first = port(register);
        Optional<Integer> last = first.isPresent() ? port(register + 1) : first;
        Optional<Ports> ports = first.map(p -> new Ports(p, last.orElse(p)));
        AddressRange addresses =
                new AddressRange(Basics.address(data.array()), Basics.address(second.map(i -> i.data()).orElse(data).array()));
        Optional<Expr.Plain> nat = cursor.next(Expr.Plain.class).filter(p -> p.name().equals("nat"));
        Set<NatOption> options = NatFlags.options(nat.map(p -> p.number(NativeTargets.NAT_FLAGS, 0)).orElse(0));
        Target target = nat.map(p -> p.number(1, -1)).orElse(-1) == NativeTargets.SNAT ? new Target.Snat(addresses, ports, options)
                : new Target.Dnat(addresses, ports, options);
        return nat.filter(p -> p.equals(last(target))).map(p -> target);
    }

    private static Expr last(Target target) {
        List<Expr> written = target.accept(new NativeTargets(new ArrayList<>(), Scope.inet(FamilyScope.BOTH, KernelNames.NONE)));
        return written.get(written.size() - 1);
    }

    private Optional<Target> ports(int first) {
        Optional<Integer> last = port(2);
        Optional<Expr.Plain> use = cursor.next(Expr.Plain.class);
        if (use.isEmpty()) {
            return Optional.empty();
        }
        Expr.Plain plain = use.get();
        if (plain.name().equals("masq")) {
            return masquerade(plain, Optional.of(new Ports(first, last.orElse(first))));
        }
        if (plain.name().equals("redir")) {
            Target target = new Target.Redirect(new Ports(first, last.orElse(first)),
                    NatFlags.options(plain.number(NativeTargets.REDIRECT_FLAGS, 0)));
            return plain.equals(last(target)) ? Optional.of(target) : Optional.empty();
        }
        return plain.name().equals("tproxy") && plain.number(2, 0) == 0 && last.isEmpty() ? tproxy(first) : Optional.empty();
    }

    private static Optional<Target> masquerade(Expr.Plain plain, Optional<Ports> ports) {
        Target target = new Target.Masquerade(ports, NatFlags.options(plain.number(NativeTargets.MASQ_FLAGS, 0)));
        return plain.equals(last(target)) ? Optional.of(target) : Optional.empty();
    }

    private Optional<Target> tproxy(int port) {
        Optional<Target> mark = TargetReader.read(cursor, family).filter(Target.SetMark.class::isInstance);
        return cursor.skip(new Expr.Verdict(Expr.Verdict.ACCEPT, null))
                ? mark.map(m -> new Target.Tproxy(port, ((Target.SetMark) m).mark())) : Optional.empty();
    }

    private static Optional<Target> queue(Expr.Plain plain) {
        int first = plain.number(NativeTargets.QUEUE, 0) & 0xffff;
        int flags = plain.number(NativeTargets.QUEUE_FLAGS, 0);
        Target.Nfqueue target = new Target.Nfqueue(first, first + (plain.number(NativeTargets.QUEUES, 1) & 0xffff) - 1,
                (flags & NativeTargets.QUEUE_BYPASS) != 0, (flags & NativeTargets.QUEUE_FANOUT) != 0);
        return NativeTargets.queue(target).equals(plain) ? Optional.of(target) : Optional.empty();
    }

    private Optional<Target> reject(Expr.Plain plain) {
        int type = plain.number(1, -1);
        int code = plain.number(2, 0);
        for (RejectWith with : RejectWith.values()) {
            boolean found = switch (type) {
                case NativeTargets.REJECT_RESET -> with == RejectWith.TCP_RESET;
                case NativeTargets.REJECT_ICMPX -> code == NativeTargets.codeOfBoth(with);
                default -> type == NativeTargets.REJECT_ICMP && family.isPresent() && code == NativeTargets.code(with, family.get());
            };
            if (found) {
                return Optional.of(new Target.Reject(with));
            }
        }
        return Optional.empty();
    }
}
