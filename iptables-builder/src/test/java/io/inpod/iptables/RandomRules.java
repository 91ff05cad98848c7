package io.inpod.iptables;

import io.inpod.netns.IpFamily;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Random;
import java.util.Set;

/** Generates random valid rule sets that use everything in the model except cgroups, which would have to exist. */
public final class RandomRules {
    private static final String COMMENTS = "ab Z09_-./'\\;:#!*+$`(){}<>|&~^%@=,?[]é\u4e2d";

    private final Random random;

    public RandomRules(long seed) {
        this.random = new Random(seed);
    }

    /** Returns a rule set for both families, with all tables, two address sets, a port set, and chains that call each other. */
    public RuleSet ruleSet() {
        List<NamedSet> sets = List.of(set("random-v4", IpFamily.V4), set("random-v6", IpFamily.V6), ports("random-ports"));
        List<Table> tables = new ArrayList<>();
        for (TableName name : TableName.values()) {
            if (random.nextInt(5) > 0) {
                tables.add(table(name, sets));
            }
        }
        return new RuleSet(FamilyScope.BOTH, tables, sets);
    }

    private Table table(TableName name, List<NamedSet> sets) {
        List<Chain> chains = new ArrayList<>();
        List<Hook> hooks = new ArrayList<>(name.hooks());
        hooks.sort(null);
        for (int i = 0; i < 3; i++) {
            Hook hook = hooks.get(random.nextInt(hooks.size()));
            List<Rule> rules = new ArrayList<>();
            for (int n = 4 + random.nextInt(12); n > 0 || rules.isEmpty(); n--) {
                attempt(() -> {
                    Rule rule = new Rule(matches(sets), target(hook, name));
                    Table.of(name, Chain.of(hook.name(), Rule.of(new Target.Jump("RND_X"))), Chain.of("RND_X", rule));
                    rules.add(rule);
                });
            }
            String chain = "RND_" + i + "_" + hook;
            chains.add(new Chain(chain, rules));
            List<Match> matches = new ArrayList<>();
            if (random.nextBoolean()) {
                matches.add(hook == Hook.OUTPUT || hook == Hook.POSTROUTING ? Match.out("eth" + i) : Match.in("lo"));
            }
            Rule lead = new Rule(matches, random.nextInt(4) == 0 ? new Target.Goto(chain) : new Target.Jump(chain));
            if (chains.stream().noneMatch(c -> c.name().equals(hook.name()))) {
                chains.add(random.nextBoolean() ? Chain.first(hook, lead) : Chain.of(hook.name(), lead));
            }
        }
        if (random.nextBoolean()) {
            chains.add(Chain.of("RND_EMPTY"));
        }
        List<Chain> unique = new ArrayList<>();
        chains.forEach(chain -> {
            if (unique.stream().noneMatch(c -> c.name().equals(chain.name()))) {
                unique.add(chain);
            }
        });
        return new Table(name, unique);
    }

    private static void attempt(Runnable action) {
        try {
            action.run();
        } catch (IllegalArgumentException e) {
            // incompatible parts: try again
        }
    }

    private AddressRange range(IpFamily family) {
        InetAddress one = address(family);
        InetAddress other = address(family);
        boolean ascending = Arrays.compareUnsigned(one.getAddress(), other.getAddress()) < 0;
        return ascending ? new AddressRange(one, other) : new AddressRange(other, one);
    }

    private AddressSet set(String name, IpFamily family) {
        List<AddressSet.Element> elements = new ArrayList<>();
        if (random.nextBoolean()) {
            for (int i = random.nextInt(6); i > 0; i--) {
                String prefix = family == IpFamily.V4 ? "10." + i + ".16.1/" + (16 + random.nextInt(17)) : "fd00:" + i + ":8000::1/" + (32 + random.nextInt(97));
                elements.add(new AddressSet.Element(IpPrefix.parse(prefix), random.nextBoolean() ? "" : "net " + i));
            }
            return new AddressSet(name, family, AddressSet.Type.PREFIXES, elements);
        }
        for (int i = random.nextInt(4); i > 0; i--) {
            elements.add(new AddressSet.Element(IpPrefix.parse((family == IpFamily.V4 ? "10.0.0." : "fd00::") + i).address(), random.nextBoolean() ? "" : "pod " + i));
        }
        return new AddressSet(name, family, elements);
    }

    private PortSet ports(String name) {
        List<PortSet.Element> elements = new ArrayList<>();
        int next = random.nextInt(3);
        for (int i = random.nextInt(6); i > 0; i--) {
            int last = next + (random.nextBoolean() ? 0 : random.nextInt(2000));
            elements.add(new PortSet.Element(new Ports(next, last), random.nextBoolean() ? "" : "port " + i));
            next = last + 1 + (random.nextBoolean() ? 0 : random.nextInt(6000));
        }
        return new PortSet(name, elements);
    }

