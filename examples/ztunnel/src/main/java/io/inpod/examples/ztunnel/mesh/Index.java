package io.inpod.examples.ztunnel.mesh;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import org.pcollections.HashTreePMap;
import org.pcollections.PMap;

/**
 * Persistent maps from a key to several values. Where nearly all keys have a single value, the values are a list, which is copied and has
 * an order of its own, so that decisions don't depend on the order of changes. Where one key may have thousands, they are a map by other
 * keys.
 */
final class Index {
    private static final Comparator<Service> BY_NAME =
            Comparator.comparing(Service::namespace).thenComparing(service -> service.hostname().hostname());

    private Index() {}

    static <K, V> PMap<K, V> none() {
        return HashTreePMap.empty();
    }

    static <K, V> List<V> few(PMap<K, List<V>> index, K key) {
        List<V> values = index.get(key);
        return values == null ? List.of() : values;
    }

    static <K> PMap<K, List<String>> with(PMap<K, List<String>> index, K key, String uid) {
        return with(index, key, uid, Comparator.naturalOrder());
    }

    static <K> PMap<K, List<Service>> with(PMap<K, List<Service>> index, K key, Service value) {
        return with(index, key, value, BY_NAME);
    }

    private static <K, V> PMap<K, List<V>> with(PMap<K, List<V>> index, K key, V value, Comparator<V> order) {
        List<V> values = few(index, key);
        if (values.isEmpty()) {
            return index.plus(key, List.of(value));
        }
        List<V> more = new ArrayList<>(values);
        more.add(value);
        more.sort(order);
        return index.plus(key, List.copyOf(more));
    }

    static <K, V> PMap<K, List<V>> without(PMap<K, List<V>> index, K key, V value) {
        List<V> rest = new ArrayList<>(few(index, key));
        rest.remove(value);
        return rest.isEmpty() ? index.minus(key) : index.plus(key, List.copyOf(rest));
    }

    static <K, V> Collection<V> many(PMap<K, PMap<String, V>> index, K key) {
        PMap<String, V> values = index.get(key);
        return values == null ? List.of() : values.values();
    }

    static <K, V> PMap<K, PMap<String, V>> with(PMap<K, PMap<String, V>> index, K key, String id, V value) {
        PMap<String, V> values = index.get(key);
        return index.plus(key, values == null ? HashTreePMap.singleton(id, value) : values.plus(id, value));
    }

    static <K, V> PMap<K, PMap<String, V>> without(PMap<K, PMap<String, V>> index, K key, String id) {
        PMap<String, V> values = index.get(key);
        if (values == null) {
            return index;
        }
        PMap<String, V> rest = values.minus(id);
        return rest.isEmpty() ? index.minus(key) : index.plus(key, rest);
    }
}
