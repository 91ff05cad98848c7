package io.inpod.examples.ztunnel.source;

import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Replaces equal values that many entries of a mesh have by one object, so that the mesh stays small. What the reading before has used and
 * this one hasn't is forgotten.
 */
final class Interner {
    private final Map<Object, Object> values = new HashMap<>();
    private @Nullable Interner before;

    /** Creates an interner that knows the values of the reading before, if there was one. */
    Interner(@Nullable Interner before) {
        this.before = before;
    }

    @SuppressWarnings("unchecked") // a value is replaced by an equal one of the same class
    <T> T one(T value) {
        Object known = values.get(value);
        if (known == null) {
            known = before == null ? value : before.values.getOrDefault(value, value);
            values.put(known, known);
        }
        return (T) known;
    }

    /** Forgets the reading before. */
    void complete() {
        before = null;
    }
}
