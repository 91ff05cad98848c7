package io.inpod.netns.testing;

/**
 * Something that may be left behind.
 *
 * @param text what and where, in one line
 */
record Leak(LeakKind kind, String text) implements Comparable<Leak> {
    @Override
    public int compareTo(Leak other) {
        int byKind = kind.compareTo(other.kind);
        return byKind == 0 ? text.compareTo(other.text) : byKind;
    }
}
