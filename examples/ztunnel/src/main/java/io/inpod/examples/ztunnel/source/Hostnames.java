package io.inpod.examples.ztunnel.source;

import io.inpod.examples.ztunnel.config.ConfigException;
import java.net.IDN;
import java.text.Normalizer;
import java.util.Locale;
import java.util.regex.Pattern;

/** Hostnames in the one form in which they are compared: lower case, and international ones as A-labels (RFC 5890). */
final class Hostnames {
    private static final String WILDCARD = "*.";
    private static final int MOST_CHARACTERS = 253;
    /** Letters, digits, hyphens and underscores, as RFC 1123 and the names of services on Windows have them. */
    private static final Pattern LABEL = Pattern.compile("[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?");
    private static final Pattern DIGITS = Pattern.compile("[0-9]+");

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
        String[] labels = ascii.split("\\.", -1);
        for (String label : labels) {
            if (!LABEL.matcher(label).matches()) {
                throw node.error("must be a hostname, not " + quoted(name)
                        + (label.equals("*") ? ": only its first label may be *" : ": " + quoted(label) + " is no label of one"));
            }
        }
        if (DIGITS.matcher(labels[labels.length - 1]).matches()) {
            throw node.error("must be a hostname, not " + quoted(name) + ": the last label can't be a number");
        }
        return ascii;
    }

    private static String ascii(Node node, String name) throws ConfigException {
        if (name.chars().allMatch(c -> c < 0x80)) {
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
