package io.inpod.iptables.text;

import io.inpod.iptables.Mark;
import io.inpod.iptables.Ports;
import io.inpod.iptables.Target;
import io.inpod.iptables.internal.AddressText;
import io.inpod.iptables.internal.Words;
import io.inpod.netns.IpFamily;
import java.net.InetAddress;
import java.util.Optional;

/** Targets exactly as iptables-save prints them. */
final class TargetText {
    private TargetText() {
    }

    static void append(StringBuilder text, Target target, IpFamily family) {
        if (target instanceof Target.Goto t) {
            text.append(" -g ").append(t.chain());
            return;
        }
        text.append(" -j ");
        if (target instanceof Target.Accept) {
            text.append("ACCEPT");
        } else if (target instanceof Target.Drop) {
            text.append("DROP");
        } else if (target instanceof Target.Return) {
            text.append("RETURN");
        } else if (target instanceof Target.Reject t) {
            text.append("REJECT --reject-with ").append(t.with().text(family));
        } else if (target instanceof Target.Jump t) {
            text.append(t.chain());
        } else if (target instanceof Target.Redirect t) {
            text.append("REDIRECT --to-ports ").append(t.ports().text('-'));
        } else if (target instanceof Target.Tproxy t) {
            text.append("TPROXY --on-port ").append(t.port()).append(" --on-ip ").append(AddressText.of(family.any())).append(" --tproxy-mark ").append(t.mark());
        } else if (target instanceof Target.Dnat t) {
            text.append("DNAT --to-destination ").append(address(t.address(), t.ports()));
        } else if (target instanceof Target.Snat t) {
            text.append("SNAT --to-source ").append(address(t.address(), t.ports()));
        } else if (target instanceof Target.Masquerade) {
            text.append("MASQUERADE");
        } else {
            marking(text, target);
        }
    }

    private static void marking(StringBuilder text, Target target) {
        if (target instanceof Target.SetMark t) {
            text.append("MARK --set-xmark ").append(t.mark());
        } else if (target instanceof Target.SetConnmark t) {
            text.append("CONNMARK --set-xmark ").append(t.mark());
        } else if (target instanceof Target.RestoreConnmark t) {
            text.append("CONNMARK --restore-mark --nfmask ").append(Mark.hex(t.packetMask())).append(" --ctmask ").append(Mark.hex(t.connectionMask()));
        } else if (target instanceof Target.SaveConnmark t) {
            text.append("CONNMARK --save-mark --nfmask ").append(Mark.hex(t.packetMask())).append(" --ctmask ").append(Mark.hex(t.connectionMask()));
        } else if (target instanceof Target.ConntrackZone t) {
            text.append("CT --zone ").append(t.zone());
        } else if (target instanceof Target.NoTrack) {
            text.append("CT --notrack");
        } else if (target instanceof Target.Log t) {
            text.append("LOG").append(t.prefix().isEmpty() ? "" : " --log-prefix " + Words.quote(t.prefix()));
            text.append(t.level() == 4 ? "" : " --log-level " + t.level());
        } else if (target instanceof Target.Nflog t) {
            text.append("NFLOG").append(t.prefix().isEmpty() ? "" : " --nflog-prefix " + Words.quote(t.prefix()));
            text.append(t.group() == 0 ? "" : " --nflog-group " + t.group());
        } else if (target instanceof Target.SetTcpMss t) {
            text.append("TCPMSS --set-mss ").append(t.mss());
        } else if (target instanceof Target.ClampTcpMss) {
            text.append("TCPMSS --clamp-mss-to-pmtu");
        }
    }

    private static String address(InetAddress address, Optional<Ports> ports) {
        String text = AddressText.of(address);
        if (ports.isEmpty()) {
            return text;
        }
        return (IpFamily.of(address) == IpFamily.V4 ? text : "[" + text + "]") + ":" + ports.get().text('-');
    }
}
