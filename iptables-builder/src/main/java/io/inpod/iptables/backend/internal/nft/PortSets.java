package io.inpod.iptables.backend.internal.nft;

import io.inpod.iptables.Ports;
import io.inpod.iptables.backend.internal.nft.expr.Expr;
import io.inpod.iptables.backend.internal.nft.expr.ExprWriter;
import io.inpod.iptables.backend.internal.nft.expr.UserData;
import io.inpod.netlink.NetlinkAttribute;
import io.inpod.netlink.NetlinkMessage;
import io.inpod.netlink.NetlinkRequest;
import io.inpod.netlink.Nfnetlink;
import io.inpod.netns.IpFamily;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Sets without a name, each part of one rule: of ports, and those in which connections of each address are counted. They are sent before it
 * in the same transaction, and deleted by the kernel with it. A set of ports with ranges has for each of them its first port, and as an end
 * the port after its last one, as nft writes it.
 */
final class PortSets {
    private static final int NESTED = ExprWriter.NESTED;
    private static final int CONSTANT = 2;
    private static final int INTERVAL = 4;
    private static final int DYNAMIC = 0x20;
    private static final int END = 1;
    private static final int LAST = 65535;

    /** The number of nft's type {@code inet_service}. */
    private static final int SERVICE = 13;

    private final NftReader reader;
    private final int family;
    private final String table;
    private @Nullable Map<String, Boolean> unnamed;

    PortSets(NftReader reader, int family, String table) {
        this.reader = reader;
        this.family = family;
        this.table = table;
    }

    /** Adds messages that create the sets of a rule, and returns its expressions with lookups in these sets. */
    static List<Expr> send(int family, String table, List<Expr> expressions, List<NetlinkRequest> batch) {
        List<Expr> sent = expressions;
        for (int i = 0; i < expressions.size(); i++) {
            if (expressions.get(i) instanceof Expr.PortSet set) {
                sent = sent == expressions ? new ArrayList<>(expressions) : sent;
                sent.set(i, new Expr.SentLookup(create(family, table, set.ports(), batch), set.outside()));
            } else if (expressions.get(i) instanceof Expr.CountInSet set && expressions.get(i - 1) instanceof Expr.Payload address) {
                sent = sent == expressions ? new ArrayList<>(expressions) : sent;
                sent.set(i, new Expr.SentCount(createCounts(family, table, address.length(), batch), set.count()));
            }
        }
        return sent;
    }

    /** Returns the number of the set, which is unique in the transaction. */
    private static int create(int family, String table, List<Ports> ports, List<NetlinkRequest> batch) {
        int number = batch.size() + 1;
        boolean ranges = ports.stream().anyMatch(range -> range.first() != range.last());
        List<Key> keys = ranges ? ends(ports) : ports.stream().map(port -> new Key(port.first(), false)).toList();
        batch.add(Nft.request("add set", new Place(table, ExprWriter.UNNAMED, 0), NftSets.NEW_SET, NetlinkRequest.CREATE, family)
                .string(1, table).string(2, ExprWriter.UNNAMED).be32(3, SetHeader.ANONYMOUS | CONSTANT | (ranges ? INTERVAL : 0))
                .be32(4, SERVICE)
                .be32(5, 2).nested(NESTED | 9, description -> description.be32(1, keys.size())).be32(10, number)
                .bytes(13, NftSets.KEYS_IN_NETWORK_ORDER));
        batch.add(Nft.request("add to set", new Place(table, ExprWriter.UNNAMED, 0), NftSets.NEW_ELEMENTS, NetlinkRequest.CREATE, family)
                .string(1, table).string(2, ExprWriter.UNNAMED).be32(4, number)
                .nested(NESTED | 3,
                        list -> keys.forEach(key -> list.nested(NESTED | 1, element -> key.write(element, open(ports, key, ranges))))));
        return number;
    }

    /** Creates a set of addresses of some bytes, to which the rule adds those that it counts. */
    private static int createCounts(int family, String table, int bytes, List<NetlinkRequest> batch) {
        int number = batch.size() + 1;
        batch.add(Nft.request("add set", new Place(table, ExprWriter.UNNAMED, 0), NftSets.NEW_SET, NetlinkRequest.CREATE, family)
                .string(1, table).string(2, ExprWriter.UNNAMED).be32(3, SetHeader.ANONYMOUS | DYNAMIC)
                .be32(4, SetHeader.keyType(bytes == IpFamily.V4.bits() / 8 ? IpFamily.V4 : IpFamily.V6)).be32(5, bytes)
                .be32(10, number)
                .bytes(13, NftSets.KEYS_IN_NETWORK_ORDER));
        return number;
    }

