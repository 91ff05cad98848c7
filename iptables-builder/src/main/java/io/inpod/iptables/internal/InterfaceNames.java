package io.inpod.iptables.internal;

import java.nio.charset.StandardCharsets;
import java.util.regex.Pattern;

/** The grammar of interface names: those that the kernel accepts, and those of them that a script can express. */
public final class InterfaceNames {
    private static final Pattern PLAIN = Pattern.compile("[A-Za-z0-9_.@][A-Za-z0-9_.@-]*");

    private InterfaceNames() {}

    /** Checks a name like {@code dev_valid_name} in the kernel's net/core/dev.c, which compares bytes and treats 0xa0 as a blank. */
    public static String check(String field, String name) {
        byte[] bytes = name.getBytes(StandardCharsets.UTF_8);
        String problem = null;
        if (bytes.length == 0 || bytes.length > 15) {
            problem = "it has " + bytes.length + " bytes, not 1 to 15";
        } else if (name.equals(".") || name.equals("..")) {
            problem = "it is a directory";
        } else if (!new String(bytes, StandardCharsets.UTF_8).equals(name)) {
            problem = "it is not Unicode text";
        }
        for (byte b : bytes) {
            int c = b & 0xff;
            if (c == '/' || c == ':' || c == ' ' || c >= '\t' && c <= '\r' || c == 0xa0 || c == 0) {
                problem = problem == null ? "it contains " + (c == '/' || c == ':' ? "'" + (char) c + "'" : "a blank or control byte")
                        : problem;
            }
        }
        if (problem != null) {
            throw new IllegalArgumentException(field + " " + Quote.of(name) + " is not an interface name: " + problem);
        }
        return name;
    }

    /** Refuses valid names that iptables-restore would read as a pattern, an option or the end of a word: text cannot express them. */
    public static String inIptablesText(String name) {
        if (!PLAIN.matcher(name).matches()) {
            throw new IllegalArgumentException("iptables-restore can't express the interface name " + Quote.of(name)
                    + ": only letters, digits and _ . @ - (not first) are safe in its text");
        }
        return name;
    }

    /** As {@link #inIptablesText}, for nft, which reads {@code *} as a pattern and has no escape for a double quote. */
    public static String inNftText(String name) {
        if (!PLAIN.matcher(name).matches()) {
            throw new IllegalArgumentException("nft can't express the interface name " + Quote.of(name)
                    + ": only letters, digits and _ . @ - (not first) are safe in its text");
        }
        return name;
    }
}
