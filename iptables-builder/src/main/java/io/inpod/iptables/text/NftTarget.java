package io.inpod.iptables.text;

import io.inpod.iptables.AddressRange;
import io.inpod.iptables.FamilyScope;
import io.inpod.iptables.Mark;
import io.inpod.iptables.NatOption;
import io.inpod.iptables.Ports;
import io.inpod.iptables.RawForm;
import io.inpod.iptables.RejectWith;
import io.inpod.iptables.Target;
import io.inpod.iptables.TargetVisitor;
import io.inpod.iptables.internal.Quote;
import io.inpod.netns.IpFamily;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/** Words targets as nft(8) reads them. */
final class NftTarget implements TargetVisitor<String> {
    static final List<String> LEVELS = List.of("emerg", "alert", "crit", "err", "warn", "notice", "info", "debug");

    private final FamilyScope families;

    /** For targets of a rule for some families: TPROXY for one of them must name it, even beside a condition on it. */
    NftTarget(FamilyScope families) {
        this.families = families;
    }

    @Override
    public String visit(Target.Accept target) {
        return "accept";
    }

    @Override
    public String visit(Target.Drop target) {
        return "drop";
    }

    @Override
    public String visit(Target.Return target) {
        return "return";
    }

    @Override
    public String visit(Target.Reject target) {
        return "reject with " + reason(target.with());
    }

    @Override
    public String visit(Target.Jump target) {
        return "jump " + target.chain();
    }

    @Override
    public String visit(Target.Goto target) {
        return "goto " + target.chain();
    }

    @Override
    public String visit(Target.Raw target) {
        if (target.form() != RawForm.NFT) {
            throw NftRule.cannot("a raw rule of the form " + target.form() + ": it takes " + RawForm.NFT);
        }
        if (families.single().isPresent()) {
            throw NftRule.cannot("a raw rule for " + families + " alone: its text must name the family, in a rule set of both");
        }
        return target.text();
    }

    @Override
    public String visit(Target.Redirect target) {
        return "redirect to :" + target.ports().text('-') + options(target.options());
    }

    @Override
    public String visit(Target.Dnat target) {
        return "dnat " + addresses(target.addresses(), target.ports()) + options(target.options());
    }

    @Override
    public String visit(Target.Snat target) {
        return "snat " + addresses(target.addresses(), target.ports()) + options(target.options());
    }

    @Override
    public String visit(Target.Masquerade target) {
        return "masquerade" + target.ports().map(ports -> " to :" + ports.text('-')).orElse("")
                + options(target.options());
    }

    @Override
    public String visit(Target.Tproxy target) {
        String family = families.single().map(only -> only == IpFamily.V4 ? "ip " : "ip6 ").orElse("");
        return "tproxy " + family + "to :" + target.port() + " " + set("meta mark", target.mark()) + " accept";
    }

    @Override
    public String visit(Target.SetMark target) {
        return set("meta mark", target.mark());
    }

    @Override
    public String visit(Target.SetConnmark target) {
        return set("ct mark", target.mark());
    }

    @Override
    public String visit(Target.RestoreConnmark target) {
        return copy("meta mark", target.packetMask(), "ct mark", target.connectionMask());
    }

    @Override
    public String visit(Target.SaveConnmark target) {
        return copy("ct mark", target.connectionMask(), "meta mark", target.packetMask());
    }

    @Override
    public String visit(Target.ConntrackZone target) {
        return "ct zone set " + target.zone();
    }

    @Override
    public String visit(Target.NoTrack target) {
        return "notrack";
    }

    @Override
    public String visit(Target.Log target) {
        return "log" + prefix(target.prefix()) + " level " + LEVELS.get(target.level());
    }

    @Override
    public String visit(Target.Nflog target) {
        return "log" + prefix(target.prefix()) + " group " + target.group();
    }

    @Override
    public String visit(Target.Nfqueue target) {
        String flags = target.bypass() ? target.fanout() ? " bypass,fanout" : " bypass" : target.fanout() ? " fanout" : "";
        return "queue num " + target.first() + (target.first() == target.last() ? "" : "-" + target.last()) + flags;
    }

    @Override
    public String visit(Target.SetTcpMss target) {
        return "tcp option maxseg size set " + target.mss();
    }

    @Override
    public String visit(Target.ClampTcpMss target) {
        return "tcp option maxseg size set rt mtu";
    }

    private static String reason(RejectWith with) {
        return switch (with) {
            case TCP_RESET -> "tcp reset";
            case PORT_UNREACHABLE -> "icmpx port-unreachable";
            case HOST_UNREACHABLE -> "icmpx host-unreachable";
            case NO_ROUTE -> "icmpx no-route";
            case ADMIN_PROHIBITED -> "icmpx admin-prohibited";
        };
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

    /** Each IPv6 address of a range has brackets of its own. */
    private static String addresses(AddressRange addresses, Optional<Ports> ports) {
        boolean v4 = addresses.family() == IpFamily.V4;
        String text = addresses.text();
        return (v4 ? "ip to " : "ip6 to ") + (ports.isPresent() && !v4 ? "[" + text.replace("-", "]-[") + "]" : text)
                + ports.map(p -> ":" + p.text('-')).orElse("");
    }

    private static String options(Set<NatOption> options) {
        return options.isEmpty() ? "" : options.stream().map(NftTarget::word).collect(Collectors.joining(",", " ", ""));
    }

    static String word(NatOption option) {
        return option == NatOption.RANDOM_FULLY ? "fully-random" : option.name().toLowerCase(Locale.ROOT);
    }
}
