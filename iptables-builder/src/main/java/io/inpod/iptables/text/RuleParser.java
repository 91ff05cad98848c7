package io.inpod.iptables.text;

import io.inpod.iptables.AddressRange;
import io.inpod.iptables.AddressRangeMatch;
import io.inpod.iptables.AddressType;
import io.inpod.iptables.AddressTypeMatch;
import io.inpod.iptables.CgroupMatch;
import io.inpod.iptables.CommentMatch;
import io.inpod.iptables.ConnlimitMatch;
import io.inpod.iptables.ConnlimitMatch.Counted;
import io.inpod.iptables.ConnmarkMatch;
import io.inpod.iptables.ConntrackState;
import io.inpod.iptables.ConntrackStateMatch;
import io.inpod.iptables.ConntrackStatus;
import io.inpod.iptables.ConntrackStatusMatch;
import io.inpod.iptables.DestinationMatch;
import io.inpod.iptables.IcmpMatch;
import io.inpod.iptables.InInterfaceMatch;
import io.inpod.iptables.IpPrefix;
import io.inpod.iptables.LimitMatch;
import io.inpod.iptables.MarkMatch;
import io.inpod.iptables.Match;
import io.inpod.iptables.MultiportMatch;
import io.inpod.iptables.NthMatch;
import io.inpod.iptables.OutInterfaceMatch;
import io.inpod.iptables.OwnerGroupMatch;
import io.inpod.iptables.OwnerSocketMatch;
import io.inpod.iptables.OwnerUserMatch;
import io.inpod.iptables.Ports;
import io.inpod.iptables.Protocol;
import io.inpod.iptables.ProtocolMatch;
import io.inpod.iptables.ProtocolNumberMatch;
import io.inpod.iptables.RandomMatch;
import io.inpod.iptables.Rule;
import io.inpod.iptables.SetMatch;
import io.inpod.iptables.Side;
import io.inpod.iptables.SocketMatch;
import io.inpod.iptables.SourceMatch;
import io.inpod.iptables.Target;
import io.inpod.iptables.TcpFlag;
import io.inpod.iptables.TcpFlags;
import io.inpod.iptables.TransportMatch;
import io.inpod.iptables.TransportMatch.PortCondition;
import io.inpod.iptables.internal.Bytes;
import io.inpod.iptables.internal.ProtocolNames;
import io.inpod.netns.IpFamily;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;

/** Reads rules as iptables-save prints them. Yields nothing if the model can't express a rule. */
final class RuleParser {
    private final IpFamily family;
    private final RuleWords words;
    private final List<Match> matches = new ArrayList<>();
    private String module = "";
    private boolean negated;

    private RuleParser(RuleWords words, IpFamily family) {
        this.words = words;
        this.family = family;
    }

    /** A rule without {@code -A CHAIN}; empty if it holds anything that the model can't express. */
    static Optional<Rule> parse(String rule, IpFamily family) {
        try {
            RuleParser parser = new RuleParser(new RuleWords(rule), family);
            return Optional.of(parser.rule());
        } catch (IllegalArgumentException e) { // also for values outside the model's ranges
            return Optional.empty();
        }
    }

    private Rule rule() {
        while (words.more()) {
            String word = words.next();
            switch (word) {
                case "!" -> {
                    negated = true;
                    continue;
                }
                case "-m" -> module(words.next());
                case "-j" -> {
                    return new Rule(matches, TargetParser.parse(words, family));
                }
                case "-g" -> {
                    Target target = new Target.Goto(words.next());
                    words.end();
                    return new Rule(matches, target);
                }
                default -> option(word);
            }
            negated = false;
        }
        throw new IllegalArgumentException("a rule without a target only counts");
    }

    /** Modules that are conditions even without an option. */
    private void module(String name) {
        module = name;
        if (name.equals("tcp") || name.equals("udp")) {
            matches.add(Match.header(name.equals("tcp") ? Protocol.TCP : Protocol.UDP));
        } else if (name.equals("socket")) {
            boolean transparent = false;
            boolean any = false;
            while (words.peek().equals("--transparent") || words.peek().equals("--nowildcard")) {
                boolean isTransparent = words.next().equals("--transparent");
                transparent |= isTransparent;
                any |= !isTransparent;
            }
            matches.add(new SocketMatch(transparent, any));
        } else if (name.equals("limit")) {
            words.expect("--limit");
            String[] rate = words.next().split("/");
            int burst = 5;
            if (words.peek().equals("--limit-burst")) {
                words.next();
                burst = words.number(words.next());
            }
            matches.add(new LimitMatch(words.number(rate[0]), per(rate.length == 2 ? rate[1] : ""), burst));
        }
    }

    private void option(String name) {
        switch (name) {
            case "-s" -> matches.add(new SourceMatch(prefix(), negated));
            case "-d" -> matches.add(new DestinationMatch(prefix(), negated));
            case "-i" -> matches.add(new InInterfaceMatch(Bytes.read(words.plain()), negated));
            case "-o" -> matches.add(new OutInterfaceMatch(Bytes.read(words.plain()), negated));
            case "-p" -> matches.add(protocol(words.next(), negated));
            default -> option(module + " " + name, negated);
        }
    }

