package io.inpod.iptables.backend.internal.nft;

import io.inpod.iptables.AddressSet;
import io.inpod.iptables.IpPrefix;
import io.inpod.iptables.Listing;
import io.inpod.iptables.NamedSet;
import io.inpod.iptables.PortSet;
import io.inpod.iptables.backend.internal.nft.expr.Basics;
import io.inpod.iptables.backend.internal.nft.expr.ExprWriter;
import io.inpod.iptables.backend.internal.nft.expr.UserData;
import io.inpod.iptables.backend.internal.nft.rule.Scope;
import io.inpod.iptables.internal.CountSets;
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

/** Named sets of nf_tables, each in a table; attributes are numbered as in linux/netfilter/nf_tables.h. */
final class NftSets {
    static final int NEW_SET = 9;
    static final int GET_SET = 10;
    private static final int DELETE_SET = 11;
    static final int NEW_ELEMENTS = 12;
    static final int GET_ELEMENTS = 13;
    private static final int DELETE_ELEMENTS = 14;
    private static final int NESTED = ExprWriter.NESTED;

    /** The user data that nft stores with a set: entry 0, of four bytes, says that the keys are in network byte order. */
    static final byte[] KEYS_IN_NETWORK_ORDER = {0, 4, 2, 0, 0, 0};

    /** The number of elements in one message: an attribute is at most 64 KiB long. */
    private static final int CHUNK = 256;

    /** An incomplete set is listed again; a hash table has grown after one or two listings. */
    private static final int MOST_LISTINGS = 20;

    /** What to say of the element {@code *} of nft(8), which has no key. */
    private static final String EVERYTHING = "holds every address (*)";

    private final NftReader reader;

    NftSets(NftReader reader) {
        this.reader = reader;
    }

    /** Returns the sets of a table; those of other types are only among the misfits, and those without a name are part of a rule. */
    Listing read(String table) throws IOException {
        List<NamedSet> sets = new ArrayList<>();
        Map<String, List<String>> misfits = new LinkedHashMap<>();
        for (NetlinkMessage message : reader.dump(Nft.request("list sets", table, GET_SET, 0, Scope.INET).string(1, table))) {
            SetHeader header = SetHeader.of(message);
            if (header.isAnonymous() || CountSets.isName(header.name())) {
                continue; // a part of a rule
            }
            List<String> wrong = new ArrayList<>(header.misfits());
            if (header.family().isPresent()) {
                sets.add(new AddressSet(header.name(), header.family().get(), header.type(), elements(table, header, wrong)));
            } else if (header.ofPorts()) {
                sets.add(ports(table, header, wrong));
            }
            if (!wrong.isEmpty()) {
                misfits.put(header.name(), wrong);
            }
        }
        return new Listing(List.of(), sets, misfits);
    }

    private List<AddressSet.Element> elements(String table, SetHeader header, List<String> wrong) throws IOException {
        if (header.type() == AddressSet.Type.ADDRESSES) {
            return addresses(table, header.name(), wrong);
        }
        List<AddressSet.Element> elements = new ArrayList<>();
        for (Interval interval : intervals(table, header.name(), wrong)) {
            List<AddressSet.Element> parts = interval.addresses();
            if (parts.size() > 1) {
                wrong.add("holds " + interval.range() + " as one element, which isn't one prefix");
            }
            elements.addAll(parts);
        }
        return elements;
    }

    /** Without intervals, each element is a port. */
    private PortSet ports(String table, SetHeader header, List<String> wrong) throws IOException {
        List<NetlinkAttribute> listed = listed(table, header.name(), wrong);
        List<Interval> found = header.type() == AddressSet.Type.PREFIXES ? Interval.of(listed)
                : listed.stream().flatMap(element -> Interval.of(List.of(element)).stream()).map(Interval::firstAlone).toList();
        return new PortSet(header.name(), found.stream().map(Interval::ports).toList());
    }

    /** Returns the set of ports of this name in a table; empty if there is none. */
    Optional<PortSet> ports(String table, PortSet kind) throws IOException {
        return read(table).sets().stream().filter(kind::isLike).map(PortSet.class::cast).findFirst();
    }

