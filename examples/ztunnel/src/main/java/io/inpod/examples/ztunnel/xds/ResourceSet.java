package io.inpod.examples.ztunnel.xds;

import com.google.protobuf.ByteString;
import io.inpod.examples.istio.DiscoveryApi.DeltaDiscoveryResponse;
import io.inpod.examples.istio.DiscoveryApi.Resource;
import io.inpod.examples.ztunnel.mesh.Mesh;
import io.inpod.examples.ztunnel.mesh.MeshChange;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The resources of one type that this proxy has, by their names. A resource that can't be used doesn't affect the others. For one thread.
 */
abstract class ResourceSet {
    private final String typeUrl;
    private final Map<String, Held> held = new HashMap<>();
    private final Map<String, String> refused = new LinkedHashMap<>();

    ResourceSet(String typeUrl) {
        this.typeUrl = typeUrl;
    }

    /** {@return the type as the protocol names it} */
    final String typeUrl() {
        return typeUrl;
    }

    /** {@return the versions of what is there; "" makes the server send a resource again, or say that it is gone} */
    final Map<String, String> versions() {
        Map<String, String> versions = new HashMap<>(held.size() * 2);
        held.forEach((name, resource) -> versions.put(name, resource.version()));
        return versions;
    }

    /** {@return why resources can't be used, by their names} */
    final Map<String, String> refused() {
        return refused;
    }

    /** {@return the number of resources that are there} */
    final int size() {
        return held.size();
    }

    /**
     * What a response has led to.
     *
     * @param mesh the mesh from now on, which is the same object if nothing has changed
     * @param changed the keys of what has changed, as in {@link Held}
     * @param refused why some of its resources can't be used, by their names
     */
    record Applied(Mesh mesh, Set<Object> changed, Map<String, String> refused) {}

    /**
     * Puts a response into a mesh.
     *
     * @param response what the server has sent
     * @param before the mesh until now
     * @param isFirst whether it is the stream's first response of this type
     * @return what it has led to
     */
    final Applied apply(DeltaDiscoveryResponse response, Mesh before, boolean isFirst) {
        Pending pending = new Pending(before);
        Map<String, String> problems = new LinkedHashMap<>();
        try {
            if (isFirst) {
                refused.keySet().retainAll(held.keySet()); // what has no effect isn't announced, so the server wouldn't say that it is gone
                forgetUnnamed(response, pending);
            }
            put(response, pending, problems);
            return new Applied(pending.mesh(), pending.touched, problems);
        } catch (RuntimeException | Error e) {
            pending.undo();
            throw e;
        }
    }

    private void put(DeltaDiscoveryResponse response, Pending pending, Map<String, String> problems) {
        response.getRemovedResourcesList().forEach(name -> remove(name, pending));
        for (Resource resource : response.getResourcesList()) {
            String problem = put(resource, pending);
            if (problem != null) {
                problems.put(resource.getName(), problem);
                refused.put(resource.getName(), problem);
            }
        }
    }

    /** A server without versions can't tell what has vanished while the stream was interrupted: its first response has all there is. */
    private void forgetUnnamed(DeltaDiscoveryResponse response, Pending pending) {
        if (!isCompleteWithoutVersions() || response.getResourcesCount() == 0
                || !response.getResourcesList().stream().allMatch(resource -> resource.getVersion().isEmpty())
                || !held.values().stream().allMatch(resource -> resource.version().isEmpty())) {
            return;
        }
        Set<String> gone = new HashSet<>(held.keySet());
        response.getResourcesList().forEach(resource -> gone.remove(resource.getName()));
        gone.forEach(name -> remove(name, pending));
    }

    private void remove(String name, Pending pending) {
        refused.remove(name);
        Held old = held.remove(name);
        if (old != null) {
            pending.remember(name, old);
            pending.remove(old.key());
        }
    }

