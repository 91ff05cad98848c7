package io.inpod.examples.ztunnel.mesh;

/**
 * What a text must be like.
 *
 * @param kind how it is compared
 * @param value with what; "" for {@link Kind#PRESENCE}
 */
public record TextMatch(Kind kind, String value) {
    /** How a text is compared. */
    public enum Kind {
        /** It is the same. */
        EXACT,
        /** It begins with the value. */
        PREFIX,
        /** It ends with the value. */
        SUFFIX,
        /** It isn't empty. */
        PRESENCE
    }

    /**
     * Returns whether a text matches.
     *
     * @param text the text
     * @return whether it does
     */
    public boolean matches(String text) {
        return switch (kind) {
            case EXACT -> text.equals(value);
            case PREFIX -> text.startsWith(value);
            case SUFFIX -> text.endsWith(value);
            case PRESENCE -> !text.isEmpty();
        };
    }
}
