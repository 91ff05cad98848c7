package io.inpod.iptables.backend.internal.nft.xtables;

import io.inpod.iptables.AddressRange;
import io.inpod.iptables.NatOption;
import io.inpod.iptables.Ports;
import io.inpod.iptables.RejectWith;
import io.inpod.iptables.Target;
import io.inpod.iptables.backend.internal.nft.expr.Expr;
import io.inpod.iptables.backend.internal.nft.expr.Octets;
import io.inpod.netns.IpFamily;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** Reads targets of x_tables: one counts as understood if writing it again gives the same bytes. */
public final class XtTargetReader {
    private XtTargetReader() {}

    /** Returns the meaning of a target, if the model can express it. */
    public static Optional<Target> read(Expr.XtTarget found, IpFamily family) {
        for (Target candidate : candidates(found, family)) {
            if (XtTargets.of(candidate, family).equals(found)) {
                return Optional.of(candidate);
            }
        }
        return Optional.empty();
    }

    private static List<Target> candidates(Expr.XtTarget found, IpFamily family) {
        Octets info = found.info();
        return switch (found.name()) {
            case "REDIRECT" -> List.of(new Target.Redirect(ports(info, family == IpFamily.V4 ? 16 : 36), XtTargets.options(found, family)));
            case "MASQUERADE" ->
                List.of(new Target.Masquerade(portsGiven(info, family == IpFamily.V4 ? 16 : 36), XtTargets.options(found, family)));
            case "DNAT" -> {
                AddressRange addresses = XtTargets.addresses(found, family);
                Set<NatOption> options = XtTargets.options(found, family);
                yield List.of(new Target.Dnat(addresses, portsGiven(info, 36), options));
            }
            case "SNAT" -> {
                AddressRange addresses = XtTargets.addresses(found, family);
                Set<NatOption> options = XtTargets.options(found, family);
                yield List.of(new Target.Snat(addresses, portsGiven(info, family == IpFamily.V4 ? 16 : 36), options));
            }
            case "TPROXY" -> List.of(new Target.Tproxy(info.u16At(24), XtTargets.mark(info, 4, 0)));
            case "MARK" -> List.of(new Target.SetMark(XtTargets.mark(info, 0, 4)));
            case "CONNMARK" -> List.of(switch (info.u8At(14)) {
                case XtTargets.MODE_SET -> new Target.SetConnmark(XtTargets.mark(info, 0, 4));
                case XtTargets.MODE_SAVE -> new Target.SaveConnmark(info.hostInt(8), info.hostInt(4));
                default -> new Target.RestoreConnmark(info.hostInt(8), info.hostInt(4));
            });
            case "CT" -> List.of(info.hostShort(2) == 0 ? new Target.NoTrack() : new Target.ConntrackZone(info.hostShort(2)));
            case "REJECT" -> {
                List<Target> all = new ArrayList<>();
                for (RejectWith with : RejectWith.values()) {
                    all.add(new Target.Reject(with));
                }
                yield all;
            }
            case "LOG" -> List.of(new Target.Log(info.text(2, XtTargets.PREFIX_LENGTH), info.u8At(0)));
            case "NFLOG" -> List.of(new Target.Nflog(info.hostShort(4), info.text(XtTargets.NFLOG_PREFIX, XtTargets.NFLOG_PREFIX_LENGTH)));
            case "NFQUEUE" -> List.of(new Target.Nfqueue(info.hostShort(0), info.hostShort(0) + info.hostShort(2) - 1,
                    (info.hostShort(4) & XtTargets.QUEUE_BYPASS) != 0, (info.hostShort(4) & XtTargets.QUEUE_FANOUT) != 0));
            case "TCPMSS" ->
                List.of(info.hostShort(0) == XtTargets.MSS_CLAMP ? new Target.ClampTcpMss() : new Target.SetTcpMss(info.hostShort(0)));
            default -> List.of();
        };
    }

    private static Ports ports(Octets info, int offset) {
        return new Ports(info.u16At(offset), info.u16At(offset + 2));
    }

    private static Optional<Ports> portsGiven(Octets info, int offset) {
        return info.u16At(offset) == 0 ? Optional.empty() : Optional.of(ports(info, offset));
    }
}
