package io.inpod.iptables.backend.internal.nft;

import io.inpod.iptables.AddressSet;
import io.inpod.iptables.IpPrefix;
import io.inpod.iptables.Listing;
import io.inpod.iptables.NamedSet;
import io.inpod.iptables.PortSet;
import io.inpod.iptables.Ports;
import io.inpod.iptables.backend.internal.nft.expr.Basics;
import io.inpod.iptables.backend.internal.nft.expr.ExprWriter;
import io.inpod.iptables.internal.IpsetOptions;
import io.inpod.netlink.NetlinkAttribute;
import io.inpod.netlink.NetlinkException;
import io.inpod.netlink.NetlinkMessage;
import io.inpod.netlink.NetlinkRequest;
import io.inpod.netlink.Nfnetlink;
import io.inpod.netns.IpFamily;
import java.io.IOException;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.locks.LockSupport;

/**
 * Sets of ipset, of the type {@code hash:ip}, {@code hash:net} or {@code bitmap:port} with comments. ipset has no transactions, but it
 * can swap two sets in one step; attributes are numbered as in linux/netfilter/ipset/ip_set.h.
 */
final class IpsetStore {
    private static final String SPARE = "inpod-spare";
    private static final int CREATE = 2;
    private static final int DESTROY = 3;
    private static final int SWAP = 6;
    private static final int LIST = 7;
    private static final int ADD = 9;
    private static final int DELETE = 10;

    private static final int NESTED = ExprWriter.NESTED;
    private static final int NETWORK_ORDER = 0x4000;
    private static final int TYPE_NAME = 3;
    private static final int REVISION = 4;
    private static final int FAMILY = 5;
    private static final int DATA = 7;
    private static final int ELEMENTS = 8;
    private static final int LINE = 9;
    private static final int FLAGS = 8;
    private static final int MOST_ELEMENTS = 19;
    private static final int COMMENT = 26;
    private static final int WITH_COMMENTS = 0x10;

    /** The first revisions of the types that have comments. */
    private static final int ADDRESSES_WITH_COMMENTS = 2;
    private static final int PORTS_WITH_COMMENTS = 2;
    private static final int PREFIXES_WITH_COMMENTS = 4;

    private static final int PREFIX_LENGTH = 3;
    private static final int PORT = 4;
    private static final int LAST_PORT = 5;
    private static final int EXCEPTION = 4;

    /** The number of elements in one message: an attribute is at most 64 KiB long. */
    private static final int CHUNK = 256;
    private static final int TIMEOUT = 6;
    private static final int BIT_MASK = 12;
    private static final int NETMASK = 20;
    private static final int FORCE_ADD = 0x20;

    private static final int BUSY = 4100;
    private static final long BUSY_NANOS = 5_000_000_000L;

    private final Nfnetlink netlink;

    IpsetStore(Nfnetlink netlink) {
        this.netlink = netlink;
    }

    /** Returns the sets with these names; those of other types are only among the misfits. */
    Listing read(Set<String> names) throws IOException {
        List<NamedSet> sets = new ArrayList<>();
        Map<String, List<String>> misfits = new HashMap<>();
        for (String name : names) {
            try {
                read(name, misfits).ifPresent(sets::add);
            } catch (NetlinkException e) {
                if (!e.notFound() && !e.symbol().equals("EINVAL")) { // EINVAL: a kernel without ipset has no sets
                    throw e;
                }
            }
        }
        return new Listing(List.of(), sets, misfits);
    }

    private Optional<NamedSet> read(String name, Map<String, List<String>> misfits) throws IOException {
        List<NetlinkAttribute> elements = new ArrayList<>();
        String type = "";
        IpFamily family = IpFamily.V4;
        List<NetlinkAttribute> header = List.of();
        for (NetlinkMessage message : netlink.dump(Ipset.request("list set", name, LIST, 0, 0).string(Ipset.SET_NAME, name))) {
            for (NetlinkAttribute attribute : message.attributeList(Nfnetlink.HEADER)) {
                switch (attribute.type()) {
                    case TYPE_NAME -> type = attribute.text();
                    case FAMILY -> family = attribute.number() == Basics.nfproto(IpFamily.V6) ? IpFamily.V6 : IpFamily.V4;
                    case DATA -> header = attribute.nested();
                    case ELEMENTS -> elements.addAll(attribute.nested());
                    default -> {}
                }
            }
        }
        IpsetOptions options = options(type, header);
        if (options.canBeTakenOver() && elements.stream().anyMatch(IpsetStore::isException)) {
            misfits.put(name, List.of(IpsetOptions.EXCEPTIONS));
            return Optional.empty();
        }
        List<String> wrong = new ArrayList<>(options.misfits());
        Optional<NamedSet> set = Optional.empty();
        if (options.ofPorts()) {
            set = Optional.of(new PortSet(name, elements.stream().map(IpsetStore::port).toList()));
        } else if (options.canBeTakenOver()) {
            List<AddressSet.Element> held = elements.stream().map(IpsetStore::element).flatMap(Optional::stream).toList();
            set = Optional.of(AddressSet.withoutOverlaps(name, family,
                    options.ofPrefixes() ? AddressSet.Type.PREFIXES : AddressSet.Type.ADDRESSES, held));
            if (set.get().elements().size() < held.size()) {
                wrong.add(IpsetOptions.OVERLAPS);
            }
        }
        if (!wrong.isEmpty()) {
            misfits.put(name, wrong);
        }
        return set;
    }

