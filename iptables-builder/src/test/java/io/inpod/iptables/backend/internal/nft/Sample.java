package io.inpod.iptables.backend.internal.nft;

import io.inpod.iptables.AddressRange;
import io.inpod.iptables.AddressType;
import io.inpod.iptables.AddressTypeMatch;
import io.inpod.iptables.CommentMatch;
import io.inpod.iptables.ConnlimitMatch;
import io.inpod.iptables.ConnlimitMatch.Counted;
import io.inpod.iptables.ConntrackState;
import io.inpod.iptables.ConntrackStatus;
import io.inpod.iptables.ConntrackStatusMatch;
import io.inpod.iptables.Hook;
import io.inpod.iptables.IcmpMatch;
import io.inpod.iptables.IpPrefix;
import io.inpod.iptables.LimitMatch;
import io.inpod.iptables.Mark;
import io.inpod.iptables.Match;
import io.inpod.iptables.NatOption;
import io.inpod.iptables.NthMatch;
import io.inpod.iptables.OwnerGroupMatch;
import io.inpod.iptables.OwnerSocketMatch;
import io.inpod.iptables.OwnerUserMatch;
import io.inpod.iptables.Ports;
import io.inpod.iptables.Protocol;
import io.inpod.iptables.RejectWith;
import io.inpod.iptables.Rule;
import io.inpod.iptables.Side;
import io.inpod.iptables.SocketMatch;
import io.inpod.iptables.TableName;
import io.inpod.iptables.Target;
import io.inpod.iptables.TcpFlag;
import io.inpod.iptables.TcpFlags;
import io.inpod.iptables.TransportMatch;
import java.net.InetAddress;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.stream.IntStream;

/**
 * A rule, and the same rule written by hand for the tools.
 *
 * @param iptables its text for iptables-restore; fits a family only if it names no address of the other
 * @param nft its text for nft in an inet table; empty if nft 1.0.6 can't express it, or needs a set
 */
record Sample(TableName table, Hook hook, String iptables, String nft, Rule rule) {
    private static final Mark MARK = new Mark(0x539, 0xfff);
    private static final Match TCP = Match.protocol(Protocol.TCP);
    private static final Match UDP = Match.protocol(Protocol.UDP);
    private static final Target ACCEPT = new Target.Accept();

    private static Sample filter(String iptables, String nft, Target target, Match... matches) {
        return new Sample(TableName.FILTER, Hook.INPUT, iptables, nft, Rule.of(target, matches));
    }

    private static Sample sample(TableName table, Hook hook, String iptables, String nft, Target target, Match... matches) {
        return new Sample(table, hook, iptables, nft, Rule.of(target, matches));
    }

    private static Match from(String prefix) {
        return Match.source(IpPrefix.parse(prefix));
    }

    private static Match to(String prefix) {
        return Match.destination(IpPrefix.parse(prefix));
    }

    private static InetAddress ip(String address) {
        return IpPrefix.parse(address).address();
    }

    static List<Sample> all() {
        return java.util.stream.Stream.of(basics(), packet(), known(), targets(), nat()).flatMap(List::stream).toList();
    }

    private static List<Sample> basics() {
        return List.of(
                filter("-s 10.1.2.3 -j ACCEPT", "ip saddr 10.1.2.3 counter accept", ACCEPT, from("10.1.2.3")),
                filter("! -s 10.1.0.0/16 -j DROP", "ip saddr != 10.1.0.0/16 counter drop", new Target.Drop(), from("10.1.0.0/16").not()),
                filter("-d 10.128.0.0/9 -j RETURN", "ip daddr 10.128.0.0/9 counter return", new Target.Return(), to("10.128.0.0/9")),
                filter("! -d fd00::/9 -j RETURN", "ip6 daddr != fd00::/9 counter return", new Target.Return(), to("fd00::/9").not()),
                filter("-s fd00::/8 -d fd00::1 -i lo -p tcp -j ACCEPT", "iifname lo meta l4proto tcp ip6 saddr fd00::/8 ip6 daddr fd00::1 counter accept", ACCEPT,
                        from("fd00::/8"), to("fd00::1"), Match.in("lo"), TCP),
                sample(TableName.FILTER, Hook.FORWARD, "-s 10.0.0.0/8 -d 10.0.0.1 -i eth0 ! -o abcdefghijklmno ! -p udp -j ACCEPT",
                        "iifname eth0 oifname != abcdefghijklmno meta l4proto != udp ip saddr 10.0.0.0/8 ip daddr 10.0.0.1 counter accept", ACCEPT,
                        from("10.0.0.0/8"), to("10.0.0.1"), Match.in("eth0"), Match.out("abcdefghijklmno").not(), UDP.not()),
                sample(TableName.FILTER, Hook.FORWARD, "-i e+ ! -o abcdefghijklmn+ -j ACCEPT", "iifname \"e*\" oifname != \"abcdefghijklmn*\" counter accept", ACCEPT,
                        Match.in("e+"), Match.out("abcdefghijklmn+").not()),
                filter("-j OTHER", "jump OTHER", new Target.Jump("OTHER")),
                filter("-g OTHER", "goto OTHER", new Target.Goto("OTHER")));
    }