    /**
     * Returns the elements of a set of single addresses; none if it does not exist. While its hash table grows, for example after many
     * additions, the kernel continues in one hash table where it stopped in another: it lists some elements twice and leaves out at most as
     * many. A listing without duplicates is therefore complete.
     *
     * @param wrong to which words about an element that no set of ours has are added
     */
    List<AddressSet.Element> addresses(String table, String set, List<String> wrong) throws IOException {
        for (int attempt = 0; attempt < MOST_LISTINGS; attempt++) {
            List<AddressSet.Element> elements = new ArrayList<>();
            listed(table, set, wrong).forEach(element -> address(element).ifPresent(elements::add));
            if (elements.stream().map(AddressSet.Element::prefix).distinct().count() == elements.size()) {
                return elements;
            }
        }
        throw new TornSetException(set);
    }

    /** Returns the elements of a set with intervals, whose tree the kernel lists whole. */
    List<Interval> intervals(String table, String set, List<String> wrong) throws IOException {
        return Interval.of(listed(table, set, wrong));
    }

    private List<NetlinkAttribute> listed(String table, String set, List<String> wrong) throws IOException {
        List<NetlinkAttribute> elements = new ArrayList<>();
        for (NetlinkMessage message : reader
                .dump(Nft.request("list set", set, GET_ELEMENTS, 0, Scope.INET).string(1, table).string(2, set))) {
            for (NetlinkAttribute attribute : message.attributeList(Nfnetlink.HEADER)) {
                if (attribute.type() == 3) {
                    elements.addAll(attribute.nested());
                }
            }
        }
        if (elements.removeIf(element -> element.nested().stream().noneMatch(part -> part.type() == 1)) && !wrong.contains(EVERYTHING)) {
            wrong.add(EVERYTHING);
        }
        return elements;
    }

