package io.inpod.examples.ztunnel.source;

import io.inpod.examples.ztunnel.config.ConfigException;
import io.inpod.examples.ztunnel.config.ProxyConfig;
import io.inpod.examples.ztunnel.mesh.Mesh;
import io.netty.buffer.Unpooled;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Reads one document after the other from the same source. Of a JSON document only the entries are read whose text isn't in the one before:
 * a large mesh changes little, and reading what stays would make half a gigabyte of garbage. Whatever isn't plain, or isn't right, is read
 * as a whole, which says what is wrong. For one thread.
 */
final class MeshReader {
    private final String source;
    private final ProxyConfig config;
    private final EntryDigest digest = new EntryDigest();
    private Interner interner = new Interner(null);
    private @Nullable Known known;
    /** How many entries have gone, or were refused, since the whole document was read: values that only they had are still interned. */
    private int goneSince;

    /** A mesh, and the entries of the document that it was read from, by list. */
    private record Known(Mesh mesh, Map<String, EntryList> lists) {
        EntryList list(String key) {
            EntryList list = lists.get(key);
            return list == null ? new EntryList(0) : list;
        }

        int size() {
            return lists.values().stream().mapToInt(EntryList::size).sum();
        }
    }

    MeshReader(String source, ProxyConfig config) {
        this.source = source;
        this.config = config;
    }

    /**
     * Reads a document.
     *
     * @param text the document
     * @param current the mesh that counts until now
     * @return the mesh, in which what hasn't changed is the same objects; null if the document is empty
     * @throws ConfigException naming place and key
     */
    @Nullable
    Mesh read(DocumentText text, Mesh current) throws ConfigException {
        Mesh changed = readChanges(text, current);
        return changed == null ? readAll(text, current, true) : changed;
    }

    /** Reads a document as {@link #read} does, but returns null if it isn't JSON. */
    @Nullable
    Mesh readJson(DocumentText text, Mesh current) throws ConfigException {
        Mesh changed = readChanges(text, current);
        return changed == null ? readAll(text, current, false) : changed;
    }

    private @Nullable Mesh readAll(DocumentText text, Mesh current, boolean mayBeYaml) throws ConfigException {
        Interner next = new Interner(interner);
        MeshContents json = text.mayBeJson() ? json(text, next, current, current.size() + current.services().size()) : null;
        if (json == null && !mayBeYaml) {
            return null;
        }
        MeshContents contents = json == null ? MeshFile.readYaml(source, text, config, next, current) : json;
        next.complete();
        interner = next;
        Mesh mesh = contents == null ? null : contents.mesh();
        if (mesh != null) {
            known = json == null ? null : known(text, json, mesh);
            goneSince = 0;
        }
        return mesh;
    }

    /** Returns null if it isn't JSON: it may be YAML, whose braces are like those of JSON; if it isn't, that reader says why. */
    private @Nullable MeshContents json(DocumentText text, Interner values, Mesh current, int expected) throws ConfigException {
        try {
            return MeshFile.readJson(source, text, config, values, current, expected);
        } catch (IOException e) {
            return null;
        }
    }

    /** Returns the entries of a document that was read; null if one of them depends on more than its text. */
    private @Nullable Known known(DocumentText text, MeshContents contents, Mesh mesh) {
        Map<String, EntryList> lists = new HashMap<>();
        ByteBuffer bytes = text.bytes();
        ByteBuffer entry = bytes.duplicate();
        boolean plain = JsonEntries.find(bytes, MeshFile.LISTS, (key, start, end) -> {
            EntryList list = lists.computeIfAbsent(key, absent -> new EntryList(contents.entries(key).size()));
            List<Object> read = contents.entries(key);
            if (list.size() < read.size()) {
                digest.of(entry.limit(end).position(start));
                list.add(digest, read.get(list.size()));
            }
        });
        Known all = new Known(mesh, lists);
        return plain && !contents.dependsOnPlaces() && all.size() == size(mesh) ? all : null;
    }

    private static int size(Mesh mesh) {
        return mesh.size() + mesh.services().size() + mesh.policies().size();
    }

