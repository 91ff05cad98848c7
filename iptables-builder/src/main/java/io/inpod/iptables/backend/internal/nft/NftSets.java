package io.inpod.iptables.backend.internal.nft;

import io.inpod.iptables.AddressSet;
import io.inpod.iptables.Listing;
import io.inpod.iptables.backend.internal.nft.expr.Basics;
import io.inpod.iptables.backend.internal.nft.expr.ExprWriter;
import io.inpod.iptables.backend.internal.nft.expr.UserData;
import io.inpod.iptables.backend.internal.nft.rule.Scope;
import io.inpod.iptables.text.TornSetException;
import io.inpod.netlink.NetlinkAttribute;
import io.inpod.netlink.NetlinkException;
import io.inpod.netlink.NetlinkMessage;
import io.inpod.netlink.NetlinkRequest;
import io.inpod.netlink.Nfnetlink;
import io.inpod.netns.IpFamily;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Address sets of nf_tables, each in a table; attributes are numbered as in linux/netfilter/nf_tables.h. */
final class NftSets {
    /** A flag of a set. */
    static final int ANONYMOUS = 1;

    static final int NEW_SET = 9;
    static final int GET_SET = 10;
    private static final int DELETE_SET = 11;
    static final int NEW_ELEMENTS = 12;
    static final int GET_ELEMENTS = 13;
    private static final int DELETE_ELEMENTS = 14;
    private static final int NESTED = ExprWriter.NESTED;
    private static final int INTERVAL = 4;
    private static final int MAP = 8;
    private static final int TIMEOUT = 0x10;

    /** The user data that nft stores with a set: entry 0, of four bytes, says that the keys are in network byte order. */
    static final byte[] KEYS_IN_NETWORK_ORDER = {0, 4, 2, 0, 0, 0};

    /** The number of elements in one message: an attribute is at most 64 KiB long. */
    private static final int CHUNK = 256;

    /** An incomplete set is listed again; a hash table has grown after one or two listings. */
    private static final int MOST_LISTINGS = 20;

    private final NftReader reader;

    NftSets(NftReader reader) {
        this.reader = reader;
    }

    /** Returns the sets of a table; those of other types are only among the misfits, and those without a name are part of a rule. */
    Listing read(String table) throws IOException {
        Map<String, IpFamily> families = new LinkedHashMap<>();
        Map<String, List<String>> misfits = new LinkedHashMap<>();
        for (NetlinkMessage message : reader.dump(Nft.request("list sets", table, GET_SET, 0, Scope.INET).string(1, table))) {
            String name = "";
            long type = 0;
            long flags = 0;
            boolean limited = false;
            for (NetlinkAttribute attribute : message.attributeList(Nfnetlink.HEADER)) {
                switch (attribute.type()) {
                    case 2 -> name = attribute.text();
                    case 3 -> flags = attribute.number();
                    case 4 -> type = attribute.number();
                    case 9 -> limited = attribute.nested().stream().anyMatch(part -> part.type() == 1);
                    default -> {}
                }
            }
            if ((flags & ANONYMOUS) != 0) {
                continue; // a part of a rule
            }
            String set = name;
            Optional<IpFamily> family = (flags & (INTERVAL | MAP)) == 0 ? family(type) : Optional.empty();
            family.ifPresent(known -> families.put(set, known));
            List<String> wrong = misfits(family.isPresent(), flags, limited);
            if (!wrong.isEmpty()) {
                misfits.put(set, wrong);
            }
        }
        List<AddressSet> sets = new ArrayList<>();
        for (Map.Entry<String, IpFamily> set : families.entrySet()) {
            sets.add(new AddressSet(set.getKey(), set.getValue(), elements(table, set.getKey())));
        }
        return new Listing(List.of(), sets, misfits);
    }

    private static List<String> misfits(boolean ofAddresses, long flags, boolean limited) {
        if (!ofAddresses) {
            return List.of("isn't a set of single addresses");
        }
        List<String> misfits = new ArrayList<>();
        if ((flags & TIMEOUT) != 0) {
            misfits.add("has a timeout, after which elements vanish");
        }
        if ((flags & ~TIMEOUT) != 0) {
            misfits.add("has the flags 0x" + Long.toHexString(flags & ~TIMEOUT));
        }
        if (limited) {
            misfits.add("has room for a limited number of elements");
        }
        return misfits;
    }

    /**
     * Returns the elements of a set; none if it does not exist. While its hash table grows, for example after many additions, the kernel
     * continues in one hash table where it stopped in another: it lists some elements twice and leaves out at most as many. A listing
     * without duplicates is therefore complete.
     */
    List<AddressSet.Element> elements(String table, String set) throws IOException {
        for (int attempt = 0; attempt < MOST_LISTINGS; attempt++) {
            List<AddressSet.Element> elements = listed(table, set);
            if (elements.stream().map(AddressSet.Element::address).distinct().count() == elements.size()) {
                return elements;
            }
        }
        throw new TornSetException(set);
    }

    private List<AddressSet.Element> listed(String table, String set) throws IOException {
        List<AddressSet.Element> elements = new ArrayList<>();
        for (NetlinkMessage message : reader
                .dump(Nft.request("list set", set, GET_ELEMENTS, 0, Scope.INET).string(1, table).string(2, set))) {
            for (NetlinkAttribute attribute : message.attributeList(Nfnetlink.HEADER)) {
                if (attribute.type() == 3) {
                    attribute.nested().forEach(element -> element(element).ifPresent(elements::add));
                }
            }
        }
        return elements;
    }