    private static Optional<AddressSet.Element> address(NetlinkAttribute element) {
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

    /** Adds messages that create and fill the wanted sets. */
    static void provide(String table, List<NamedSet> found, List<NamedSet> wanted, List<NetlinkRequest> batch) {
        for (NamedSet set : wanted) {
            Optional<NamedSet> before = found.stream().filter(f -> f.name().equals(set.name())).findFirst();
            if (before.isEmpty()) {
                create(table, set, batch.size() + 1, batch);
            }
            if (set instanceof PortSet ports) {
                replace(table, before.map(NamedSet::elements).orElse(List.of()), ports, batch);
            } else if (set instanceof AddressSet addresses) {
                change(table, before.map(AddressSet.class::cast).map(AddressSet::elements).orElse(List.of()), addresses, batch);
            }
        }
    }

    /** Adds messages that delete the sets that are not wanted. */
    static void retire(String table, List<NamedSet> found, List<NamedSet> wanted, List<NetlinkRequest> batch) {
        found.stream().filter(set -> wanted.stream().noneMatch(w -> w.name().equals(set.name())))
                .forEach(set -> delete(table, set.name(), batch));
    }

    /** Adds messages that create a set if it does not exist. The number is unique in the transaction. */
    static void create(String table, NamedSet set, int number, List<NetlinkRequest> batch) {
        batch.add(Nft.request("add set", new Place(table, set.name(), 0), NEW_SET, NetlinkRequest.CREATE, Scope.INET).string(1, table)
                .string(2, set.name()).be32(3, SetHeader.flags(set))
                .be32(4, SetHeader.keyType(set)).be32(5, SetHeader.keyBytes(set)).be32(10, number)
                .bytes(13, KEYS_IN_NETWORK_ORDER));
    }

    static void delete(String table, String set, List<NetlinkRequest> batch) {
        batch.add(Nft.request("delete set", new Place(table, set, 0), DELETE_SET, 0, Scope.INET).string(1, table).string(2, set));
    }

    /**
     * Adds messages that change the found elements of a set into the wanted ones. An element with another comment is deleted and added
     * again.
     */
    static void change(String table, List<AddressSet.Element> found, AddressSet wanted, List<NetlinkRequest> batch) {
        Map<IpPrefix, AddressSet.Element> there = new LinkedHashMap<>();
        found.forEach(element -> there.put(element.prefix(), element));
        List<AddressSet.Element> added = new ArrayList<>();
        for (AddressSet.Element element : wanted.elements()) {
            if (element.equals(there.get(element.prefix()))) {
                there.remove(element.prefix());
            } else {
                added.add(element);
            }
        }
        change(table, wanted, DELETE_ELEMENTS, List.copyOf(there.values()), batch);
        change(table, wanted, NEW_ELEMENTS, added, batch);
    }

    /** Adds messages that give a set of ports exactly the wanted elements. Others may have divided ranges, which are listed as one. */
    static void replace(String table, List<? extends NamedSet.Element> found, PortSet wanted, List<NetlinkRequest> batch) {
        if (found.equals(wanted.elements())) {
            return;
        }
        if (!found.isEmpty()) {
            batch.add(Nft.request("empty set", new Place(table, wanted.name(), 0), DELETE_ELEMENTS, 0, Scope.INET).string(1, table)
                    .string(2, wanted.name()));
        }
        change(table, wanted, NEW_ELEMENTS, wanted.elements(), batch);
    }

    private static void change(String table, NamedSet set, int message, List<? extends NamedSet.Element> elements,
            List<NetlinkRequest> batch) {
        boolean add = message == NEW_ELEMENTS;
        for (int from = 0; from < elements.size(); from += CHUNK) {
            List<? extends NamedSet.Element> chunk = elements.subList(from, Math.min(elements.size(), from + CHUNK));
            batch.add(Nft
                    .request(add ? "add to set" : "delete from set", new Place(table, set.name(), 0), message,
                            add ? NetlinkRequest.CREATE : 0, Scope.INET)
                    .string(1, table).string(2, set.name())
                    .nested(NESTED | 3, list -> chunk.forEach(element -> element(list, set, element, add))));
        }
    }

    private static void element(NetlinkRequest list, NamedSet set, NamedSet.Element element, boolean add) {
        if (element instanceof PortSet.Element ports) {
            Interval.of(ports).write(list, add);
        } else if (element instanceof AddressSet.Element address && set instanceof AddressSet addresses) {
            if (addresses.type() == AddressSet.Type.PREFIXES) {
                Interval.of(address).write(list, add);
            } else {
                list.nested(NESTED | 1, e -> address(e, address, add));
            }
        }
    }

    private static void address(NetlinkRequest request, AddressSet.Element element, boolean add) {
        request.nested(NESTED | 1, key -> key.bytes(1, element.address().getAddress()));
        if (add && !element.comment().isEmpty()) {
            request.bytes(6, UserData.comment(element.comment()));
        }
    }

    /** Returns how a set of a table was created; empty if there is none. */
    Optional<SetHeader> header(Nfnetlink netlink, String table, String set) throws IOException {
        try {
            return netlink.query(Nft.request("find set", set, GET_SET, 0, Scope.INET).string(1, table).string(2, set)).stream().findFirst()
                    .map(SetHeader::of);
        } catch (NetlinkException e) {
            if (e.notFound()) {
                return Optional.empty();
            }
            throw e;
        }
    }

    /**
     * Returns which of some addresses are in a set of single addresses, with their comments. Each is queried separately, because a set may
     * be large.
     */
    List<AddressSet.Element> find(Nfnetlink netlink, String table, String set, List<AddressSet.Element> addresses) throws IOException {
        List<AddressSet.Element> found = new ArrayList<>();
        for (AddressSet.Element address : addresses) {
            NetlinkRequest request = Nft.request("find in set", set, GET_ELEMENTS, 0, Scope.INET).string(1, table).string(2, set)
                    .nested(NESTED | 3, r -> r.nested(NESTED | 1, e -> address(e, address, false)));
            try {
                for (NetlinkMessage message : netlink.query(request)) {
                    for (NetlinkAttribute attribute : message.attributeList(Nfnetlink.HEADER)) {
                        if (attribute.type() == 3) {
                            attribute.nested().forEach(element -> address(element).ifPresent(found::add));
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
