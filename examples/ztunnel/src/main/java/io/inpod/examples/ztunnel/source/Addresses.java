package io.inpod.examples.ztunnel.source;

import io.inpod.examples.ztunnel.config.ConfigException;
import io.inpod.examples.ztunnel.mesh.AddressBlock;
import io.netty.util.NetUtil;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.Locale;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** IP addresses and blocks of them, in their usual notation only. */
final class Addresses {
    private static final Pattern V4 = Pattern.compile("(?:0|[1-9][0-9]{0,2})(?:\\.(?:0|[1-9][0-9]{0,2})){3}");
    private static final Pattern V6 = Pattern.compile("[0-9a-fA-F:.]*:[0-9a-fA-F:.]*");
    private static final Pattern LENGTH = Pattern.compile("0|[1-9][0-9]{0,2}");
    private static final String MAPPED = "::ffff:";

    private Addresses() {}

    static InetAddress ip(Node node) throws ConfigException {
        InetAddress address = node.isText() ? parse(node.text()) : null;
        if (address == null) {
            throw node.error("must be an IP address, not " + (node.isText() ? Hostnames.quoted(node.text()) : "another type"));
        }
        return address;
    }

    /** Returns null if it isn't an address. Without octal numbers, which others read as decimal, and without zones. */
    static @Nullable InetAddress parse(String text) {
        if (!V4.matcher(text).matches() && !V6.matcher(text).matches()) {
            return null;
        }
        byte[] bytes = NetUtil.createByteArrayFromIpAddressString(text);
        try {
            return bytes == null ? null : InetAddress.getByAddress(bytes);
        } catch (UnknownHostException e) {
            throw new AssertionError("the length is that of an address", e);
        }
    }

    /** Returns a block; an address without a length stands for itself. */
    static AddressBlock block(Node node) throws ConfigException {
        String text = node.text();
        int slash = text.indexOf('/');
        InetAddress address = parse(slash < 0 ? text : text.substring(0, slash));
        String length = slash < 0 ? "0" : text.substring(slash + 1);
        if (address == null || !LENGTH.matcher(length).matches()) {
            throw node.error("must be a block of IP addresses such as 10.0.0.0/8, not " + Hostnames.quoted(text));
        }
        if (text.toLowerCase(Locale.ROOT).startsWith(MAPPED)) {
            throw node.error("must be written as a block of IPv4 addresses, not " + Hostnames.quoted(text));
        }
        try {
            return slash < 0 ? AddressBlock.of(address) : new AddressBlock(address, Integer.parseInt(length));
        } catch (IllegalArgumentException e) {
            throw node.error(String.valueOf(e.getMessage()));
        }
    }
}
