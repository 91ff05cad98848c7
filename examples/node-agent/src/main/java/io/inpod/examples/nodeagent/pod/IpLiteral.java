package io.inpod.examples.nodeagent.pod;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.Optional;
import java.util.regex.Pattern;

/** An address as a text, never a name: nothing is looked up. */
public final class IpLiteral {
    private static final String OCTET = "(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])";
    private static final Pattern V4 = Pattern.compile(OCTET + "(\\." + OCTET + "){3}");
    private static final Pattern V6 = Pattern.compile("[0-9a-fA-F:.]*:[0-9a-fA-F:.]*");

    private IpLiteral() {}

    /**
     * Reads an address.
     *
     * @param text an IPv4 address with four numbers, or an IPv6 address without a scope
     * @return the address; empty if the text is something else
     */
    public static Optional<InetAddress> parse(String text) {
        boolean v4 = V4.matcher(text).matches();
        if (!v4 && !V6.matcher(text).matches()) {
            return Optional.empty();
        }
        try {
            return Optional.of(InetAddress.getByName(v4 ? text : "[" + text + "]")); // what is in brackets can't be a name
        } catch (UnknownHostException e) {
            return Optional.empty();
        }
    }
}
