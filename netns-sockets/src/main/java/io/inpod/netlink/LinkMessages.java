package io.inpod.netlink;

import static io.inpod.netlink.NetlinkMessage.string;
import static io.inpod.netlink.NetlinkMessage.u32;

import io.inpod.netns.internal.NetlinkStructs.Ifinfomsg;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Messages about network interfaces: struct ifinfomsg and IFLA_ attributes of linux/if_link.h. */
final class LinkMessages {
    static final int NEW = 16;
    static final int DELETE = 17;
    static final int GET = 18;

    static final int ADDRESS = 1;
    static final int NAME = 3;
    static final int MTU = 4;
    static final int MASTER = 10;
    static final int INFO = 18;
    static final int INFO_KIND = 1;
    static final int INFO_DATA = 2;
    static final int VETH_PEER = 1;
    static final int NAMESPACE_FD = 28;
    static final int GSO_MAX_SEGMENTS = 40;
    static final int UP = 0x1;

    static final int ALTERNATIVE_NAME = 53;

    static final int NEW_PROPERTY = 108;
    static final int DELETE_PROPERTY = 109;
    static final int PROPERTIES = 52;

    /** Says that an attribute contains others; some requests need it. */
    static final int NESTED = 0x8000;

    private static final int STATISTICS = 23;
    private static final int ALTERNATIVE_NAME_BYTES = 127;
    private static final int LOWER = 5;
    private static final int EXTENDED_MASK = 29;
    private static final int SKIP_STATISTICS = 0x8;
    private static final int LOWER_NAMESPACE = 37;
    private static final int RUNNING = 0x40;
    private static final int NAME_BYTES = 15;

    private LinkMessages() {}

    /** Appends the beginning of every request about an interface. */
    static NetlinkRequest header(NetlinkRequest request, int index, int flags, int change) {
        return request.struct(Ifinfomsg.STRUCT).set(Ifinfomsg.INDEX, index).set(Ifinfomsg.FLAGS, flags).set(Ifinfomsg.CHANGE, change);
    }

    /** Requests one interface or all, without the statistics, which are the larger part of an answer. */
    static NetlinkRequest get(String operation, String subject, int index) {
        return header(new NetlinkRequest(operation, subject, GET, 0), index, 0, 0).u32(EXTENDED_MASK, SKIP_STATISTICS);
    }

    /** Requests the interface of a name, which may be an alternative one. */
    static NetlinkRequest find(String name) {
        return named(get("find link", name, 0), name);
    }

    /** As {@link #find}, with the statistics. */
    static NetlinkRequest findWithStatistics(String name) {
        return named(header(new NetlinkRequest("find link", name, GET, 0), 0, 0, 0), name);
    }

    /** Requests all interfaces with their statistics. */
    static NetlinkRequest getWithStatistics(String subject) {
        return header(new NetlinkRequest("list statistics of links", subject, GET, 0), 0, 0, 0);
    }

    private static NetlinkRequest named(NetlinkRequest request, String name) {
        int bytes = checkAlternativeName(name);
        // by NAME the kernel looks for alternative names too, but only for short ones
        return request.string(bytes > NAME_BYTES ? ALTERNATIVE_NAME : NAME, name);
    }

    /** Accepts a name or an alternative name, and returns its length in bytes. */
    static int checkAlternativeName(String name) {
        int bytes = name.getBytes(StandardCharsets.UTF_8).length;
        if (bytes < 1 || bytes > ALTERNATIVE_NAME_BYTES || name.indexOf(0) >= 0) {
            throw new IllegalArgumentException("an interface's name or alternative name has 1 to 127 bytes, unlike \"" + name + "\"");
        }
        return bytes;
    }

    static LinkStatistics statistics(NetlinkMessage message) throws MalformedAnswerException {
        ByteBuffer numbers = message.attributes(Ifinfomsg.STRUCT).get(STATISTICS);
        if (numbers == null) {
            throw new MalformedAnswerException("interface " + message.get(Ifinfomsg.INDEX) + " has no statistics");
        }
        return LinkStatistics.parse(numbers);
    }

    /** Whether a message is about the interface itself; a bridge's notifications about its ports have the family AF_BRIDGE. */
    static boolean isPlain(NetlinkMessage message) {
        return message.payload().limit() < Ifinfomsg.STRUCT.size() || message.get(Ifinfomsg.FAMILY) == 0;
    }

    static Link parse(NetlinkMessage message) throws MalformedAnswerException {
        Map<Integer, ByteBuffer> attributes = message.attributes(Ifinfomsg.STRUCT);
        String name = string(attributes.get(NAME));
        if (name == null) {
            throw new MalformedAnswerException("interface " + message.get(Ifinfomsg.INDEX) + " has no name");
        }
        int flags = message.get(Ifinfomsg.FLAGS);
        return new Link(message.get(Ifinfomsg.INDEX), name, (flags & UP) != 0, u32(attributes.get(MTU), 0), (flags & RUNNING) != 0,
                kind(attributes.get(INFO)), MacAddress.of(attributes.get(ADDRESS)), u32(attributes.get(MASTER), 0),
                u32(attributes.get(LOWER), 0),
                u32(attributes.get(LOWER_NAMESPACE), -1), alternativeNames(attributes.get(PROPERTIES)));
    }

    private static List<String> alternativeNames(@Nullable ByteBuffer properties) {
        return properties == null ? List.of()
                : NetlinkAttribute.list(properties, 0).stream().filter(property -> property.type() == ALTERNATIVE_NAME)
                        .map(NetlinkAttribute::text).toList();
    }

    private static @Nullable String kind(@Nullable ByteBuffer info) {
        return info == null ? null : string(Wire.attributes(info, 0).get(INFO_KIND));
    }

    /** Accepts the same names as the kernel's dev_valid_name. */
    static String checkName(String name) {
        int bytes = name.getBytes(StandardCharsets.UTF_8).length;
        boolean wrong = name.equals(".") || name.equals("..")
                || name.chars().anyMatch(c -> c == '/' || c == ':' || c == 0 || Character.isWhitespace(c));
        if (bytes < 1 || bytes > NAME_BYTES || wrong) {
            throw new IllegalArgumentException(
                    "an interface's name must have 1 to 15 bytes without space, colon and slash, unlike \"" + name + "\"");
        }
        return name;
    }

    /** Accepts a name for a new interface; the kernel would take % for a pattern, and make a name of it that nobody has asked for. */
    static String checkNewName(String name) {
        if (name.indexOf('%') >= 0) {
            throw new IllegalArgumentException(
                    "the kernel takes % in a new interface's name for a pattern: choose a name without it, unlike \""
                            + name + "\"");
        }
        return checkName(name);
    }
}