    private static List<Sample> packet() {
        Optional<TransportMatch.PortCondition> dns = Optional.of(new TransportMatch.PortCondition(Ports.of(53), false));
        Optional<TransportMatch.PortCondition> range = Optional.of(new TransportMatch.PortCondition(new Ports(80, 90), true));
        return List.of(
                filter("-p udp -m udp -j ACCEPT", "", ACCEPT, UDP, Match.header(Protocol.UDP)),
                filter("-p tcp -m tcp -j ACCEPT", "", ACCEPT, TCP, Match.header(Protocol.TCP)),
                filter("-p tcp -m tcp --dport 80 -j ACCEPT", "tcp dport 80 counter accept", ACCEPT, TCP, Match.destinationPort(Protocol.TCP, Ports.of(80))),
                filter("-p udp -m udp ! --sport 53 -j ACCEPT", "udp sport != 53 counter accept", ACCEPT, UDP, Match.sourcePort(Protocol.UDP, Ports.of(53)).not()),
                filter("-p udp -m udp --sport 53 --dport 53 -j ACCEPT", "", ACCEPT, UDP, new TransportMatch(Protocol.UDP, dns, dns, Optional.empty())),
                filter("-p udp -m udp --sport 53 ! --dport 80:90 -j ACCEPT", "udp sport 53 udp dport != 80-90 counter accept", ACCEPT, UDP,
                        new TransportMatch(Protocol.UDP, dns, range, Optional.empty())),
                filter("-p tcp -m tcp --dport 1024:65535 -j ACCEPT", "", ACCEPT, TCP, Match.destinationPort(Protocol.TCP, new Ports(1024, 65535))),
                filter("-p tcp -m tcp --dport 0:1023 -j ACCEPT", "", ACCEPT, TCP, Match.destinationPort(Protocol.TCP, new Ports(0, 1023))),
                filter("-p tcp -m tcp ! --dport 0:1023 -j ACCEPT", "", ACCEPT, TCP, Match.destinationPort(Protocol.TCP, new Ports(0, 1023)).not()),
                filter("-p tcp -m tcp --dport 80 --tcp-flags FIN,SYN,RST,ACK SYN -j ACCEPT", "tcp dport 80 tcp flags syn / fin,syn,rst,ack counter accept", ACCEPT, TCP,
                        Match.destinationPort(Protocol.TCP, Ports.of(80)), Match.flags(TcpFlags.syn())),
                filter("-p tcp -m tcp ! --tcp-flags SYN,URG URG -j ACCEPT", "tcp flags != urg / syn,urg counter accept", ACCEPT, TCP,
                        Match.flags(new TcpFlags(Set.of(TcpFlag.SYN, TcpFlag.URG), Set.of(TcpFlag.URG), true))),
                filter("-p tcp -m multiport --dports 80,443 -j ACCEPT", "tcp dport { 80, 443 } counter accept", ACCEPT, TCP,
                        Match.destinationPorts(Protocol.TCP, Ports.of(443), Ports.of(80))),
                filter("-p udp -m multiport ! --sports 53,1000:2000 -j ACCEPT", "udp sport != { 53, 1000-2000 } counter accept", ACCEPT, UDP,
                        Match.sourcePorts(Protocol.UDP, Ports.of(53), new Ports(1000, 2000)).not()),
                filter("-p tcp -m multiport --dports 0:5,7,60000:65535 -m multiport --sports 1,3,5,7,9,11,13,15,17,19,21,23,25,27,29 -j ACCEPT",
                        "tcp dport { 0-5, 7, 60000-65535 } tcp sport { 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29 } counter accept", ACCEPT, TCP,
                        Match.destinationPorts(Protocol.TCP, new Ports(0, 5), Ports.of(7), new Ports(60_000, 65_535)), Match.sourcePorts(Protocol.TCP, Ports.of(1),
                                IntStream.iterate(3, port -> port < 30, port -> port + 2).mapToObj(Ports::of).toArray(Ports[]::new))),
                filter("-d 10.0.0.1 -p icmp -m icmp --icmp-type 8 -j ACCEPT", "ip daddr 10.0.0.1 icmp type 8 counter accept", ACCEPT, to("10.0.0.1"), Match.protocol(Protocol.ICMP),
                        new IcmpMatch(Protocol.ICMP, 8, OptionalInt.empty(), false)),
                filter("-s 10.0.0.1 -p icmp -m icmp ! --icmp-type 3/4 -j ACCEPT", "", ACCEPT, from("10.0.0.1"), Match.protocol(Protocol.ICMP),
                        new IcmpMatch(Protocol.ICMP, 3, OptionalInt.of(4), true)),
                filter("-d fd00::1 -p ipv6-icmp -m icmp6 --icmpv6-type 1/4 -j ACCEPT", "ip6 daddr fd00::1 icmpv6 type 1 icmpv6 code 4 counter accept", ACCEPT, to("fd00::1"),
                        Match.protocol(Protocol.ICMPV6), new IcmpMatch(Protocol.ICMPV6, 1, OptionalInt.of(4), false)),
                filter("-m mark --mark 0x539/0xfff -j ACCEPT", "meta mark & 0xfff == 0x539 counter accept", ACCEPT, Match.mark(MARK)),
                filter("-m mark ! --mark 0xffffffff -j ACCEPT", "meta mark != 0xffffffff counter accept", ACCEPT, Match.mark(Mark.exactly(-1)).not()),
                filter("-m limit --limit 10/min --limit-burst 7 -j ACCEPT", "limit rate 10/minute burst 7 packets counter accept", ACCEPT, new LimitMatch(10, LimitMatch.Per.MINUTE, 7)),
                filter("-p sctp -j ACCEPT", "meta l4proto sctp counter accept", ACCEPT, Match.protocol(132)),
                filter("-s 10.0.0.1 ! -p 47 -j ACCEPT", "meta l4proto != 47 ip saddr 10.0.0.1 counter accept", ACCEPT, from("10.0.0.1"), Match.protocol(47).not()),
                filter("-m statistic --mode random --probability 0.3 -j ACCEPT", "numgen random mod 2147483648 < 644245094 counter accept", ACCEPT, Match.random(0.3)),
                filter("-m statistic --mode random ! --probability 0.00000000046566128731 -j ACCEPT", "numgen random mod 2147483648 >= 1 counter accept", ACCEPT,
                        Match.random(0x1p-31).not()),
                filter("-p udp -m statistic --mode nth --every 3 --packet 0 -m mark --mark 0x1 -m udp --dport 53 -j ACCEPT",
                        "meta l4proto udp numgen inc mod 3 0 meta mark 1 udp dport 53 counter accept", ACCEPT, UDP, Match.everyNth(3), Match.mark(Mark.exactly(1)),
                        Match.destinationPort(Protocol.UDP, Ports.of(53))),
                filter("-m statistic --mode nth ! --every 4294967295 --packet 4294967294 -j ACCEPT", "numgen inc mod 4294967295 != 4294967294 counter accept", ACCEPT,
                        new NthMatch(4_294_967_295L, 4_294_967_294L, true)),
                filter("-m connlimit --connlimit-above 20 --connlimit-mask 0 --connlimit-saddr -j ACCEPT", "ct count over 20 counter accept", ACCEPT,
                        Match.connectionsAbove(20, Counted.ALL)),
                filter("-m connlimit --connlimit-upto 4294967295 --connlimit-mask 0 --connlimit-saddr -j ACCEPT", "ct count 4294967295 counter accept", ACCEPT,
                        new ConnlimitMatch(Counted.ALL, 4_294_967_295L, false)),
                filter("-s 10.0.0.0/8 -m connlimit --connlimit-above 20 --connlimit-mask 32 --connlimit-saddr -j ACCEPT", "", ACCEPT, from("10.0.0.0/8"),
                        Match.connectionsAbove(20, Counted.SOURCE)),
                filter("-s fd00::/8 -m connlimit --connlimit-upto 3 --connlimit-daddr -j ACCEPT", "", ACCEPT, from("fd00::/8"),
                        Match.connectionsAbove(3, Counted.DESTINATION).not()),
                filter("-m mark --mark 0x1 -m comment --comment \"hello you\" -j ACCEPT", "meta mark 1 counter accept comment \"hello you\"", ACCEPT, Match.mark(Mark.exactly(1)),
                        new CommentMatch("hello you")));
    }

