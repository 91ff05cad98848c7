package io.inpod.iptables.internal;

import java.net.InetAddress;

/** Addresses as iptables-save prints them, that is as inet_ntop(3) does (RFC 5952); the JDK doesn't shorten runs of zeros. */
public final class AddressText {
    private AddressText() {}

    public static String of(InetAddress address) {
        byte[] bytes = address.getAddress();
        return bytes.length == 4 ? dotted(bytes, 0) : v6(bytes);
    }

    private static String dotted(byte[] bytes, int at) {
        return (bytes[at] & 0xff) + "." + (bytes[at + 1] & 0xff) + "." + (bytes[at + 2] & 0xff) + "." + (bytes[at + 3] & 0xff);
    }

    private static String v6(byte[] bytes) {
        int start = -1;
        int length = 1;
        for (int i = 0; i < 8; i++) {
            int run = 0;
            while (i + run < 8 && word(bytes, i + run) == 0) {
                run++;
            }
            if (run > length) {
                start = i;
                length = run;
            }
        }
        boolean embedded = start == 0 && (length == 6 || length == 5 && word(bytes, 5) == 0xffff);
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < 8; i++) {
            if (i == start) {
                text.append("::");
                i += length - 1;
                continue;
            }
            if (!text.isEmpty() && text.charAt(text.length() - 1) != ':') {
                text.append(':');
            }
            if (embedded && i == 6) {
                return text.append(dotted(bytes, 12)).toString();
            }
            text.append(Integer.toHexString(word(bytes, i)));
        }
        return text.toString();
    }

    private static int word(byte[] bytes, int index) {
        return (bytes[2 * index] & 0xff) << 8 | bytes[2 * index + 1] & 0xff;
    }
}
