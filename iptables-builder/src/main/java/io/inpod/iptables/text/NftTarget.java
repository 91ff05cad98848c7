package io.inpod.iptables.text;

import io.inpod.iptables.FamilyScope;
import io.inpod.iptables.Mark;
import io.inpod.iptables.Ports;
import io.inpod.iptables.RejectWith;
import io.inpod.iptables.Target;
import io.inpod.iptables.internal.AddressText;
import io.inpod.iptables.internal.Quote;
import io.inpod.netns.IpFamily;
import java.net.InetAddress;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** Targets as nft(8) reads them. */
final class NftTarget {
    static final List<String> LEVELS = List.of("emerg", "alert", "crit", "err", "warn", "notice", "info", "debug");

    private NftTarget() {
    }

    /** Words a target of a rule for some families: TPROXY for one of them must name it, even beside a condition on it. */
    static String of(Target target, FamilyScope families) {
        if (target instanceof Target.Accept) {
            return "accept";
        } else if (target instanceof Target.Drop) {
            return "drop";
        } else if (target instanceof Target.Return) {
            return "return";
        } else if (target instanceof Target.Reject t) {
            return "reject with " + (t.with() == RejectWith.TCP_RESET ? "tcp reset" : "icmpx " + t.with().name().toLowerCase(Locale.ROOT).replace('_', '-'));
        } else if (target instanceof Target.Jump t) {
            return "jump " + t.chain();
        } else if (target instanceof Target.Goto t) {
            return "goto " + t.chain();
        } else if (target instanceof Target.Redirect t) {
            return "redirect to :" + t.ports().text('-');
        } else if (target instanceof Target.Tproxy t) {
            return "tproxy " + families.single().map(only -> only == IpFamily.V4 ? "ip " : "ip6 ").orElse("") + "to :" + t.port() + " " + set("meta mark", t.mark()) + " accept";
        } else if (target instanceof Target.Dnat t) {
            return "dnat " + address(t.address(), t.ports());
        } else if (target instanceof Target.Snat t) {
            return "snat " + address(t.address(), t.ports());
        } else if (target instanceof Target.Masquerade) {
            return "masquerade";
        }
        return marking(target);
    }

    private static String marking(Target target) {
        if (target instanceof Target.SetMark t) {
            return set("meta mark", t.mark());
        } else if (target instanceof Target.SetConnmark t) {
            return set("ct mark", t.mark());
        } else if (target instanceof Target.RestoreConnmark t) {
            return copy("meta mark", t.packetMask(), "ct mark", t.connectionMask());
        } else if (target instanceof Target.SaveConnmark t) {
            return copy("ct mark", t.connectionMask(), "meta mark", t.packetMask());
        } else if (target instanceof Target.ConntrackZone t) {
            return "ct zone set " + t.zone();
        } else if (target instanceof Target.NoTrack) {
            return "notrack";
        } else if (target instanceof Target.Log t) {
            return "log" + prefix(t.prefix()) + " level " + LEVELS.get(t.level());
        } else if (target instanceof Target.Nflog t) {
            return "log" + prefix(t.prefix()) + " group " + t.group();
        } else if (target instanceof Target.SetTcpMss t) {
            return "tcp option maxseg size set " + t.mss();
        } else if (target instanceof Target.ClampTcpMss) {
            return "tcp option maxseg size set rt mtu";
        }
        throw new IllegalStateException(target.toString());
    }

    private static String prefix(String prefix) {
        if (prefix.indexOf('$') >= 0) {
            throw NftRule.cannot("the log prefix " + Quote.of(prefix) + ": it reads $ as the beginning of a variable");
        }
        return prefix.isEmpty() ? "" : " prefix \"" + prefix + "\"";
    }

    private static String set(String field, Mark mark) {
        if (mark.mask() == -1) {
            return field + " set " + Mark.hex(mark.value());
        }
        return field + " set " + field + " & " + Mark.hex(~mark.mask()) + (mark.value() == 0 ? "" : " | " + Mark.hex(mark.value()));
    }

    /** nf_tables combines a register with a constant only, not two registers. */
    private static String copy(String to, int toMask, String from, int fromMask) {
        if (toMask != -1) {
            throw NftRule.cannot("the copy of some bits of a mark that leaves others of the " + to + " as they are");
        }
        return to + " set " + from + (fromMask == -1 ? "" : " & " + Mark.hex(fromMask));
    }

    private static String address(InetAddress address, Optional<Ports> ports) {
        boolean v4 = IpFamily.of(address) == IpFamily.V4;
        String text = AddressText.of(address);
        return (v4 ? "ip to " : "ip6 to ") + (ports.isPresent() && !v4 ? "[" + text + "]" : text) + ports.map(p -> ":" + p.text('-')).orElse("");
    }
}