    private static List<Sample> known() {
        return List.of(
                filter("-m connmark ! --mark 0x539/0xfff -j ACCEPT", "ct mark & 0xfff != 0x539 counter accept", ACCEPT, Match.connmark(MARK).not()),
                filter("-m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT", "ct state related,established counter accept", ACCEPT,
                        Match.conntrack(ConntrackState.RELATED, ConntrackState.ESTABLISHED)),
                filter("-m conntrack ! --ctstate INVALID,NEW,UNTRACKED -j ACCEPT", "ct state & (invalid|new|untracked) == 0 counter accept", ACCEPT,
                        Match.conntrack(ConntrackState.INVALID, ConntrackState.NEW, ConntrackState.UNTRACKED).not()),
                filter("-m conntrack --ctstatus EXPECTED,SEEN_REPLY,ASSURED,CONFIRMED -j ACCEPT", "ct status expected,seen-reply,assured,confirmed counter accept", ACCEPT,
                        new ConntrackStatusMatch(Set.of(ConntrackStatus.values()), false)),
                filter("-m conntrack ! --ctstatus ASSURED -j ACCEPT", "", ACCEPT, new ConntrackStatusMatch(Set.of(ConntrackStatus.ASSURED), true)),
                filter("-m iprange --src-range 10.0.0.1-10.0.0.9 -j ACCEPT", "ip saddr 10.0.0.1-10.0.0.9 counter accept", ACCEPT, Match.source(AddressRange.parse("10.0.0.1-10.0.0.9"))),
                filter("-m iprange ! --dst-range 10.0.0.255-10.1.0.0 -j ACCEPT", "ip daddr != 10.0.0.255-10.1.0.0 counter accept", ACCEPT,
                        Match.destination(AddressRange.parse("10.0.0.255-10.1.0.0")).not()),
                filter("-m iprange --dst-range fd00::1-fd00::ff00 -j ACCEPT", "ip6 daddr fd00::1-fd00::ff00 counter accept", ACCEPT,
                        Match.destination(AddressRange.parse("fd00::1-fd00::ff00"))),
                filter("-d 10.9.0.0/16 -p tcp -m iprange ! --src-range 10.0.0.1-10.0.0.9 -m tcp --dport 80 -j ACCEPT",
                        "ip daddr 10.9.0.0/16 ip saddr != 10.0.0.1-10.0.0.9 tcp dport 80 counter accept", ACCEPT, to("10.9.0.0/16"), TCP,
                        Match.source(AddressRange.parse("10.0.0.1-10.0.0.9")).not(), Match.destinationPort(Protocol.TCP, Ports.of(80))),
                filter("-m addrtype --dst-type LOCAL -j ACCEPT", "fib daddr type local counter accept", ACCEPT,
                        new AddressTypeMatch(Side.DESTINATION, AddressType.LOCAL, false)),
                filter("-m addrtype ! --src-type MULTICAST -j ACCEPT", "fib saddr type != multicast counter accept", ACCEPT,
                        new AddressTypeMatch(Side.SOURCE, AddressType.MULTICAST, true)),
                filter("-m socket --transparent -j ACCEPT", "socket wildcard 0 socket transparent 1 counter accept", ACCEPT, new SocketMatch(true, false)),
                filter("-m socket --transparent --nowildcard -j ACCEPT", "socket transparent 1 counter accept", ACCEPT, new SocketMatch(true, true)),
                filter("-m socket --nowildcard -j ACCEPT", "socket transparent <= 1 counter accept", ACCEPT, new SocketMatch(false, true)),
                filter("-m socket -j ACCEPT", "socket wildcard 0 counter accept", ACCEPT, new SocketMatch(false, false)),
                sample(TableName.FILTER, Hook.OUTPUT, "-m owner --uid-owner 1000 -j ACCEPT", "meta skuid 1000 counter accept", ACCEPT, new OwnerUserMatch(1000, 1000, false)),
                sample(TableName.FILTER, Hook.OUTPUT, "-m owner ! --uid-owner 1000-3000000000 -j ACCEPT", "meta skuid != 1000-3000000000 counter accept", ACCEPT,
                        new OwnerUserMatch(1000, 3_000_000_000L, true)),
                sample(TableName.FILTER, Hook.OUTPUT, "-m owner --gid-owner 5-9 -j ACCEPT", "meta skgid 5-9 counter accept", ACCEPT, new OwnerGroupMatch(5, 9, false)),
                sample(TableName.FILTER, Hook.OUTPUT, "-m owner --socket-exists -j ACCEPT", "", ACCEPT, new OwnerSocketMatch(false)));
    }

