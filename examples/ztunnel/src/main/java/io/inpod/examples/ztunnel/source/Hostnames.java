package io.inpod.examples.ztunnel.source;

import io.inpod.examples.ztunnel.config.ConfigException;
import java.net.IDN;
import java.text.Normalizer;
import java.util.Locale;

/** Hostnames in the one form in which they are compared: lower case, and international ones as A-labels (RFC 5890). */
final class Hostnames {
    private static final String WILDCARD = "*.";
    private static final int MOST_CHARACTERS = 253;
    private static final int MOST_IN_LABEL = 63;

    private Hostnames() {}

    /** Returns a name that may begin with {@code *.}, for all names below it. */
    static String withWildcard(Node node, String name) throws ConfigException {
        return name.startsWith(WILDCARD) ? WILDCARD + exact(node, name.substring(WILDCARD.length())) : exact(node, name);
    }

    static String exact(Node node, String name) throws ConfigException {
        String ascii = ascii(node, name);
        if (ascii.length() > MOST_CHARACTERS) {
            throw node.error("must be a hostname of at most " + MOST_CHARACTERS + " characters, not " + ascii.length());
        }
        int begin = 0;
        for (int end = ascii.indexOf('.'); end >= 0; end = ascii.indexOf('.', begin)) {
            check(node, name, ascii, begin, end);
            begin = end + 1;
        }
        check(node, name, ascii, begin, ascii.length());
        if (isNumber(ascii, begin)) {
            throw node.error("must be a hostname, not " + quoted(name) + ": the last label can't be a number");
        }
        return ascii;
    }

    private static void check(Node node, String name, String ascii, int begin, int end) throws ConfigException {
        if (!isLabel(ascii, begin, end)) {
            String label = ascii.substring(begin, end);
            throw node.error("must be a hostname, not " + quoted(name)
                    + (label.equals("*") ? ": only its first label may be *" : ": " + quoted(label) + " is no label of one"));
        }
    }

    /** Letters, digits, hyphens and underscores, as RFC 1123 and the names of services on Windows have them; no hyphen at either end. */
    private static boolean isLabel(String ascii, int begin, int end) {
        if (begin == end || end - begin > MOST_IN_LABEL || ascii.charAt(begin) == '-' || ascii.charAt(end - 1) == '-') {
            return false;
        }
        for (int i = begin; i < end; i++) {
            char c = ascii.charAt(i);
            if (!(c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '-' || c == '_')) {
                return false;
            }
        }
        return true;
    }

    private static boolean isNumber(String ascii, int begin) {
        for (int i = begin; i < ascii.length(); i++) {
            if (ascii.charAt(i) < '0' || ascii.charAt(i) > '9') {
                return false;
            }
        }
        return true;
    }

    private static String ascii(Node node, String name) throws ConfigException {
        if (isAscii(name)) {
            return name.toLowerCase(Locale.ROOT);
        }
        String ascii;
        try {
            ascii = IDN.toASCII(name).toLowerCase(Locale.ROOT);
        } catch (IllegalArgumentException e) {
            throw node.error("must be a hostname, not " + quoted(name) + ": " + e.getMessage());
        }
        // java.net.IDN follows IDNA 2003, which replaces and drops characters that IDNA 2008 keeps or forbids, such as the German sharp s.
        if (!IDN.toUnicode(ascii).equals(Normalizer.normalize(name.toLowerCase(Locale.ROOT), Normalizer.Form.NFC))) {
            throw node.error("has characters that programs convert in different ways; write " + quoted(name) + " with A-labels (xn--...)");
        }
        return ascii;
    }

    private static boolean isAscii(String name) {
        for (int i = 0; i < name.length(); i++) {
            if (name.charAt(i) >= 0x80) {
                return false;
            }
        }
        return true;
    }

    /** Shows characters that can't be seen. */
    static String quoted(String text) {
        StringBuilder shown = new StringBuilder("\"");
        text.codePoints().limit(MOST_CHARACTERS).forEach(c -> {
            if (Character.isISOControl(c) || Character.getType(c) == Character.FORMAT) {
                shown.append(String.format("\\u%04x", c));
            } else {
                shown.appendCodePoint(c);
            }
        });
        return shown.append('"').toString();
    }
}