    private static Optional<AddressSet.Element> element(NetlinkAttribute element) {
        byte[] address = {};
        String comment = "";
        for (NetlinkAttribute part : element.nested()) {
            if (part.type() == 1 && !part.nested().isEmpty()) {
                address = part.nested().get(0).bytes();
            } else if (part.type() == 6) {
                comment = UserData.comment(part.bytes()).orElse("");
            }
        }
        return address.length == 4 || address.length == 16 ? Optional.of(new AddressSet.Element(Basics.address(address), comment))
                : Optional.empty();
    }

    /** Returns the family of a type of data, by the numbers of nft. */
    private static Optional<IpFamily> family(long type) {
        return type == 7 ? Optional.of(IpFamily.V4) : type == 8 ? Optional.of(IpFamily.V6) : Optional.empty();
    }

    /** Adds messages that create and fill the wanted sets. */
    static void provide(String table, List<AddressSet> found, List<AddressSet> wanted, List<NetlinkRequest> batch) {
        for (AddressSet set : wanted) {
            Optional<AddressSet> before = same(found, set);
            if (before.isEmpty()) {
                found.stream().filter(f -> f.name().equals(set.name())).forEach(f -> delete(table, f.name(), batch));
                create(table, set, batch.size() + 1, batch);
            }
            change(table, set.name(), before.map(AddressSet::elements).orElse(List.of()), set.elements(), batch);
        }
    }

    private static Optional<AddressSet> same(List<AddressSet> sets, AddressSet set) {
        return sets.stream().filter(s -> s.name().equals(set.name()) && s.family() == set.family()).findFirst();
    }

    /** Adds messages that delete the sets that are not wanted. */
    static void retire(String table, List<AddressSet> found, List<AddressSet> wanted, List<NetlinkRequest> batch) {
        found.stream().filter(set -> wanted.stream().noneMatch(w -> w.name().equals(set.name())))
                .forEach(set -> delete(table, set.name(), batch));
    }

    /** Adds messages that create a set if it does not exist. The number is unique in the transaction. */
    static void create(String table, AddressSet set, int number, List<NetlinkRequest> batch) {
        batch.add(Nft.request("add set", new Place(table, set.name(), 0), NEW_SET, NetlinkRequest.CREATE, Scope.INET).string(1, table)
                .string(2, set.name()).be32(3, 0)
                .be32(4, set.family() == IpFamily.V4 ? 7 : 8).be32(5, set.family().bits() / 8).be32(10, number)
                .bytes(13, KEYS_IN_NETWORK_ORDER));
    }

    static void delete(String table, String set, List<NetlinkRequest> batch) {
        batch.add(Nft.request("delete set", new Place(table, set, 0), DELETE_SET, 0, Scope.INET).string(1, table).string(2, set));
    }

    /**
     * Adds messages that change the found elements of a set into the wanted ones. An element with another comment is deleted and added
     * again.
     */
    static void change(String table, String set, List<AddressSet.Element> found, List<AddressSet.Element> wanted,
            List<NetlinkRequest> batch) {
        Map<Object, AddressSet.Element> there = new LinkedHashMap<>();
        found.forEach(element -> there.put(element.address(), element));
        List<AddressSet.Element> added = new ArrayList<>();
        for (AddressSet.Element element : wanted) {
            if (element.equals(there.get(element.address()))) {
                there.remove(element.address());
            } else {
                added.add(element);
            }
        }
        change(table, set, DELETE_ELEMENTS, List.copyOf(there.values()), batch);
        change(table, set, NEW_ELEMENTS, added, batch);
    }

    private static void change(String table, String set, int message, List<AddressSet.Element> elements, List<NetlinkRequest> batch) {
        boolean add = message == NEW_ELEMENTS;
        for (int from = 0; from < elements.size(); from += CHUNK) {
            List<AddressSet.Element> chunk = elements.subList(from, Math.min(elements.size(), from + CHUNK));
            batch.add(Nft
                    .request(add ? "add to set" : "delete from set", new Place(table, set, 0), message, add ? NetlinkRequest.CREATE : 0,
                            Scope.INET)
                    .string(1, table).string(2, set)
                    .nested(NESTED | 3, r -> chunk.forEach(element -> r.nested(NESTED | 1, e -> element(e, element, add)))));
        }
    }

    private static void element(NetlinkRequest request, AddressSet.Element element, boolean add) {
        request.nested(NESTED | 1, key -> key.bytes(1, element.address().getAddress()));
        if (add && !element.comment().isEmpty()) {
            request.bytes(6, UserData.comment(element.comment()));
        }
    }

    /** Returns whether a table has a set. */
    boolean has(Nfnetlink netlink, String table, String set) throws IOException {
        try {
            return !netlink.query(Nft.request("find set", set, GET_SET, 0, Scope.INET).string(1, table).string(2, set)).isEmpty();
        } catch (NetlinkException e) {
            if (e.notFound()) {
                return false;
            }
            throw e;
        }
    }

    /** Returns which of some addresses are in a set, with their comments. Each is queried separately, because a set may be large. */
    List<AddressSet.Element> find(Nfnetlink netlink, String table, String set, List<AddressSet.Element> addresses) throws IOException {
        List<AddressSet.Element> found = new ArrayList<>();
        for (AddressSet.Element address : addresses) {
            NetlinkRequest request = Nft.request("find in set", set, GET_ELEMENTS, 0, Scope.INET).string(1, table).string(2, set)
                    .nested(NESTED | 3, r -> r.nested(NESTED | 1, e -> element(e, address, false)));
            try {
                for (NetlinkMessage message : netlink.query(request)) {
                    for (NetlinkAttribute attribute : message.attributeList(Nfnetlink.HEADER)) {
                        if (attribute.type() == 3) {
                            attribute.nested().forEach(element -> element(element).ifPresent(found::add));
                        }
                    }
                }
            } catch (NetlinkException e) {
                if (!e.notFound()) {
                    throw e;
                }
            }
        }
        return found;
    }
}