    private static List<Sample> targets() {
        return List.of(
                filter("-j REJECT --reject-with tcp-reset -p tcp", "meta l4proto tcp counter reject with tcp reset", new Target.Reject(RejectWith.TCP_RESET), TCP),
                filter("-s 10.0.0.1 -j REJECT --reject-with icmp-port-unreachable", "ip saddr 10.0.0.1 counter reject with icmpx port-unreachable",
                        new Target.Reject(RejectWith.PORT_UNREACHABLE), from("10.0.0.1")),
                filter("-s fd00::1 -j REJECT --reject-with icmp6-addr-unreachable", "ip6 saddr fd00::1 counter reject with icmpx host-unreachable",
                        new Target.Reject(RejectWith.HOST_UNREACHABLE), from("fd00::1")),
                filter("-s 10.0.0.1 -j REJECT --reject-with icmp-net-unreachable", "", new Target.Reject(RejectWith.NO_ROUTE), from("10.0.0.1")),
                filter("-s 10.0.0.1 -j REJECT --reject-with icmp-admin-prohibited", "", new Target.Reject(RejectWith.ADMIN_PROHIBITED), from("10.0.0.1")),
                filter("-j LOG --log-prefix \"abc\" --log-level 6", "counter log prefix \"abc\" level info", new Target.Log("abc", 6)),
                filter("-j LOG", "", new Target.Log("", 4)),
                filter("-j NFLOG --nflog-group 3 --nflog-prefix abcd", "counter log prefix \"abcd\" group 3", new Target.Nflog(3, "abcd")),
                filter("-j NFLOG", "counter log group 0", new Target.Nflog(0, "")),
                filter("-j NFQUEUE --queue-num 3", "counter queue num 3", new Target.Nfqueue(3)),
                filter("-j NFQUEUE --queue-num 65535 --queue-bypass", "counter queue num 65535 bypass", new Target.Nfqueue(65535, 65535, true, false)),
                filter("-j NFQUEUE --queue-balance 1:65535 --queue-bypass --queue-cpu-fanout", "counter queue num 1-65535 bypass,fanout",
                        new Target.Nfqueue(1, 65535, true, true)),
                sample(TableName.MANGLE, Hook.PREROUTING, "-p tcp -j TPROXY --on-port 15006 --tproxy-mark 0x539/0xfff", "", new Target.Tproxy(15006, MARK), TCP),
                sample(TableName.MANGLE, Hook.PREROUTING, "-j CONNMARK --set-xmark 0x539/0xfff", "counter ct mark set ct mark & 0xfffff000 | 0x539", new Target.SetConnmark(MARK)),
                sample(TableName.MANGLE, Hook.PREROUTING, "-j CONNMARK --set-xmark 0x539/0xffffffff", "counter ct mark set 0x539", new Target.SetConnmark(Mark.exactly(0x539))),
                sample(TableName.MANGLE, Hook.OUTPUT, "-j CONNMARK --restore-mark --nfmask 0xffffffff --ctmask 0xff", "counter meta mark set ct mark & 0xff",
                        new Target.RestoreConnmark(-1, 0xff)),
                sample(TableName.MANGLE, Hook.OUTPUT, "-j CONNMARK --restore-mark --nfmask 0xff --ctmask 0xf", "", new Target.RestoreConnmark(0xff, 0xf)),
                sample(TableName.MANGLE, Hook.OUTPUT, "-j CONNMARK --save-mark --nfmask 0xffffffff --ctmask 0xffffffff", "counter ct mark set meta mark", new Target.SaveConnmark(-1, -1)),
                sample(TableName.MANGLE, Hook.OUTPUT, "-j CONNMARK --save-mark --nfmask 0xff --ctmask 0xff0", "", new Target.SaveConnmark(0xff, 0xff0)),
                sample(TableName.MANGLE, Hook.OUTPUT, "-j MARK --set-xmark 0x539/0xfff", "counter meta mark set meta mark & 0xfffff000 | 0x539", new Target.SetMark(MARK)),
                sample(TableName.MANGLE, Hook.OUTPUT, "-j MARK --set-xmark 0x539/0xffffffff", "counter meta mark set 0x539", new Target.SetMark(Mark.exactly(0x539))),
                sample(TableName.MANGLE, Hook.FORWARD, "-p tcp -m tcp --tcp-flags SYN,RST SYN -j TCPMSS --clamp-mss-to-pmtu",
                        "tcp flags syn / syn,rst counter tcp option maxseg size set rt mtu", new Target.ClampTcpMss(), TCP,
                        Match.flags(new TcpFlags(Set.of(TcpFlag.SYN, TcpFlag.RST), Set.of(TcpFlag.SYN), false))),
                sample(TableName.MANGLE, Hook.FORWARD, "-p tcp -m tcp --tcp-flags FIN,SYN,RST,ACK SYN -j TCPMSS --set-mss 1300",
                        "tcp flags syn / fin,syn,rst,ack counter tcp option maxseg size set 1300", new Target.SetTcpMss(1300), TCP, Match.flags(TcpFlags.syn())),
                sample(TableName.RAW, Hook.PREROUTING, "-p udp -m udp --sport 53 -j CT --zone 1", "udp sport 53 counter ct zone set 1", new Target.ConntrackZone(1), UDP,
                        Match.sourcePort(Protocol.UDP, Ports.of(53))),
                sample(TableName.RAW, Hook.PREROUTING, "-j CT --notrack", "counter notrack", new Target.NoTrack()));
    }

