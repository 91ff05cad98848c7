package io.inpod.examples.ztunnel.source;

import java.nio.ByteBuffer;
import java.util.HashSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Finds the entries of the lists at the top of a JSON document without reading them. Around the entries it is strict; what is in an entry
 * it doesn't look at, but for strings and brackets: it finds the end of each entry that is JSON.
 */
final class JsonEntries {
    /** Takes the places of the entries in the order of the document. */
    interface Taker {
        /**
         * Takes an entry.
         *
         * @param list the key of its list
         * @param start its first byte, a brace
         * @param end the byte after its last one
         */
        void entry(String list, int start, int end);
    }

    private final ByteBuffer text;
    private final Set<String> lists;
    private final Taker taker;
    private final int limit;
    private int at;

    private JsonEntries(ByteBuffer text, Set<String> lists, Taker taker) {
        this.text = text;
        this.lists = lists;
        this.taker = taker;
        this.at = text.position();
        this.limit = text.limit();
    }

    /**
     * Goes through a document.
     *
     * @param text the document in UTF-8, of which nothing is consumed
     * @param lists the keys that it may have
     * @param taker takes the entries
     * @return whether the document is an object in which each of these keys is there once at most, as a list of objects
     */
    static boolean find(ByteBuffer text, Set<String> lists, Taker taker) {
        return new JsonEntries(text, lists, taker).document();
    }

    private boolean document() {
        if (!takes('{')) {
            return false;
        }
        if (!takes('}')) {
            Set<String> seen = new HashSet<>();
            do {
                String key = takes('"') ? key() : null;
                if (key == null || !seen.add(key) || !takes(':') || !takes('[') || !list(key)) {
                    return false;
                }
            } while (takes(','));
            if (!takes('}')) {
                return false;
            }
        }
        return next() < 0;
    }

    private boolean list(String key) {
        if (takes(']')) {
            return true;
        }
        do {
            if (!takes('{')) {
                return false;
            }
            int start = at - 1;
            if (!skipToEnd()) {
                return false;
            }
            taker.entry(key, start, at);
        } while (takes(','));
        return takes(']');
    }

    /** Passes over the rest of an entry whose brace has been taken. */
    private boolean skipToEnd() {
        int depth = 1;
        while (at < limit) {
            switch (text.get(at++)) {
                case '"' -> {
                    if (!skipString()) {
                        return false;
                    }
                }
                case '{', '[' -> depth++;
                case '}', ']' -> {
                    if (--depth == 0) {
                        return true;
                    }
                }
                default -> {
                    // a part of a number or a word, or white space
                }
            }
        }
        return false;
    }

    private boolean skipString() {
        while (at < limit) {
            byte value = text.get(at++);
            if (value == '"') {
                return true;
            }
            if (value == '\\') {
                at++;
            }
        }
        return false;
    }

    /** Takes one of the keys, with the quote behind it. */
    private @Nullable String key() {
        for (String key : lists) {
            if (at + key.length() < limit && text.get(at + key.length()) == '"' && isHere(key)) {
                at += key.length() + 1;
                return key;
            }
        }
        return null;
    }

    private boolean isHere(String key) {
        for (int i = 0; i < key.length(); i++) {
            if (text.get(at + i) != key.charAt(i)) {
                return false;
            }
        }
        return true;
    }

    private boolean takes(char expected) {
        boolean there = next() == expected;
        at += there ? 1 : 0;
        return there;
    }

    /** Passes over white space; returns what follows, -1 if nothing does. */
    private int next() {
        while (at < limit) {
            byte value = text.get(at);
            if (value != ' ' && value != '\n' && value != '\r' && value != '\t') {
                return value & 0xff;
            }
            at++;
        }
        return -1;
    }
}
