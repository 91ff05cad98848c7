package io.inpod.examples.ztunnel.source;

import java.util.Arrays;
import java.util.Collection;
import org.jspecify.annotations.Nullable;

/**
 * What the entries of a list in a document became, by the digests of their texts, in the order of the document. Arrays, since a garbage
 * collection has nothing to do with them for each entry. For one thread.
 */
final class EntryList {
    /** How many entries that have gone are passed over in search of the next one that has stayed. */
    private static final int WINDOW = 64;
    private static final int MOST_CHANGED = 2000;

    private long[] digests;
    private Object[] values;
    private int size;

    /** An empty list that may become about as long as another one. */
    EntryList(int expected) {
        digests = new long[2 * (expected + WINDOW)];
        values = new Object[expected + WINDOW];
    }

    int size() {
        return size;
    }

    void add(EntryDigest digest, Object value) {
        if (size == values.length) {
            values = Arrays.copyOf(values, 2 * size);
            digests = Arrays.copyOf(digests, 4 * size);
        }
        digests[2 * size] = digest.high();
        digests[2 * size + 1] = digest.low();
        values[size++] = value;
    }

    /** Sets what the entry is whose value wasn't known when it was added. */
    void set(int index, Object value) {
        values[index] = value;
    }

    /** Goes through a list once, beside the list of a later document that has mostly the same entries in the same order. */
    final class Pass {
        private int at;
        private int changed;

        /** Returns the value of the entry with a text; null if there is none nearby. Each is returned once; those before it have gone. */
        @Nullable
        Object take(EntryDigest digest, Collection<Object> gone) {
            int end = Math.min(size, at + WINDOW + Math.min(changed, MOST_CHANGED));
            for (int i = at; i < end; i++) {
                if (digests[2 * i] == digest.high() && digests[2 * i + 1] == digest.low()) {
                    goneUntil(i, gone);
                    at = i + 1;
                    changed = 0;
                    return values[i];
                }
            }
            changed++;
            return null;
        }

        /** Tells which haven't been returned. */
        void finish(Collection<Object> gone) {
            goneUntil(size, gone);
        }

        private void goneUntil(int end, Collection<Object> gone) {
            for (; at < end; at++) {
                gone.add(values[at]);
            }
        }
    }
}
