package io.inpod.iptables.text;

import io.inpod.iptables.AddressRange;
import io.inpod.iptables.Mark;
import io.inpod.iptables.NatOption;
import io.inpod.iptables.Ports;
import io.inpod.iptables.RawForm;
import io.inpod.iptables.Target;
import io.inpod.iptables.TargetVisitor;
import io.inpod.iptables.internal.AddressText;
import io.inpod.iptables.internal.Words;
import io.inpod.netns.IpFamily;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/** Words targets exactly as iptables-save prints them. */
final class TargetText implements TargetVisitor<StringBuilder> {
    /** The level that iptables-save leaves out, LOGLEVEL_WARNING. */
    private static final int DEFAULT_LEVEL = 4;

    private final StringBuilder text;
    private final IpFamily family;

    TargetText(StringBuilder text, IpFamily family) {
        this.text = text;
        this.family = family;
    }

    @Override
    public StringBuilder visit(Target.Accept target) {
        return target("ACCEPT");
    }

    @Override
    public StringBuilder visit(Target.Drop target) {
        return target("DROP");
    }

    @Override
    public StringBuilder visit(Target.Return target) {
        return target("RETURN");
    }

    @Override
    public StringBuilder visit(Target.Reject target) {
        return target("REJECT --reject-with ").append(target.with().text(family));
    }

    @Override
    public StringBuilder visit(Target.Jump target) {
        return target(target.chain());
    }

    @Override
    public StringBuilder visit(Target.Goto target) {
        return text.append(" -g ").append(target.chain());
    }

    @Override
    public StringBuilder visit(Target.Raw target) {
        if (target.form() != RawForm.IPTABLES) {
            throw new IllegalArgumentException("iptables-restore can't take a raw rule of the form " + target.form() + ": it takes "
                    + RawForm.IPTABLES);
        }
        return text.append(' ').append(target.text());
    }

    @Override
    public StringBuilder visit(Target.Redirect target) {
        return target("REDIRECT --to-ports ").append(target.ports().text('-')).append(options(target.options()));
    }

    @Override
    public StringBuilder visit(Target.Dnat target) {
        return target("DNAT --to-destination ").append(addresses(target.addresses(), target.ports())).append(options(target.options()));
    }

    @Override
    public StringBuilder visit(Target.Snat target) {
        return target("SNAT --to-source ").append(addresses(target.addresses(), target.ports())).append(options(target.options()));
    }

    @Override
    public StringBuilder visit(Target.Masquerade target) {
        return target("MASQUERADE").append(target.ports().map(ports -> " --to-ports " + ports.text('-')).orElse(""))
                .append(options(target.options()));
    }

    @Override
    public StringBuilder visit(Target.Tproxy target) {
        return target("TPROXY --on-port ").append(target.port()).append(" --on-ip ").append(AddressText.of(family.any()))
                .append(" --tproxy-mark ").append(target.mark());
    }

    @Override
    public StringBuilder visit(Target.SetMark target) {
        return target("MARK --set-xmark ").append(target.mark());
    }

    @Override
    public StringBuilder visit(Target.SetConnmark target) {
        return target("CONNMARK --set-xmark ").append(target.mark());
    }

    @Override
    public StringBuilder visit(Target.RestoreConnmark target) {
        return copy("--restore-mark", target.packetMask(), target.connectionMask());
    }

    @Override
    public StringBuilder visit(Target.SaveConnmark target) {
        return copy("--save-mark", target.packetMask(), target.connectionMask());
    }

    @Override
    public StringBuilder visit(Target.ConntrackZone target) {
        return target("CT --zone ").append(target.zone());
    }

    @Override
    public StringBuilder visit(Target.NoTrack target) {
        return target("CT --notrack");
    }

    @Override
    public StringBuilder visit(Target.Log target) {
        return target("LOG").append(prefix("--log-prefix", target.prefix()))
                .append(target.level() == DEFAULT_LEVEL ? "" : " --log-level " + target.level());
    }

    @Override
    public StringBuilder visit(Target.Nflog target) {
        return target("NFLOG").append(prefix("--nflog-prefix", target.prefix()))
                .append(target.group() == 0 ? "" : " --nflog-group " + target.group());
    }

    @Override
    public StringBuilder visit(Target.Nfqueue target) {
        target("NFQUEUE").append(target.first() == target.last() ? " --queue-num " + target.first()
                : " --queue-balance " + target.first() + ":" + target.last());
        return text.append(target.bypass() ? " --queue-bypass" : "").append(target.fanout() ? " --queue-cpu-fanout" : "");
    }

    @Override
    public StringBuilder visit(Target.SetTcpMss target) {
        return target("TCPMSS --set-mss ").append(target.mss());
    }

    @Override
    public StringBuilder visit(Target.ClampTcpMss target) {
        return target("TCPMSS --clamp-mss-to-pmtu");
    }

    private StringBuilder target(String words) {
        return text.append(" -j ").append(words);
    }

    private StringBuilder copy(String option, int packetMask, int connectionMask) {
        return target("CONNMARK ").append(option).append(" --nfmask ").append(Mark.hex(packetMask)).append(" --ctmask ")
                .append(Mark.hex(connectionMask));
    }

    private static String prefix(String option, String prefix) {
        return prefix.isEmpty() ? "" : " " + option + " " + Words.quote(prefix);
    }

    private static String addresses(AddressRange addresses, Optional<Ports> ports) {
        if (ports.isEmpty()) {
            return addresses.text();
        }
        return (addresses.family() == IpFamily.V4 ? addresses.text() : "[" + addresses.text() + "]") + ":" + ports.get().text('-');
    }

    private static String options(Set<NatOption> options) {
        return options.stream().map(option -> " " + option.text()).collect(Collectors.joining());
    }
}