    private List<Match> matches(List<NamedSet> sets) {
        List<Match> matches = new ArrayList<>();
        Protocol protocol = Protocol.values()[random.nextInt(4)];
        IpFamily family = protocol.families().single().orElse(IpFamily.values()[random.nextInt(2)]);
        if (random.nextInt(3) > 0) {
            matches.add(Match.protocol(protocol));
            if (protocol.hasPorts() && random.nextBoolean()) {
                matches.add(new TransportMatch(protocol, port(), port(), protocol == Protocol.TCP && random.nextBoolean() ? Optional.of(flags()) : Optional.empty()));
            } else if (protocol.hasPorts() && random.nextBoolean()) {
                matches.add(MultiportMatch.of(protocol, Side.values()[random.nextInt(2)], severalPorts(), random.nextBoolean()));
            } else if (protocol.hasPorts() && random.nextBoolean()) {
                matches.add(new PortSetMatch(sets.get(2).name(), protocol, Side.values()[random.nextInt(2)], random.nextBoolean()));
            } else if (!protocol.hasPorts() && random.nextBoolean()) {
                OptionalInt code = random.nextBoolean() ? OptionalInt.empty() : OptionalInt.of(random.nextInt(5));
                matches.add(new IcmpMatch(protocol, 1 + random.nextInt(20), code, code.isEmpty() && random.nextBoolean()));
            }
        }
        for (int n = random.nextInt(4); n > 0; n--) {
            matches.add(match(family, sets));
        }
        return matches;
    }

    private Match match(IpFamily family, List<NamedSet> sets) {
        boolean not = random.nextBoolean();
        return switch (random.nextInt(22)) {
            case 0 -> new SourceMatch(prefix(family), not);
            case 1 -> new DestinationMatch(prefix(family), not);
            case 2 -> new InInterfaceMatch(random.nextBoolean() ? "lo" : "et+", not);
            case 3 -> new OutInterfaceMatch("a.b@c_d-1", not);
            case 4 -> new MarkMatch(mark(), not);
            case 5 -> new ConnmarkMatch(mark(), not);
            case 6 -> new ConntrackStateMatch(some(ConntrackState.class), not);
            case 7 -> new ConntrackStatusMatch(some(ConntrackStatus.class), not);
            case 8 -> new SetMatch(sets.get(family.ordinal()).name(), family, Side.values()[random.nextInt(2)], not);
            case 9 -> new AddressTypeMatch(Side.values()[random.nextInt(2)], AddressType.values()[random.nextInt(5)], not);
            case 10 -> new OwnerUserMatch(random.nextInt(1000), 1000L + random.nextInt(3) * 2_000_000_000L, not);
            case 11 -> new OwnerGroupMatch(7, 7, not);
            case 12 -> new OwnerSocketMatch(not);
            case 13 -> new SocketMatch(random.nextBoolean(), random.nextBoolean());
            case 14 -> new CommentMatch(words(1 + random.nextInt(20)));
            case 15 -> new LimitMatch(1 + random.nextInt(200), LimitMatch.Per.values()[random.nextInt(3)], 1 + random.nextInt(20));
            case 16 -> AddressRangeMatch.of(Side.values()[random.nextInt(2)], range(family), not);
            case 17 -> ProtocolNumberMatch.of(2 + random.nextInt(254), not);
            case 18 -> new RandomMatch((1 + random.nextInt(Integer.MAX_VALUE)) / 0x1p31, not);
            case 19 -> nth(not);
            case 20 -> new ConnlimitMatch(ConnlimitMatch.Counted.values()[random.nextInt(3)], 1 + random.nextInt(Integer.MAX_VALUE) * 2L, not);
            default -> new FamilyMatch(family);
        };
    }

    private NthMatch nth(boolean not) {
        long every = 2 + random.nextInt(Integer.MAX_VALUE) * 2L;
        return new NthMatch(every, (long) (random.nextDouble() * every), not);
    }

    private Target target(Hook hook, TableName table) {
        return switch (random.nextInt(23)) {
            case 0, 1 -> new Target.Accept();
            case 2 -> new Target.Drop();
            case 3 -> new Target.Return();
            case 4, 5 -> new Target.Reject(RejectWith.values()[random.nextInt(5)]);
            case 6 -> redirect(ports());
            case 7 -> new Target.Tproxy(1 + random.nextInt(65535), mark());
            case 8 -> dnat(random.nextBoolean() ? Optional.of(ports()) : Optional.empty());
            case 9 -> new Target.Snat(addresses(), random.nextBoolean() ? Optional.of(ports()) : Optional.empty(), options(NatOption.values()));
            case 10 -> new Target.Masquerade(random.nextBoolean() ? Optional.of(ports()) : Optional.empty(), options(NatOption.RANDOM, NatOption.RANDOM_FULLY));
            case 11 -> new Target.SetMark(mark());
            case 12 -> new Target.SetConnmark(mark());
            case 13 -> new Target.RestoreConnmark(-1, random.nextInt());
            case 14 -> new Target.SaveConnmark(random.nextInt(), -1);
            case 15 -> new Target.ConntrackZone(1 + random.nextInt(65535));
            case 16 -> new Target.NoTrack();
            case 17 -> new Target.Log(words(random.nextInt(9)), random.nextInt(8));
            case 18 -> new Target.Nflog(random.nextInt(65536), words(random.nextInt(20)));
            case 19 -> new Target.SetTcpMss(1 + random.nextInt(65495));
            case 20 -> new Target.ClampTcpMss();
            case 21 -> queues();
            default -> new Target.Accept();
        };
    }

