package io.inpod.iptables.text;

import io.inpod.iptables.AddressRange;
import io.inpod.iptables.NatOption;
import io.inpod.iptables.Ports;
import io.inpod.iptables.RejectWith;
import io.inpod.iptables.Target;
import io.inpod.iptables.internal.AddressText;
import io.inpod.iptables.internal.Bytes;
import io.inpod.netns.IpFamily;
import java.util.EnumSet;
import java.util.Optional;
import java.util.Set;

/** Reads targets as iptables-save prints them, from the word after {@code -j} to the end of the rule. */
final class TargetParser {
    private TargetParser() {}

    static Target parse(RuleWords words, IpFamily family) {
        Target target = target(words, family);
        words.end();
        return target;
    }

    private static Target target(RuleWords words, IpFamily family) {
        String name = words.next();
        return switch (name) {
            case "ACCEPT" -> new Target.Accept();
            case "DROP" -> new Target.Drop();
            case "RETURN" -> new Target.Return();
            case "REJECT" -> reject(words, family);
            case "REDIRECT" -> {
                words.expect("--to-ports");
                yield new Target.Redirect(words.ports('-'), options(words));
            }
            case "TPROXY" -> tproxy(words, family);
            case "DNAT" -> {
                words.expect("--to-destination");
                AddressesAndPorts to = AddressesAndPorts.parse(words, family);
                yield new Target.Dnat(to.addresses, to.ports, options(words));
            }
            case "SNAT" -> {
                words.expect("--to-source");
                AddressesAndPorts to = AddressesAndPorts.parse(words, family);
                yield new Target.Snat(to.addresses, to.ports, options(words));
            }
            case "MASQUERADE" -> {
                Optional<Ports> ports = words.skip("--to-ports") ? Optional.of(words.ports('-')) : Optional.empty();
                yield new Target.Masquerade(ports, options(words));
            }
            case "MARK" -> {
                words.expect("--set-xmark");
                yield new Target.SetMark(words.mark());
            }
            case "CONNMARK" -> connmark(words);
            case "CT" -> ct(words);
            case "NOTRACK" -> new Target.NoTrack();
            case "LOG" -> {
                String prefix = words.peek().equals("--log-prefix") ? value(words) : "";
                yield new Target.Log(prefix, words.peek().equals("--log-level") ? Integer.parseInt(value(words)) : 4);
            }
            case "NFLOG" -> {
                String prefix = words.peek().equals("--nflog-prefix") ? value(words) : "";
                yield new Target.Nflog(words.peek().equals("--nflog-group") ? Integer.parseInt(value(words)) : 0, prefix);
            }
            case "NFQUEUE" -> nfqueue(words);
            case "TCPMSS" ->
                words.next().equals("--clamp-mss-to-pmtu") ? new Target.ClampTcpMss() : new Target.SetTcpMss(words.number(words.next()));
            default -> new Target.Jump(name);
        };
    }

    private static Set<NatOption> options(RuleWords words) {
        Set<NatOption> options = EnumSet.noneOf(NatOption.class);
        for (NatOption option : NatOption.values()) {
            if (words.skip(option.text())) {
                options.add(option);
            }
        }
        return options;
    }

    private static String value(RuleWords words) {
        words.next();
        return Bytes.read(words.plain());
    }

    private static Target reject(RuleWords words, IpFamily family) {
        words.expect("--reject-with");
        String with = words.next();
        for (RejectWith value : RejectWith.values()) {
            if (value.text(family).equals(with)) {
                return new Target.Reject(value);
            }
        }
        throw new IllegalArgumentException(with);
    }

    private static Target nfqueue(RuleWords words) {
        boolean one = words.peek().equals("--queue-num");
        words.expect(one ? "--queue-num" : "--queue-balance");
        String[] queues = words.next().split(":", -1);
        boolean bypass = words.skip("--queue-bypass");
        boolean fanout = words.skip("--queue-cpu-fanout");
        if (queues.length != (one ? 1 : 2)) {
            throw new IllegalArgumentException("queues " + queues.length);
        }
        return new Target.Nfqueue(words.number(queues[0]), words.number(queues[queues.length - 1]), bypass, fanout);
    }

    private static Target tproxy(RuleWords words, IpFamily family) {
        words.expect("--on-port");
        int port = words.number(words.next());
        words.expect("--on-ip");
        words.expect(AddressText.of(family.any()));
        words.expect("--tproxy-mark");
        return new Target.Tproxy(port, words.mark());
    }

    private static Target connmark(RuleWords words) {
        String what = words.next();
        if (what.equals("--set-xmark")) {
            return new Target.SetConnmark(words.mark());
        }
        words.expect("--nfmask");
        int packet = words.bits(words.next());
        words.expect("--ctmask");
        int connection = words.bits(words.next());
        return switch (what) {
            case "--restore-mark" -> new Target.RestoreConnmark(packet, connection);
            case "--save-mark" -> new Target.SaveConnmark(packet, connection);
            default -> throw new IllegalArgumentException(what);
        };
    }

    private static Target ct(RuleWords words) {
        String what = words.next();
        return switch (what) {
            case "--notrack" -> new Target.NoTrack();
            case "--zone" -> new Target.ConntrackZone(words.number(words.next()));
            default -> throw new IllegalArgumentException(what);
        };
    }

    private record AddressesAndPorts(AddressRange addresses, Optional<Ports> ports) {
        /** {@code 1.2.3.4}, {@code 1.2.3.4-1.2.3.9:80-90}, {@code ::1} or {@code [::1-::9]:80}. */
        static AddressesAndPorts parse(RuleWords words, IpFamily family) {
            String text = words.next();
            int colon = family == IpFamily.V4 ? text.indexOf(':') : text.startsWith("[") ? text.indexOf("]:") : -1;
            if (colon < 0) {
                return new AddressesAndPorts(addresses(text), Optional.empty());
            }
            String address = family == IpFamily.V4 ? text.substring(0, colon) : text.substring(1, colon);
            String ports = text.substring(text.lastIndexOf(':') + 1);
            return new AddressesAndPorts(addresses(address), Optional.of(words.ports(ports, '-')));
        }

        private static AddressRange addresses(String text) {
            return AddressRange.parse(text.indexOf('-') < 0 ? text + "-" + text : text);
        }
    }
}
