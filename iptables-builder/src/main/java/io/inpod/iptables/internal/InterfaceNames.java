package io.inpod.iptables.internal;

import java.nio.charset.StandardCharsets;
import java.util.regex.Pattern;

/**
 * The grammar of interface names: those that the kernel accepts, and those of them that a script can express. A name that ends with
 * {@code +} stands for all names that begin with the rest, as in iptables(8).
 */
public final class InterfaceNames {
    private static final Pattern PLAIN = Pattern.compile("[A-Za-z0-9_.@][A-Za-z0-9_.@-]*[+]?");
    private static final String ANY_END = "+";

    private InterfaceNames() {}

    /** Checks a name like {@code dev_valid_name} in the kernel's net/core/dev.c, which compares bytes and treats 0xa0 as a blank. */
    public static String check(String field, String name) {
        byte[] bytes = name.getBytes(StandardCharsets.UTF_8);
        String problem = null;
        if (bytes.length == 0 || bytes.length > 15) {
            problem = "it has " + bytes.length + " bytes, not 1 to 15";
        } else if (name.equals(".") || name.equals("..")) {
            problem = "it is a directory";
        } else if (name.equals(ANY_END)) {
            problem = "it stands for every interface; leave the condition out";
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

    /** Returns whether a name stands for all names with the same beginning. */
    public static boolean isPrefix(String name) {
        return name.endsWith(ANY_END);
    }

    /** Returns the beginning of the names for which a name stands. */
    public static String beginning(String prefix) {
        return prefix.substring(0, prefix.length() - ANY_END.length());
    }

    /** Returns the name that stands for all names with a beginning. */
    public static String prefix(String beginning) {
        return beginning + ANY_END;
    }

    /**
     * Returns a name that stands for itself.
     *
     * @throws IllegalArgumentException if it would stand for others too
     */
    public static String single(String name) {
        if (isPrefix(name)) {
            throw new IllegalArgumentException("an interface whose name ends with + has no name here");
        }
        return name;
    }

    /** Refuses valid names that iptables-restore would read as an option or the end of a word: text cannot express them. */
    public static String inIptablesText(String name) {
        if (!PLAIN.matcher(name).matches()) {
            throw new IllegalArgumentException("iptables-restore can't express the interface name " + Quote.of(name)
                    + ": only letters, digits and _ . @ - (not first) are safe in its text");
        }
        return name;
    }

    /** As {@link #inIptablesText}, for nft, which reads {@code *} at the end as a pattern and has no escape for a double quote. */
    public static String inNftText(String name) {
        if (!PLAIN.matcher(name).matches()) {
            throw new IllegalArgumentException("nft can't express the interface name " + Quote.of(name)
                    + ": only letters, digits and _ . @ - (not first) are safe in its text");
        }
        return isPrefix(name) ? beginning(name) + "*" : name;
    }
}
