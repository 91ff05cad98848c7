package io.inpod.netlink;

import static io.inpod.netlink.NetlinkMessage.u32;

import io.inpod.netns.IpFamily;
import io.inpod.netns.internal.NetlinkStructs.RtaCacheinfo;
import io.inpod.netns.internal.NetlinkStructs.Rtmsg;
import io.inpod.netns.internal.NetlinkStructs.Rtnexthop;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** Reads routes. What a {@link Route} can't represent is noted in {@link Route#others}. */
final class RouteParser {
    private static final int CACHE = 12;
    private static final int PREFERENCE = 20;
    private static final int PADDING = 24;
    private static final int CLONED = 0x200;

    private static final Set<Integer> KNOWN = Set.of(RouteMessages.DESTINATION, RouteMessages.LINK, RouteMessages.GATEWAY,
            RouteMessages.METRIC, RouteMessages.SOURCE, RouteMessages.METRICS, RouteMessages.SEVERAL_HOPS, CACHE, RouteMessages.TABLE,
            RouteMessages.VIA, PREFERENCE, PADDING);

    /** The words of ip-route(8) for other attributes, RTA_ of linux/rtnetlink.h. */
    private static final Map<Integer, String> NAMES = Map.of(2, "from", 3, "iif", 11, "realms", 21, "encap", 22, "encap", 23, "expires", 26,
            "ttl-propagate", 30, "nhid");

    /** The words of ip-route(8) for RTAX_. */
    private static final List<String> METRICS = List.of("", "lock", "mtu", "window", "rtt", "rttvar", "ssthresh", "cwnd", "advmss",
            "reordering", "hoplimit", "initcwnd", "features", "rto_min", "initrwnd", "quickack", "congctl", "fastopen_no_cookie");

    private final NetlinkMessage message;
    private final LinkNames names;
    private final IpFamily family;
    private final Map<Integer, ByteBuffer> attributes;
    private final Set<String> others = new TreeSet<>();

    private RouteParser(NetlinkMessage message, LinkNames names, IpFamily family, Map<Integer, ByteBuffer> attributes) {
        this.message = message;
        this.names = names;
        this.family = family;
        this.attributes = attributes;
    }

    /** Null for routes that only the kernel creates: broadcast, multicast, cached. */
    static @Nullable Route parse(NetlinkMessage message, LinkNames names) throws IOException {
        Route route = parseAny(message, names);
        return route == null || Route.Type.of(message.get(Rtmsg.TYPE)) == null ? null : route;
    }

    /** As {@link #parse}, but also routes of the kernel's own types, as unicast with a note. Null for cached ones and other families. */
    static @Nullable Route parseAny(NetlinkMessage message, LinkNames names) throws IOException {
        Map<Integer, ByteBuffer> attributes = message.attributes(Rtmsg.STRUCT);
        IpFamily family = NetlinkMessage.family(message.get(Rtmsg.FAMILY));
        if (family == null || (message.get(Rtmsg.FLAGS) & CLONED) != 0) {
            return null;
        }
        try {
            return new RouteParser(message, names, family, attributes).route();
        } catch (IllegalArgumentException e) {
            throw new MalformedAnswerException("a route is invalid: " + e.getMessage());
        }
    }