    private static boolean isException(NetlinkAttribute element) {
        return element.nested().stream().anyMatch(part -> part.type() == FLAGS && (part.number() & EXCEPTION) != 0);
    }

    private static IpsetOptions options(String type, List<NetlinkAttribute> header) {
        long flags = 0;
        int first = 0;
        int last = 0;
        long room = IpsetOptions.ROOM;
        boolean expiring = false;
        boolean masked = false;
        for (NetlinkAttribute attribute : header) {
            switch (attribute.type()) {
                case FLAGS -> flags = attribute.number();
                case MOST_ELEMENTS -> room = attribute.number();
                case PORT -> first = (int) attribute.number();
                case LAST_PORT -> last = (int) attribute.number();
                case TIMEOUT -> expiring = true;
                case BIT_MASK, NETMASK -> masked = true;
                default -> {}
            }
        }
        room = last > 0 ? IpsetOptions.ports(first, last) : room;
        return new IpsetOptions(type, (flags & WITH_COMMENTS) != 0, expiring, (flags & FORCE_ADD) != 0, masked, room);
    }

    private static Optional<AddressSet.Element> element(NetlinkAttribute element) {
        InetAddress address = null;
        int length = -1;
        String comment = "";
        for (NetlinkAttribute part : element.nested()) {
            if (part.type() == 1 && !part.nested().isEmpty()) {
                address = Basics.address(part.nested().get(0).bytes());
            } else if (part.type() == PREFIX_LENGTH) {
                length = (int) part.number();
            } else if (part.type() == COMMENT) {
                comment = part.text();
            }
        }
        if (address == null) {
            return Optional.empty();
        }
        return Optional.of(new AddressSet.Element(length < 0 ? IpPrefix.of(address) : new IpPrefix(address, length), comment));
    }

    private static PortSet.Element port(NetlinkAttribute element) {
        int port = 0;
        String comment = "";
        for (NetlinkAttribute part : element.nested()) {
            if (part.type() == PORT) {
                port = (int) part.number();
            } else if (part.type() == COMMENT) {
                comment = part.text();
            }
        }
        return new PortSet.Element(new Ports(port, port), comment);
    }

    /**
     * Creates and fills the wanted sets, before rules refer to them. A set that another program has created is taken over: swapping needs
     * only the same type and family, and replaces all options.
     */
    void provide(Listing found, List<NamedSet> wanted) throws IOException {
        List<NamedSet> changed = new ArrayList<>();
        List<String> known = found.sets().stream().map(NamedSet::name).toList();
        for (NamedSet set : wanted) {
            List<String> misfits = found.misfits().getOrDefault(set.name(), List.of());
            if (!known.contains(set.name()) && !misfits.isEmpty()) {
                throw new IOException(IpsetOptions.refusal(set.name(), misfits));
            }
            for (NamedSet other : found.sets()) {
                if (other.name().equals(set.name()) && !other.isLike(set)) {
                    throw new IOException(
                            IpsetOptions.refusal(set.name(), List.of("holds " + other.content() + " instead of " + set.content())));
                }
            }
            if (!found.sets().contains(set) || !misfits.isEmpty()) {
                changed.add(set);
            }
        }
        for (NamedSet set : changed) {
            destroy(SPARE);
            int family = family(set);
            if (!known.contains(set.name())) {
                netlink.query(create(set.name(), set));
            }
            netlink.query(create(SPARE, set));
            try {
                change(ADD, SPARE, set, set.elements());
                netlink.query(Ipset.request("swap sets", set.name(), SWAP, 0, family).string(Ipset.SET_NAME, SPARE).string(TYPE_NAME,
                        set.name()));
            } finally {
                destroy(SPARE);
            }
        }
    }

    /** A set of ports belongs to no family. */
    private static int family(NamedSet set) {
        return set.families().single().map(Basics::nfproto).orElse(0);
    }

    private static int revision(NamedSet set) {
        if (set instanceof AddressSet addresses) {
            return addresses.type() == AddressSet.Type.PREFIXES ? PREFIXES_WITH_COMMENTS : ADDRESSES_WITH_COMMENTS;
        }
        return PORTS_WITH_COMMENTS;
    }

