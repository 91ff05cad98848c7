package io.inpod.iptables.internal;

import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Checks raw rules: each must stay within its line and its rule, so that it can't become another command. */
public final class RawText {
    /** Longer lines are beyond the buffer of iptables-restore. */
    private static final int MOST_BYTES = 8_000;
    private static final int MOST_HEX = 60_000;
    private static final Pattern NFT_COMMENT = Pattern.compile(" comment \"([^\"]*)\"$");
    private static final String NFT_ENDS = ";#\\$";

    private RawText() {}

    /** Checks words of iptables-restore. */
    public static void iptables(String text) {
        line(text);
        boolean quoted = false;
        for (int i = 0; i < text.length(); i++) {
            if (text.charAt(i) == '"') {
                quoted = !quoted;
            } else if (text.charAt(i) == '\\' && quoted) {
                i++;
            }
        }
        refuse(quoted, text, "has a double quote without its partner");
        refuse(!text.startsWith("-") && !text.startsWith("! "), text, "doesn't begin with an option");
    }

    /** Checks statements of nft. */
    public static void nft(String text) {
        line(text);
        boolean quoted = false;
        int depth = 0;
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == '"') {
                quoted = !quoted;
            } else if (!quoted) {
                refuse(NFT_ENDS.indexOf(c) >= 0, text, "contains " + c + ", with which something else would begin");
                depth += c == '{' ? 1 : c == '}' ? -1 : 0;
                refuse(depth < 0, text, "has a brace without its partner");
            }
        }
        refuse(quoted, text, "has a double quote without its partner");
        refuse(depth > 0, text, "has a brace without its partner");
    }

    /** Checks expressions in hexadecimal. Reading rules makes many, so that this is a plain loop. */
    public static void netlink(String text) {
        refuse(text.length() > MOST_HEX, text.substring(0, Math.min(text.length(), 20)), "has more than " + MOST_HEX + " digits");
        boolean hex = !text.isEmpty() && text.length() % 8 == 0;
        for (int i = 0; hex && i < text.length(); i++) {
            char c = text.charAt(i);
            hex = c >= '0' && c <= '9' || c >= 'a' && c <= 'f';
        }
        refuse(!hex, text, "is not hexadecimal, in lower case, of a multiple of four bytes");
    }

    private static void line(String text) {
        Names.encodable("raw rule", text, MOST_BYTES);
        refuse(text.isBlank() || !text.strip().equals(text), text, "is empty, or begins or ends with a blank");
    }

    private static void refuse(boolean wrong, String text, String what) {
        if (wrong) {
            throw new IllegalArgumentException("raw rule " + Quote.of(text) + " " + what);
        }
    }

    /** Returns the comment in words of iptables-restore; empty if there is none. */
    public static String commentOfIptables(String text) {
        List<String> words = Words.split(text);
        int at = words.indexOf("--comment");
        return at < 0 || at + 1 == words.size() ? "" : Words.unquote(words.get(at + 1));
    }

    /** Returns the comment in statements of nft; empty if there is none. */
    public static String commentOfNft(String text) {
        return Optional.of(NFT_COMMENT.matcher(text)).filter(Matcher::find).map(found -> found.group(1)).orElse("");
    }
}