    private @Nullable String put(Resource resource, Pending pending) {
        String name = resource.getName();
        Held old = held.get(name);
        pending.remember(name, old);
        String problem;
        Object key;
        try {
            Value value = read(content(resource), old == null ? null : old.key());
            pending.put(value);
            key = value.key();
            problem = value.problem();
        } catch (UnusableException e) {
            problem = String.valueOf(e.getMessage());
            Value instead = instead(resource, problem, old == null ? null : pending.untouched(old.key()), pending.before);
            if (instead == null) {
                if (old != null) {
                    held.put(name, new Held(old.key(), ""));
                }
                return problem;
            }
            pending.put(instead);
            key = instead.key();
        }
        if (old != null && !old.key().equals(key)) {
            pending.remove(old.key());
        }
        String kept = key.equals(name) ? (String) key : name; // one string for both, which the mesh holds, too
        held.put(kept, new Held(key, problem == null ? resource.getVersion() : ""));
        if (problem == null) {
            refused.remove(name);
        }
        return problem;
    }

    private ByteString content(Resource resource) throws UnusableException {
        if (!resource.hasResource()) {
            throw new UnusableException("there is nothing in it");
        }
        if (!resource.getResource().getTypeUrl().equals(typeUrl)) {
            throw new UnusableException("its type is " + resource.getResource().getTypeUrl() + ", not " + typeUrl);
        }
        return resource.getResource().getValue();
    }

    /** What is read from a resource, and belongs into the mesh. */
    interface Value {
        Object key();

        /** Returns why it can't be used as it was sent, or null. */
        default @Nullable String problem() {
            return null;
        }

        /** Returns whether the mesh has exactly this. */
        boolean isIn(Mesh mesh);

        void putInto(MeshChange change);
    }

    /**
     * Reads a resource.
     *
     * @param content what the server has sent
     * @param held the key of the earlier version; null if there is none. What has an equal key is to have this object: the mesh holds it
     */
    abstract Value read(ByteString content, @Nullable Object held) throws UnusableException;

    /**
     * Returns what counts instead of a resource that can't be used.
     *
     * @param resource the resource
     * @param problem why it can't be used
     * @param held the key of the earlier version that is in the mesh; null if there is none, or if this response changes it too
     * @param before the mesh until now
     * @return null if what the mesh has until now goes on counting
     */
    abstract @Nullable Value instead(Resource resource, String problem, @Nullable Object held, Mesh before);

    /** Takes out of the mesh what has a key. */
    abstract void remove(Object key, MeshChange change);

    /** Returns whether what a server without versions doesn't name in its first response is gone. */
    abstract boolean isCompleteWithoutVersions();

    /** A change that begins with the first difference. */
    private final class Pending {
        private final Mesh before;
        private final Set<Object> touched = new HashSet<>();
        private final Map<String, Optional<Held>> earlier = new HashMap<>();
        private @Nullable MeshChange change;

        Pending(Mesh before) {
            this.before = before;
        }

        private MeshChange change(Object key) {
            touched.add(key);
            if (change == null) {
                change = before.change();
            }
            return change;
        }

        void remember(String name, @Nullable Held old) {
            earlier.putIfAbsent(name, Optional.ofNullable(old));
        }

        /** The mesh stays as it was, so what is held does too; without a version, the server sends it again. */
        void undo() {
            earlier.forEach((name, old) -> {
                if (old.isPresent()) {
                    held.put(name, new Held(old.get().key(), ""));
                } else {
                    held.remove(name);
                }
            });
        }

        @Nullable
        Object untouched(Object key) {
            return touched.contains(key) ? null : key;
        }

        void put(Value value) {
            if (touched.contains(value.key()) || !value.isIn(before)) {
                value.putInto(change(value.key()));
            }
        }

        void remove(Object key) {
            ResourceSet.this.remove(key, change(key));
        }

        Mesh mesh() {
            return change == null ? before : change.build();
        }
    }
}