    private static NetlinkRequest create(String name, NamedSet kind) {
        int family = family(kind);
        return Ipset.request("create set", name, CREATE, NetlinkRequest.CREATE, family).string(Ipset.SET_NAME, name)
                .string(TYPE_NAME, kind.ipsetType()).bytes(REVISION, new byte[] {(byte) revision(kind)})
                .bytes(FAMILY, new byte[] {(byte) family}).nested(NESTED | DATA, r -> {
                    r.be32(NETWORK_ORDER | FLAGS, WITH_COMMENTS);
                    if (kind instanceof PortSet) {
                        r.be16(NETWORK_ORDER | PORT, 0).be16(NETWORK_ORDER | LAST_PORT, 65535);
                    } else {
                        r.be32(NETWORK_ORDER | MOST_ELEMENTS, IpsetOptions.ROOM);
                    }
                });
    }

    /** Destroys sets that are no longer wanted, once no rule refers to them. */
    void retire(Listing found, List<NamedSet> wanted) throws IOException {
        for (NamedSet set : found.sets()) {
            if (wanted.stream().noneMatch(other -> other.name().equals(set.name()))) {
                destroy(set.name());
            }
        }
    }

    /** The kernel releases a set some time after the transaction that removed the last rule that refers to it. */
    private void destroy(String set) throws IOException {
        for (long deadline = System.nanoTime() + BUSY_NANOS;; LockSupport.parkNanos(BUSY_NANOS / 5000)) {
            try {
                netlink.query(Ipset.request("destroy set", set, DESTROY, 0, 0).string(Ipset.SET_NAME, set));
                return;
            } catch (NetlinkException e) {
                if (e.notFound()) {
                    return;
                }
                if (e.errno() != BUSY || System.nanoTime() - deadline > 0) {
                    throw e;
                }
            }
        }
    }

    /**
     * Changes a set, of which only name, family and type count, element by element: the kernel has no transaction for this, but every
     * intermediate state is a valid set. ipset would let blocks overlap, so that the set has to be read first.
     */
    void update(AddressSet set, List<AddressSet.Element> add, Collection<IpPrefix> remove) throws IOException {
        if (set.type() == AddressSet.Type.PREFIXES) {
            NetlinkRules.changed((AddressSet) held(set), add, remove);
        }
        change(DELETE, set.name(), set, remove.stream().map(prefix -> new AddressSet.Element(prefix, "")).toList());
        change(ADD, set.name(), set, add);
    }

    /** Changes a set of ports, of which only the name counts, port by port: every intermediate state is a valid set. */
    void update(PortSet set, List<PortSet.Element> add, Collection<Ports> remove) throws IOException {
        held(set); // so that the error says what is missing
        change(DELETE, set.name(), set, remove.stream().map(ports -> new PortSet.Element(ports, "")).toList());
        change(ADD, set.name(), set, add);
    }

    private NamedSet held(NamedSet kind) throws IOException {
        return read(Set.of(kind.name())).sets().stream().filter(kind::isLike).findFirst().orElseThrow(
                () -> new IOException("a set " + kind.name() + " of " + kind.content() + " does not exist: apply the rules first"));
    }

    /**
     * Adding an existing element replaces its comment, and deleting a missing one succeeds, because the flag that forbids both is not set.
     */
    private void change(int command, String set, NamedSet kind, List<? extends NamedSet.Element> elements) throws IOException {
        List<NetlinkRequest> requests = new ArrayList<>();
        for (int from = 0; from < elements.size(); from += CHUNK) {
            List<? extends NamedSet.Element> chunk = elements.subList(from, Math.min(elements.size(), from + CHUNK));
            requests.add(Ipset
                    .request(command == ADD ? "add to set" : "delete from set", set, command, 0, family(kind))
                    .string(Ipset.SET_NAME, set).be32(NETWORK_ORDER | LINE, 1)
                    .nested(NESTED | ELEMENTS, r -> chunk.forEach(element -> r.nested(NESTED | DATA, e -> element(e, element, kind)))));
        }
        netlink.executeAll(requests);
    }

    private static void element(NetlinkRequest request, NamedSet.Element element, NamedSet kind) {
        if (element instanceof PortSet.Element ports) {
            request.be16(NETWORK_ORDER | PORT, ports.ports().first()).be16(NETWORK_ORDER | LAST_PORT, ports.ports().last());
        } else if (element instanceof AddressSet.Element block) {
            byte[] address = block.address().getAddress();
            request.nested(NESTED | 1, r -> r.bytes(NETWORK_ORDER | (address.length == 4 ? 1 : 2), address));
            if (kind instanceof AddressSet set && set.type() == AddressSet.Type.PREFIXES) {
                request.bytes(PREFIX_LENGTH, new byte[] {(byte) block.prefix().length()});
            }
        }
        if (!element.comment().isEmpty()) {
            request.string(COMMENT, element.comment());
        }
        request.be32(NETWORK_ORDER | LINE, 1);
    }
}