    private Target redirect(Ports ports) {
        return new Target.Redirect(ports, ports.first() < ports.last() ? options(NatOption.RANDOM) : Set.of());
    }

    private Target dnat(Optional<Ports> ports) {
        boolean drawn = ports.filter(range -> range.first() < range.last()).isPresent();
        return new Target.Dnat(addresses(), ports, drawn ? options(NatOption.RANDOM, NatOption.PERSISTENT) : options(NatOption.PERSISTENT));
    }

    private Set<NatOption> options(NatOption... known) {
        Set<NatOption> options = EnumSet.noneOf(NatOption.class);
        for (NatOption option : known) {
            if (random.nextInt(3) == 0) {
                options.add(option);
            }
        }
        return options;
    }

    private AddressRange addresses() {
        if (random.nextBoolean()) {
            return range(IpFamily.values()[random.nextInt(2)]);
        }
        InetAddress one = address(IpFamily.values()[random.nextInt(2)]);
        return random.nextBoolean() ? new AddressRange(one, one) : AddressRange.of(new IpPrefix(one, 8 + random.nextInt(20)));
    }

    private Target queues() {
        int first = random.nextInt(65536);
        int last = random.nextBoolean() ? first : first + random.nextInt(65536 - first);
        return new Target.Nfqueue(first, last, random.nextBoolean(), first < last && random.nextBoolean());
    }

    private String words(int length) {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < length; i++) {
            text.append(COMMENTS.charAt(random.nextInt(COMMENTS.length())));
        }
        return text.toString();
    }

    private Optional<TransportMatch.PortCondition> port() {
        return switch (random.nextInt(4)) {
            case 0 -> Optional.of(new TransportMatch.PortCondition(Ports.of(1 + random.nextInt(65535)), random.nextBoolean()));
            case 1 -> Optional.of(new TransportMatch.PortCondition(new Ports(random.nextInt(30000), 30000 + random.nextInt(30000)), random.nextBoolean()));
            case 2 -> Optional.of(new TransportMatch.PortCondition(new Ports(0, 65535), false));
            default -> Optional.empty();
        };
    }

    private List<Ports> severalPorts() {
        List<Ports> several = new ArrayList<>();
        boolean single = random.nextBoolean();
        for (int n = 1 + random.nextInt(single ? 15 : 7); n > 0; n--) {
            int first = random.nextInt(4) == 0 ? random.nextInt(3) * 32760 : random.nextInt(60_000);
            several.add(new Ports(first, single ? first : Math.min(65_535, first + random.nextInt(3) * random.nextInt(6000))));
        }
        return several;
    }

    private Ports ports() {
        int first = 1 + random.nextInt(60000);
        return random.nextBoolean() ? Ports.of(first) : new Ports(first, first + 1 + random.nextInt(5000));
    }

    private TcpFlags flags() {
        Set<TcpFlag> examined = some(TcpFlag.class);
        examined.add(TcpFlag.SYN);
        Set<TcpFlag> set = EnumSet.of(TcpFlag.SYN);
        examined.stream().filter(f -> random.nextBoolean()).forEach(set::add);
        return new TcpFlags(examined, set, random.nextInt(4) == 0);
    }

    private <E extends Enum<E>> Set<E> some(Class<E> type) {
        Set<E> chosen = EnumSet.noneOf(type);
        E[] all = type.getEnumConstants();
        chosen.add(all[random.nextInt(all.length)]);
        for (E one : all) {
            if (random.nextInt(4) == 0) {
                chosen.add(one);
            }
        }
        return chosen;
    }

    private Mark mark() {
        int mask = random.nextInt(3) == 0 ? -1 : random.nextInt(0x10000) | 1;
        return new Mark(random.nextInt() & mask, mask);
    }

    private IpPrefix prefix(IpFamily family) {
        return new IpPrefix(address(family), random.nextInt(family.bits() + 1));
    }

    private InetAddress address(IpFamily family) {
        byte[] bytes = new byte[family.bits() / 8];
        random.nextBytes(bytes);
        if (family == IpFamily.V6) {
            for (int i = 2; i < 12; i++) {
                bytes[i] = random.nextBoolean() ? 0 : bytes[i];
            }
            bytes[0] = (byte) 0xfd;
        } else {
            bytes[0] = 10;
        }
        try {
            return InetAddress.getByAddress(bytes);
        } catch (UnknownHostException e) {
            throw new IllegalStateException(e);
        }
    }
}