    private void option(String name, boolean not) {
        switch (name) {
            case "tcp --sport", "udp --sport" ->
                matches.add(new TransportMatch(transport(), Optional.of(ports(not)), Optional.empty(), Optional.empty()));
            case "tcp --dport", "udp --dport" ->
                matches.add(new TransportMatch(transport(), Optional.empty(), Optional.of(ports(not)), Optional.empty()));
            case "tcp --tcp-flags" -> matches.add(Match.flags(new TcpFlags(flags(words.next()), flags(words.next()), not)));
            case "multiport --sports" -> matches.add(multiport(Side.SOURCE, not));
            case "multiport --dports" -> matches.add(multiport(Side.DESTINATION, not));
            case "mark --mark" -> matches.add(new MarkMatch(words.mark(), not));
            case "connmark --mark" -> matches.add(new ConnmarkMatch(words.mark(), not));
            case "conntrack --ctstate", "state --state" -> matches.add(new ConntrackStateMatch(words.names(ConntrackState.class), not));
            case "conntrack --ctstatus" -> matches.add(new ConntrackStatusMatch(words.names(ConntrackStatus.class), not));
            case "set --match-set" -> matches.add(new SetMatch(words.next(), family, side(words.next()), not));
            case "iprange --src-range" -> matches.add(range(Side.SOURCE, not));
            case "iprange --dst-range" -> matches.add(range(Side.DESTINATION, not));
            case "icmp --icmp-type", "icmp6 --icmpv6-type" ->
                matches.add(icmp(module.equals("icmp") ? Protocol.ICMP : Protocol.ICMPV6, words.next(), not));
            case "addrtype --src-type" -> matches.add(new AddressTypeMatch(Side.SOURCE, AddressType.valueOf(words.next()), not));
            case "addrtype --dst-type" -> matches.add(new AddressTypeMatch(Side.DESTINATION, AddressType.valueOf(words.next()), not));
            case "owner --uid-owner" -> {
                long[] range = words.range(words.next());
                matches.add(new OwnerUserMatch(range[0], range[1], not));
            }
            case "owner --gid-owner" -> {
                long[] range = words.range(words.next());
                matches.add(new OwnerGroupMatch(range[0], range[1], not));
            }
            case "statistic --mode" -> words.expect(words.peek().equals("nth") ? "nth" : "random");
            case "statistic --probability" -> matches.add(new RandomMatch(Double.parseDouble(words.next()), not));
            case "statistic --every" -> matches.add(nth(not));
            case "connlimit --connlimit-above" -> matches.add(connlimit(!not));
            case "connlimit --connlimit-upto" -> matches.add(connlimit(not));
            case "owner --socket-exists" -> matches.add(new OwnerSocketMatch(not));
            case "cgroup --path" -> matches.add(new CgroupMatch(Bytes.read(words.plain()), not));
            case "comment --comment" -> matches.add(new CommentMatch(Bytes.read(words.plain())));
            default -> throw new IllegalArgumentException(name);
        }
    }

    private IpPrefix prefix() {
        return IpPrefix.parse(words.next());
    }

    private Match range(Side side, boolean not) {
        return AddressRangeMatch.of(side, AddressRange.parse(words.next()), not);
    }

    private Protocol transport() {
        return module.equals("tcp") ? Protocol.TCP : Protocol.UDP;
    }

    private PortCondition ports(boolean not) {
        return new PortCondition(words.ports(':'), not);
    }

    /** The protocol has been read before. */
    private Match multiport(Side side, boolean not) {
        List<Ports> ports = new ArrayList<>();
        for (String range : words.next().split(",", -1)) {
            ports.add(words.ports(range, ':'));
        }
        for (Match match : matches) {
            if (match instanceof ProtocolMatch p && !p.negated()) {
                return MultiportMatch.of(p.protocol(), side, ports, not);
            }
        }
        throw new IllegalArgumentException("multiport without a protocol");
    }

    private static Match protocol(String name, boolean not) {
        Integer number = ProtocolNames.number(name);
        if (number == null) {
            throw new IllegalArgumentException(name);
        }
        return ProtocolNumberMatch.of(number, not);
    }

    /** Some versions leave out the first packet of a turn. */
    private Match nth(boolean not) {
        long every = Long.parseLong(words.next());
        return new NthMatch(every, words.skip("--packet") ? Long.parseLong(words.next()) : 0, not);
    }

    /** A mask between none of the address and all of it, which counts the connections of a block, is beyond the model. */
    private Match connlimit(boolean above) {
        long most = Long.parseLong(words.next());
        words.expect("--connlimit-mask");
        int mask = words.number(words.next());
        String side = words.peek().startsWith("--connlimit-") ? words.next() : "--connlimit-saddr";
        if (mask != 0 && mask != family.bits() || !side.equals("--connlimit-saddr") && !side.equals("--connlimit-daddr")) {
            throw new IllegalArgumentException(side + " " + mask);
        }
        return new ConnlimitMatch(mask == 0 ? Counted.ALL : side.equals("--connlimit-saddr") ? Counted.SOURCE : Counted.DESTINATION, most,
                above);
    }

    private static Side side(String name) {
        if (!name.equals("src") && !name.equals("dst")) {
            throw new IllegalArgumentException(name);
        }
        return name.equals("src") ? Side.SOURCE : Side.DESTINATION;
    }

    private Match icmp(Protocol protocol, String type, boolean not) {
        int slash = type.indexOf('/');
        return new IcmpMatch(protocol, words.number(slash < 0 ? type : type.substring(0, slash)),
                slash < 0 ? OptionalInt.empty() : OptionalInt.of(words.number(type.substring(slash + 1))), not);
    }

    private Set<TcpFlag> flags(String names) {
        return names.equals("NONE") ? Set.of() : names.equals("ALL") ? Set.of(TcpFlag.values()) : words.names(TcpFlag.class, names);
    }

    private static LimitMatch.Per per(String name) {
        for (LimitMatch.Per per : LimitMatch.Per.values()) {
            if (per.text().equals(name)) {
                return per;
            }
        }
        throw new IllegalArgumentException(name);
    }
}
