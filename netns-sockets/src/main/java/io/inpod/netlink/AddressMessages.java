package io.inpod.netlink;

import io.inpod.netns.IpFamily;
import io.inpod.netns.internal.Field;
import io.inpod.netns.internal.NetlinkStructs.IfaCacheinfo;
import io.inpod.netns.internal.NetlinkStructs.Ifaddrmsg;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** Messages about addresses: struct ifaddrmsg and IFA_ attributes of linux/if_addr.h. */
final class AddressMessages {
    static final int NEW = 20;
    static final int DELETE = 21;
    static final int GET = 22;

    private static final int ADDRESS = 1;
    private static final int LOCAL = 2;
    private static final int LABEL = 3;
    private static final int BROADCAST = 4;
    private static final int CACHE = 6;
    private static final int FLAGS = 8;
    private static final int PROTOCOL = 11;
    private static final Set<Integer> KNOWN = Set.of(ADDRESS, LOCAL, LABEL, BROADCAST, CACHE, FLAGS, PROTOCOL);

    /** The words of ip-address(8) for other attributes. */
    private static final Map<Integer, String> NAMES = Map.of(5, "anycast", 7, "multicast", 9, "metric");

    /** IPv6 only: use the address immediately, without duplicate address detection. */
    private static final int NODAD = 0x02;

    private static final int NO_PREFIX_ROUTE = 0x200;

    /** The words of ip-address(8) for flags, IFA_F_, that a person can set, or that say that the kernel made the address. */
    private static final Map<Integer, String> MARKS =
            Map.of(0x04, "optimistic", 0x10, "home", 0x100, "mngtmpaddr", 0x400, "autojoin", 0x800, "stable-privacy");

    /** A secondary address of IPv4 is made anew as such by the kernel, a temporary one of IPv6 isn't. */
    private static final int TEMPORARY = 0x01;

    /** Up to here the kernel's own numbers: it made the address itself. */
    private static final int KERNEL_PROTOCOLS = 3;

    private static final int FOREVER = -1;

    private AddressMessages() {}

    /** Appends what identifies an address; the index is that of its link. */
    static NetlinkRequest fill(NetlinkRequest request, LinkAddress address, int index) {
        InetAddress peer = address.peer();
        return request.struct(Ifaddrmsg.STRUCT)
                .set(Ifaddrmsg.FAMILY, IpFamily.of(address.address()).number())
                .set(Ifaddrmsg.PREFIX_LENGTH, address.prefixLength())
                .set(Ifaddrmsg.INDEX, index)
                .bytes(LOCAL, address.address().getAddress())
                .bytes(ADDRESS, (peer == null ? address.address() : peer).getAddress());
    }

    /** Appends a whole address. */
    static NetlinkRequest fillNew(NetlinkRequest request, LinkAddress address, int index) {
        AddressAttributes attributes = address.attributes();
        int flags = IpFamily.of(address.address()) == IpFamily.V6 ? NODAD : 0;
        fill(request, address, index).set(Ifaddrmsg.SCOPE, attributes.scopeOf(address.address())).set(Ifaddrmsg.FLAGS, flags);
        if (attributes.broadcast() != null) {
            request.bytes(BROADCAST, attributes.broadcast().getAddress());
        }
        if (attributes.label() != null) {
            request.string(LABEL, attributes.label());
        }
        if (!attributes.prefixRoute()) {
            request.u32(FLAGS, flags | NO_PREFIX_ROUTE);
        }
        if (attributes.valid() != null || attributes.preferred() != null) {
            ByteBuffer lifetimes = ByteBuffer.allocate(IfaCacheinfo.STRUCT.size()).order(ByteOrder.nativeOrder());
            IfaCacheinfo.VALID.put(lifetimes, 0, seconds(attributes.valid()));
            IfaCacheinfo.PREFERRED.put(lifetimes, 0, seconds(attributes.preferred()));
            request.bytes(CACHE, lifetimes.array());
        }
        return request;
    }

    private static long seconds(@Nullable Duration lifetime) {
        return lifetime == null ? FOREVER : lifetime.toSeconds();
    }

    /** Null for a family that isn't IP. */
    static @Nullable LinkAddress parse(NetlinkMessage message, LinkNames names) throws IOException {
        Map<Integer, ByteBuffer> found = message.attributes(Ifaddrmsg.STRUCT);
        IpFamily family = NetlinkMessage.family(message.get(Ifaddrmsg.FAMILY));
        if (family == null) {
            return null;
        }
        InetAddress peer = NetlinkMessage.address(family, found.get(ADDRESS)); // of IPv6 only if there is one, otherwise the address
        InetAddress address = NetlinkMessage.address(family, found.getOrDefault(LOCAL, found.get(ADDRESS)));
        int prefixLength = message.get(Ifaddrmsg.PREFIX_LENGTH);
        if (address == null || prefixLength > family.bits()) {
            throw new MalformedAnswerException("an entry of the address list has no address or a prefix of " + prefixLength + " bits");
        }
        String link = names.require(message.get(Ifaddrmsg.INDEX));
        try {
            return new LinkAddress(link, address, prefixLength, peer, attributes(message, family, found, address, link));
        } catch (IllegalArgumentException e) {
            throw new MalformedAnswerException("an address is invalid: " + e.getMessage());
        }
    }

    private static AddressAttributes attributes(NetlinkMessage message, IpFamily family, Map<Integer, ByteBuffer> found,
            InetAddress address, String link) throws IOException {
        int flags = NetlinkMessage.u32(found.get(FLAGS), message.get(Ifaddrmsg.FLAGS));
        Set<String> others = new TreeSet<>();
        found.keySet().stream().filter(type -> !KNOWN.contains(type))
                .forEach(type -> others.add(NAMES.getOrDefault(type, "attribute " + type)));
        MARKS.forEach((flag, word) -> {
            if ((flags & flag) != 0) {
                others.add(word);
            }
        });
        if (family == IpFamily.V6 && (flags & TEMPORARY) != 0) {
            others.add("temporary");
        }
        int protocol = NetlinkMessage.u8(found.get(PROTOCOL), 0);
        if (protocol > KERNEL_PROTOCOLS) {
            others.add("proto " + protocol);
        }
        String label = NetlinkMessage.string(found.get(LABEL));
        int scope = message.get(Ifaddrmsg.SCOPE);
        ByteBuffer cache = found.get(CACHE);
        return new AddressAttributes(family == IpFamily.V6 ? null : NetlinkMessage.address(family, found.get(BROADCAST)),
                family == IpFamily.V6 || link.equals(label) ? null : label,
                family == IpFamily.V6 || scope == AddressAttributes.usualScope(address) ? AddressAttributes.USUAL_SCOPE : scope,
                lifetime(cache, IfaCacheinfo.VALID), lifetime(cache, IfaCacheinfo.PREFERRED), (flags & NO_PREFIX_ROUTE) == 0, others);
    }

    private static @Nullable Duration lifetime(@Nullable ByteBuffer cache, Field field) {
        int seconds = cache == null || cache.limit() < IfaCacheinfo.STRUCT.size() ? FOREVER : field.get(cache, 0);
        return seconds == FOREVER ? null : Duration.ofSeconds(Integer.toUnsignedLong(seconds));
    }
}