    private static List<Sample> nat() {
        return List.of(
                sample(TableName.NAT, Hook.PREROUTING, "-p tcp -j REDIRECT --to-ports 15006", "meta l4proto tcp counter redirect to :15006", new Target.Redirect(Ports.of(15006)), TCP),
                sample(TableName.NAT, Hook.OUTPUT, "! -d 127.0.0.1/32 -p udp -m mark ! --mark 0x539/0xfff -m udp --dport 53 -j REDIRECT --to-ports 15053-15054",
                        "ip daddr != 127.0.0.1 meta mark & 0xfff != 0x539 udp dport 53 counter redirect to :15053-15054",
                        new Target.Redirect(new Ports(15053, 15054)), to("127.0.0.1").not(), UDP, Match.mark(MARK).not(), Match.destinationPort(Protocol.UDP, Ports.of(53))),
                sample(TableName.NAT, Hook.PREROUTING, "-p tcp -j DNAT --to-destination 10.0.0.1:80", "meta l4proto tcp meta nfproto ipv4 counter dnat ip to 10.0.0.1:80",
                        new Target.Dnat(ip("10.0.0.1"), Optional.of(Ports.of(80))), TCP),
                sample(TableName.NAT, Hook.PREROUTING, "-j DNAT --to-destination fd00::1", "meta nfproto ipv6 counter dnat ip6 to fd00::1", new Target.Dnat(ip("fd00::1"), Optional.empty())),
                sample(TableName.NAT, Hook.PREROUTING, "-p udp -j DNAT --to-destination [fd00::1]:80-90", "meta l4proto udp meta nfproto ipv6 counter dnat ip6 to [fd00::1]:80-90",
                        new Target.Dnat(ip("fd00::1"), Optional.of(new Ports(80, 90))), UDP),
                sample(TableName.NAT, Hook.POSTROUTING, "-j SNAT --to-source 10.0.0.1", "meta nfproto ipv4 counter snat ip to 10.0.0.1", new Target.Snat(ip("10.0.0.1"), Optional.empty())),
                sample(TableName.NAT, Hook.POSTROUTING, "-p tcp -j SNAT --to-source 10.0.0.1:1000-2000", "meta l4proto tcp meta nfproto ipv4 counter snat ip to 10.0.0.1:1000-2000",
                        new Target.Snat(ip("10.0.0.1"), Optional.of(new Ports(1000, 2000))), TCP),
                sample(TableName.NAT, Hook.POSTROUTING, "-p tcp -j SNAT --to-source [fd00::1]:1000", "meta l4proto tcp meta nfproto ipv6 counter snat ip6 to [fd00::1]:1000",
                        new Target.Snat(ip("fd00::1"), Optional.of(Ports.of(1000))), TCP),
                sample(TableName.NAT, Hook.POSTROUTING, "-j SNAT --to-source 10.0.0.1 --random-fully", "meta nfproto ipv4 counter snat ip to 10.0.0.1 fully-random",
                        new Target.Snat(ip("10.0.0.1"), Optional.empty(), true)),
                sample(TableName.NAT, Hook.POSTROUTING, "-p udp -j SNAT --to-source [fd00::1]:1000-2000 --random-fully",
                        "meta l4proto udp meta nfproto ipv6 counter snat ip6 to [fd00::1]:1000-2000 fully-random", new Target.Snat(ip("fd00::1"), Optional.of(new Ports(1000, 2000)), true), UDP),
                sample(TableName.NAT, Hook.POSTROUTING, "-j MASQUERADE", "counter masquerade", new Target.Masquerade()),
                sample(TableName.NAT, Hook.POSTROUTING, "-j MASQUERADE --random-fully", "counter masquerade fully-random", new Target.Masquerade(Optional.empty(), true)),
                sample(TableName.NAT, Hook.POSTROUTING, "-p tcp -j MASQUERADE --to-ports 1024", "meta l4proto tcp counter masquerade to :1024",
                        new Target.Masquerade(Optional.of(Ports.of(1024)), false), TCP),
                sample(TableName.NAT, Hook.POSTROUTING, "-p udp -j MASQUERADE --to-ports 1024-2000 --random-fully", "meta l4proto udp counter masquerade to :1024-2000 fully-random",
                        new Target.Masquerade(Optional.of(new Ports(1024, 2000)), true), UDP),
                sample(TableName.NAT, Hook.POSTROUTING, "-p tcp -j MASQUERADE --to-ports 1024-2000 --random", "meta l4proto tcp counter masquerade to :1024-2000 random",
                        new Target.Masquerade(Optional.of(new Ports(1024, 2000)), Set.of(NatOption.RANDOM)), TCP),
                sample(TableName.NAT, Hook.OUTPUT, "-p tcp -j REDIRECT --to-ports 80-90 --random", "meta l4proto tcp counter redirect to :80-90 random",
                        new Target.Redirect(new Ports(80, 90), Set.of(NatOption.RANDOM)), TCP),
                sample(TableName.NAT, Hook.PREROUTING, "-p tcp -j DNAT --to-destination 10.0.0.1-10.0.0.9:80-90 --random --persistent",
                        "meta l4proto tcp meta nfproto ipv4 counter dnat ip to 10.0.0.1-10.0.0.9:80-90 random,persistent",
                        new Target.Dnat(AddressRange.parse("10.0.0.1-10.0.0.9"), Optional.of(new Ports(80, 90)), Set.of(NatOption.PERSISTENT, NatOption.RANDOM)), TCP),
                sample(TableName.NAT, Hook.PREROUTING, "-j DNAT --to-destination fd00::1-fd00::9 --persistent", "meta nfproto ipv6 counter dnat ip6 to fd00::1-fd00::9 persistent",
                        new Target.Dnat(AddressRange.parse("fd00::1-fd00::9"), Optional.empty(), Set.of(NatOption.PERSISTENT))),
                sample(TableName.NAT, Hook.POSTROUTING, "-j SNAT --to-source 10.0.0.0-10.0.0.255", "meta nfproto ipv4 counter snat ip to 10.0.0.0/24",
                        new Target.Snat(AddressRange.parse("10.0.0.0-10.0.0.255"), Optional.empty(), Set.of())),
                sample(TableName.NAT, Hook.POSTROUTING, "-p udp -j SNAT --to-source [fd00::1-fd00::9]:1000 --random --random-fully --persistent",
                        "meta l4proto udp meta nfproto ipv6 counter snat ip6 to [fd00::1]-[fd00::9]:1000 random,fully-random,persistent",
                        new Target.Snat(AddressRange.parse("fd00::1-fd00::9"), Optional.of(Ports.of(1000)), Set.of(NatOption.values())), UDP));
    }
}
