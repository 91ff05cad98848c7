package io.inpod.examples.nodeagent.kubernetes;

import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The objects of one kind, as the API server described them last. They come by lists, by a watch, and as answers to single requests, which
 * may overtake one another: versions tell what is newer. Not thread-safe.
 */
final class Known<T extends Versioned> {
    private final Map<String, T> objects = new HashMap<>();
    private long seen;
    private boolean complete;

    /** Returns whether there was a complete list. */
    boolean complete() {
        return complete;
    }

    Collection<T> all() {
        return List.copyOf(objects.values());
    }

    Optional<T> get(String key) {
        return Optional.ofNullable(objects.get(key));
    }

    /**
     * Takes over a complete list.
     *
     * @param version the list's; if it is older than what was seen before, the cluster was set back to a backup, and only the list counts
     */
    void replace(Collection<T> list, long version) {
        Map<String, T> old = new HashMap<>(objects);
        objects.clear();
        list.forEach(one -> objects.put(one.key(), one));
        if (version >= seen) {
            for (T one : old.values()) {
                T listed = objects.get(one.key());
                if (listed == null ? one.version() > version : one.version() > listed.version()) {
                    objects.put(one.key(), one); // came after the list, as an answer to a request
                }
            }
        }
        seen = version;
        complete = true;
    }

    /** Takes over what a watch says of an object. */
    void put(T one) {
        T known = objects.get(one.key());
        if (known == null || known.version() < one.version()) {
            objects.put(one.key(), one);
        }
        seen(one.version());
    }

    /** Removes an object that a watch says is gone. */
    void remove(T one) {
        T known = objects.get(one.key());
        if (known != null && known.version() <= one.version()) {
            objects.remove(one.key());
        }
        seen(one.version());
    }

    /** A watch has come as far as this. */
    void seen(long version) {
        seen = Math.max(seen, version);
    }

    /**
     * Takes over an object that was the answer to a single request.
     *
     * @return whether it still exists: if a watch that has come further doesn't know it, it was deleted in between
     */
    boolean offer(T one) {
        T known = objects.get(one.key());
        if (known == null && complete && one.version() <= seen) {
            return false;
        }
        if (known == null || known.version() < one.version()) {
            objects.put(one.key(), one);
        }
        return true;
    }
}