    private static boolean open(List<Ports> ports, Key key, boolean ranges) {
        Ports highest = ports.get(ports.size() - 1);
        return ranges && highest.last() == LAST && highest.first() == key.port();
    }

    private static List<Key> ends(List<Ports> ports) {
        List<Key> keys = new ArrayList<>();
        if (ports.get(0).first() > 0) {
            keys.add(new Key(0, true));
        }
        for (Ports range : ports) {
            keys.add(new Key(range.first(), false));
            if (range.last() < LAST) {
                keys.add(new Key(range.last() + 1, true));
            }
        }
        return keys;
    }

    /** An element: a port, the first port of a range, or the port after its last. */
    private record Key(int port, boolean end) {
        static Key of(NetlinkAttribute element) {
            int port = 0;
            boolean end = false;
            for (NetlinkAttribute part : element.nested()) {
                if (part.type() == 1) {
                    port = (int) part.nested().get(0).number();
                } else if (part.type() == 3) {
                    end = (part.number() & END) != 0;
                }
            }
            return new Key(port, end);
        }

        void write(NetlinkRequest element, boolean open) {
            element.nested(NESTED | 1, key -> key.be16(1, port));
            if (end) {
                element.be32(3, END);
            } else if (open) {
                element.bytes(6, UserData.element("", true));
            }
        }
    }

    /** Returns the expressions of a rule that was found, with the contents of its sets instead of lookups in them. */
    List<Expr> resolve(List<Expr> expressions) throws IOException {
        List<Expr> resolved = expressions;
        for (int i = 1; i < expressions.size(); i++) {
            if (expressions.get(i) instanceof Expr.Lookup lookup && expressions.get(i - 1) instanceof Expr.Payload payload
                    && payload.base() == Expr.Payload.TRANSPORT && payload.length() == 2 && unnamed().containsKey(lookup.set())) {
                resolved = resolved == expressions ? new ArrayList<>(expressions) : resolved;
                resolved.set(i, new Expr.PortSet(ports(lookup.set(), unnamed().getOrDefault(lookup.set(), false)), lookup.outside()));
            }
        }
        return resolved;
    }

    /**
     * Returns the sets of ports without a name in this table, by the names that the kernel has given them, and whether they have ranges.
     */
    private Map<String, Boolean> unnamed() throws IOException {
        if (unnamed == null) {
            Map<String, Boolean> found = new HashMap<>();
            for (NetlinkMessage message : reader.dump(Nft.request("list sets", table, NftSets.GET_SET, 0, family).string(1, table))) {
                String name = "";
                long flags = 0;
                long type = 0;
                for (NetlinkAttribute attribute : message.attributeList(Nfnetlink.HEADER)) {
                    switch (attribute.type()) {
                        case 2 -> name = attribute.text();
                        case 3 -> flags = attribute.number();
                        case 4 -> type = attribute.number();
                        default -> {}
                    }
                }
                if (type == SERVICE && (flags & ~INTERVAL) == (SetHeader.ANONYMOUS | CONSTANT)) {
                    found.put(name, (flags & INTERVAL) != 0);
                }
            }
            unnamed = found;
        }
        return unnamed;
    }

    private List<Ports> ports(String set, boolean ranges) throws IOException {
        List<Key> keys = new ArrayList<>();
        for (NetlinkMessage message : reader
                .dump(Nft.request("list set", set, NftSets.GET_ELEMENTS, 0, family).string(1, table).string(2, set))) {
            for (NetlinkAttribute attribute : message.attributeList(Nfnetlink.HEADER)) {
                if (attribute.type() == 3) {
                    attribute.nested().forEach(element -> keys.add(Key.of(element)));
                }
            }
        }
        keys.sort(Comparator.comparingInt(Key::port).thenComparing(Key::end, Comparator.reverseOrder()));
        List<Ports> ports = new ArrayList<>();
        for (int i = 0; i < keys.size(); i++) {
            Key key = keys.get(i);
            if (!key.end()) {
                int last = !ranges ? key.port() : i + 1 < keys.size() ? keys.get(i + 1).port() - 1 : LAST;
                ports.add(new Ports(key.port(), last));
            }
        }
        return ports;
    }
}