    private Route route() throws IOException {
        attributes.keySet().stream().filter(type -> !KNOWN.contains(type)).forEach(type -> others.add(name(type)));
        Route.Type type = Route.Type.of(message.get(Rtmsg.TYPE));
        if (type == null) {
            others.add("type " + message.get(Rtmsg.TYPE));
        }
        if (NetlinkMessage.u8(attributes.get(PREFERENCE), 0) != 0) {
            others.add("pref");
        }
        ByteBuffer cache = attributes.get(CACHE);
        if (cache != null && cache.limit() >= RtaCacheinfo.STRUCT.size() && RtaCacheinfo.EXPIRES.get(cache, 0) != 0) {
            others.add("expires");
        }
        List<NextHop> hops = hops(attributes.get(RouteMessages.SEVERAL_HOPS));
        InetAddress destination = NetlinkMessage.address(family, attributes.get(RouteMessages.DESTINATION));
        NextHop only = hops.size() == 1 ? hops.remove(0) : hops.isEmpty() ? hop(attributes) : null;
        if (only != null && only.weight() != 1) {
            others.add("weight"); // of a group that had several
        }
        Route route = new Route(family, type == null ? Route.Type.UNICAST : type, destination,
                destination == null ? 0 : message.get(Rtmsg.DESTINATION_LENGTH), only == null ? null : only.gateway(),
                only == null ? null : only.link(), u32(attributes.get(RouteMessages.TABLE), message.get(Rtmsg.TABLE)),
                metric(), family == IpFamily.V4 ? message.get(Rtmsg.TOS) : 0, message.get(Rtmsg.PROTOCOL),
                NetlinkMessage.address(family, attributes.get(RouteMessages.SOURCE)), mtu(), only != null && only.onlink(), hops, Set.of());
        if (type != null && RouteMessages.scope(route) != message.get(Rtmsg.SCOPE)) {
            others.add("scope " + message.get(Rtmsg.SCOPE));
        }
        return others.isEmpty() ? route : route.withOthers(others);
    }

    private static String name(int type) {
        return NAMES.getOrDefault(type, "attribute " + type);
    }

    /** For IPv6, 1024 is what 0 stands for; only the kernel's own routes really have 0. */
    private int metric() {
        int metric = u32(attributes.get(RouteMessages.METRIC), 0);
        if (family == IpFamily.V6 && metric == 0) {
            others.add("metric 0");
        }
        return family == IpFamily.V6 && metric == RouteMessages.USUAL_V6_METRIC ? 0 : metric;
    }

    private int mtu() {
        ByteBuffer nested = attributes.get(RouteMessages.METRICS);
        if (nested == null) {
            return 0;
        }
        Map<Integer, ByteBuffer> metrics = Wire.attributes(nested, 0);
        metrics.keySet().stream().filter(type -> type != RouteMessages.METRICS_MTU)
                .forEach(type -> others.add(type > 0 && type < METRICS.size() ? METRICS.get(type) : "metric attribute " + type));
        return u32(metrics.get(RouteMessages.METRICS_MTU), 0);
    }

    private @Nullable InetAddress gateway(Map<Integer, ByteBuffer> from) throws IOException {
        ByteBuffer via = from.get(RouteMessages.VIA);
        if (via == null) {
            return NetlinkMessage.address(family, from.get(RouteMessages.GATEWAY));
        }
        IpFamily other = via.limit() < 2 ? null : NetlinkMessage.family(via.getShort(0));
        if (other == null) {
            others.add("via");
            return null;
        }
        return NetlinkMessage.address(other, via.slice(2, via.limit() - 2).order(ByteOrder.nativeOrder()));
    }

    private NextHop hop(Map<Integer, ByteBuffer> from) throws IOException {
        return new NextHop(gateway(from), names.get(u32(from.get(RouteMessages.LINK), 0)), 1,
                (message.get(Rtmsg.FLAGS) & RouteMessages.ONLINK) != 0);
    }

    private List<NextHop> hops(@Nullable ByteBuffer list) throws IOException {
        List<NextHop> hops = new ArrayList<>();
        for (int at = 0; list != null && at + Rtnexthop.STRUCT.size() <= list.limit();) {
            int length = Rtnexthop.LENGTH.get(list, at);
            if (length < Rtnexthop.STRUCT.size() || length > list.limit() - at) {
                throw new MalformedAnswerException("a route's next hop has a malformed length, " + length);
            }
            ByteBuffer hop = list.slice(at, length).order(ByteOrder.nativeOrder());
            Map<Integer, ByteBuffer> ofHop = Wire.attributes(hop, Rtnexthop.STRUCT.size());
            ofHop.keySet().stream().filter(type -> type != RouteMessages.GATEWAY && type != RouteMessages.VIA)
                    .forEach(type -> others.add(name(type)));
            hops.add(new NextHop(gateway(ofHop), names.get(Rtnexthop.INDEX.get(hop, 0)), Rtnexthop.HOPS.get(hop, 0) + 1,
                    (Rtnexthop.FLAGS.get(hop, 0) & RouteMessages.ONLINK) != 0));
            at += Wire.align(length);
        }
        return hops;
    }
}
