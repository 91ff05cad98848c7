package io.inpod.examples.ztunnel.xds;

import java.util.HashMap;
import java.util.Map;

/**
 * Replaces equal values that many resources have by one object, so that the mesh stays small. It forgets all when it has
 * {@value #MOST} values, so that it stays small itself in a mesh that changes for months. For one thread.
 */
final class SharedValues {
    private static final int MOST = 50_000;

    private final Map<Object, Object> values = new HashMap<>();

    @SuppressWarnings("unchecked") // a value is replaced by an equal one of the same class
    <T> T one(T value) {
        Object known = values.get(value);
        if (known != null) {
            return (T) known;
        }
        if (values.size() >= MOST) {
            values.clear();
        }
        values.put(value, value);
        return value;
    }
}