    /** Reads what has changed since the document before; null if the whole document must be read. */
    private @Nullable Mesh readChanges(DocumentText text, Mesh current) {
        Known before = known;
        if (before == null || before.mesh() != current || !text.mayBeJson() || goneSince > before.size() / 2) {
            return null;
        }
        Changes changes = new Changes(before, text.bytes());
        if (!JsonEntries.find(text.bytes(), MeshFile.LISTS, changes) || changes.areMany()) {
            return null;
        }
        changes.finish();
        try {
            MeshContents contents = MeshFile.readJson(source, DocumentText.of(source, Unpooled.wrappedBuffer(changes.document())), config,
                    interner, current, changes.read());
            Mesh mesh = contents.dependsOnPlaces() || !changes.complete(contents) ? null : contents.meshWithout(changes.gone);
            if (mesh != null) {
                goneSince += changes.gone.size();
                known = new Known(mesh, changes.lists);
            }
            return mesh;
        } catch (ConfigException | IOException e) {
            goneSince += changes.read();
            return null; // reading all of it says what is wrong, and where
        }
    }

    /** Tells the entries of a document that stay from those that are to be read. */
    private final class Changes implements JsonEntries.Taker {
        private final ByteBuffer text;
        private final ByteBuffer view;
        private final Map<String, EntryList> lists = new HashMap<>();
        private final Map<String, EntryList.Pass> passes = new HashMap<>();
        private final Map<String, ByteArrayOutputStream> texts = new HashMap<>();
        /** The numbers of the entries that are to be read, by list. */
        private final Map<String, List<Integer>> toRead = new HashMap<>();
        private int bytesToRead;
        private final Set<Object> gone = Collections.newSetFromMap(new IdentityHashMap<>());

        Changes(Known before, ByteBuffer text) {
            this.text = text;
            this.view = text.duplicate();
            MeshFile.LISTS.forEach(key -> {
                lists.put(key, new EntryList(before.list(key).size()));
                passes.put(key, before.list(key).new Pass());
                texts.put(key, new ByteArrayOutputStream());
                toRead.put(key, new ArrayList<>());
            });
        }

        @Override
        public void entry(String key, int start, int end) {
            digest.of(view.limit(end).position(start));
            EntryList list = of(lists, key);
            Object value = of(passes, key).take(digest, gone);
            bytesToRead += value == null ? end - start : 0;
            if (value == null && !areMany()) {
                byte[] bytes = new byte[end - start];
                text.get(start, bytes);
                ByteArrayOutputStream all = of(texts, key);
                if (all.size() > 0) {
                    all.write(',');
                }
                all.writeBytes(bytes);
                of(toRead, key).add(list.size());
            }
            list.add(digest, value == null ? this : value);
        }

        private static <T> T of(Map<String, T> map, String key) {
            return Objects.requireNonNull(map.get(key));
        }

        /** Returns whether so much is to be read that it isn't worth being copied: a quarter of the document. */
        boolean areMany() {
            return bytesToRead > text.limit() / 4;
        }

        void finish() {
            passes.values().forEach(pass -> pass.finish(gone));
        }

        int read() {
            return toRead.values().stream().mapToInt(Collection::size).sum();
        }

        /** Returns a document that has only the entries that are to be read. */
        byte[] document() {
            ByteArrayOutputStream document = new ByteArrayOutputStream();
            String before = "{\"";
            for (String key : MeshFile.LISTS) {
                document.writeBytes((before + key + "\":[").getBytes(StandardCharsets.UTF_8));
                document.writeBytes(of(texts, key).toByteArray());
                document.write(']');
                before = ",\"";
            }
            document.write('}');
            return document.toByteArray();
        }

        /** Fills in what was read; returns false if that isn't as many entries. */
        boolean complete(MeshContents contents) {
            for (String key : MeshFile.LISTS) {
                List<Integer> places = of(toRead, key);
                List<Object> values = contents.entries(key);
                if (values.size() != places.size()) {
                    return false;
                }
                for (int i = 0; i < values.size(); i++) {
                    of(lists, key).set(places.get(i), values.get(i));
                }
            }
            return true;
        }
    }
}
