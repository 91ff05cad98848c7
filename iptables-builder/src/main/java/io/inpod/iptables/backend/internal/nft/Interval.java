package io.inpod.iptables.backend.internal.nft;

import io.inpod.iptables.AddressRange;
import io.inpod.iptables.AddressSet;
import io.inpod.iptables.PortSet;
import io.inpod.iptables.Ports;
import io.inpod.iptables.backend.internal.nft.expr.Basics;
import io.inpod.iptables.backend.internal.nft.expr.ExprWriter;
import io.inpod.iptables.backend.internal.nft.expr.Octets;
import io.inpod.iptables.backend.internal.nft.expr.UserData;
import io.inpod.netlink.NetlinkAttribute;
import io.inpod.netlink.NetlinkRequest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;

/**
 * Consecutive addresses or ports as a set of nf_tables with intervals has them: an element for the first one, with the
 * comment, and as an end one for the address or port after the last. One that reaches the last of all has no end.
 */
record Interval(Octets first, Octets last, String comment) {
    private static final int NESTED = ExprWriter.NESTED;
    private static final int END = 1;

    static Interval of(AddressSet.Element element) {
        AddressRange range = AddressRange.of(element.prefix());
        return new Interval(Octets.of(range.first().getAddress()), Octets.of(range.last().getAddress()), element.comment());
    }

    static Interval of(PortSet.Element element) {
        return new Interval(Octets.be16(element.ports().first()), Octets.be16(element.ports().last()), element.comment());
    }

    AddressRange range() {
        return new AddressRange(Basics.address(first.array()), Basics.address(last.array()));
    }

    /** Returns the elements with the same addresses: one for each block that the range consists of. */
    List<AddressSet.Element> addresses() {
        return AddressSet.Element.of(range(), comment);
    }

    /** Returns its first address or port, as a set without intervals has it. */
    Interval firstAlone() {
        return new Interval(first, first, comment);
    }

    PortSet.Element ports() {
        return new PortSet.Element(new Ports(first.u16At(0), last.u16At(0)), comment);
    }

    /** Returns the intervals of a set whose elements were listed. An end without a beginning, which nft may write first, means nothing. */
    static List<Interval> of(List<NetlinkAttribute> elements) {
        List<Edge> edges = new ArrayList<>();
        elements.forEach(element -> edges.add(Edge.of(element)));
        edges.sort(Comparator.comparing(Edge::key, Interval::compare).thenComparing(Edge::end, Comparator.reverseOrder()));
        List<Interval> intervals = new ArrayList<>();
        for (int i = 0; i < edges.size(); i++) {
            Edge edge = edges.get(i);
            if (!edge.end()) {
                byte[] last = i + 1 < edges.size() ? stepped(edges.get(i + 1).key().array(), -1) : highest(edge.key().length());
                intervals.add(new Interval(edge.key(), Octets.of(last), edge.comment()));
            }
        }
        return intervals;
    }

    /** Writes the elements to a list of them. */
    void write(NetlinkRequest list, boolean add) {
        boolean open = Arrays.equals(last.array(), highest(last.length()));
        list.nested(NESTED | 1, element -> {
            element.nested(NESTED | 1, key -> key.bytes(1, first.array()));
            byte[] data = UserData.element(comment, open);
            if (add && data.length > 0) {
                element.bytes(6, data);
            }
        });
        if (!open) {
            list.nested(NESTED | 1, element -> element.nested(NESTED | 1, key -> key.bytes(1, stepped(last.array(), 1))).be32(3, END));
        }
    }

    private static int compare(Octets one, Octets other) {
        return Arrays.compareUnsigned(one.array(), other.array());
    }

    private static byte[] highest(int length) {
        byte[] highest = new byte[length];
        Arrays.fill(highest, (byte) 0xff);
        return highest;
    }

    /** The address or port before or after another one, which exists. */
    private static byte[] stepped(byte[] key, int step) {
        byte[] stepped = key.clone();
        int carried = step < 0 ? 0xff : 0;
        for (int i = stepped.length - 1; i >= 0; i--) {
            stepped[i] += (byte) step;
            if ((stepped[i] & 0xff) != carried) {
                break;
            }
        }
        return stepped;
    }

    private record Edge(Octets key, boolean end, String comment) {
        static Edge of(NetlinkAttribute element) {
            byte[] key = {};
            boolean end = false;
            String comment = "";
            for (NetlinkAttribute part : element.nested()) {
                switch (part.type()) {
                    case 1 -> key = part.nested().get(0).bytes();
                    case 3 -> end = (part.number() & END) != 0;
                    case 6 -> comment = UserData.comment(part.bytes()).orElse("");
                    default -> {}
                }
            }
            return new Edge(Octets.of(key), end, comment);
        }
    }
}
