package io.inpod.examples.nodeagent.files;

import io.inpod.examples.nodeagent.pod.AgentException;
import io.inpod.examples.nodeagent.pod.Membership;
import io.inpod.examples.nodeagent.pod.MeshPod;
import io.inpod.examples.nodeagent.pod.PodSource;
import io.inpod.examples.nodeagent.pod.PodState;
import java.io.IOException;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A directory in which each file whose name ends with {@code .json}, and doesn't begin with a dot, is a {@linkplain PodFile pod}. The pod
 * leaves the mesh when its file is deleted. A file that can't be read changes nothing: what it said before holds, and the reason is shown.
 * The directory is watched, and read as a whole from time to time, since a link's target can change without a notice. It is one agent's.
 */
public final class PodDirectory implements PodSource {
    private static final Logger LOG = LoggerFactory.getLogger("nodeagent");
    private static final Duration PASS = Duration.ofSeconds(10);
    private static final int WRITABLE_BY_OTHERS = 0022;
    private static final int MAX_NAME = 200;

    /** What a file said when it was last read. */
    private record Entry(@Nullable Stamp stamp, @Nullable MeshPod pod, @Nullable String problem) {}

    /** Changes with a file's content, mostly. */
    private record Stamp(@Nullable Object key, long modified, long size) {
        static @Nullable Stamp of(Path path) {
            try {
                BasicFileAttributes attributes = Files.readAttributes(path, BasicFileAttributes.class);
                return new Stamp(attributes.fileKey(), attributes.lastModifiedTime().to(java.util.concurrent.TimeUnit.NANOSECONDS),
                        attributes.size());
            } catch (IOException e) {
                return null;
            }
        }
    }

    private final Path directory;
    private final PodFiles files = new PodFiles();
    private final DirectoryWatch watch;
    /** By the file's name; guarded by this. */
    private Map<String, Entry> entries = new TreeMap<>();
    /** By uid. */
    private volatile Map<String, MeshPod> pods = Map.of();
    private volatile Map<String, String> problems = Map.of();
    private volatile boolean synced;
    private volatile @Nullable Listener listener;
    private volatile @Nullable DirectoryLock lock;

    /**
     * Creates a source that isn't watched yet.
     *
     * @param directory the directory
     * @param create whether it is created if it is missing
     * @throws IOException if it is missing, or another user could write to it
     */
    public PodDirectory(Path directory, boolean create) throws IOException {
        this.directory = directory.toAbsolutePath();
        if (create && !Files.exists(directory)) {
            Files.createDirectories(directory, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
        }
        if (!Files.isDirectory(directory)) {
            throw new AgentException(directory + " is not a directory; create it with: install -d -m 700 " + directory);
        }
        int owner = (int) Files.getAttribute(directory, "unix:uid");
        int self = (int) Files.getAttribute(Path.of("/proc/self"), "unix:uid");
        int mode = (int) Files.getAttribute(directory, "unix:mode");
        if (owner != 0 && owner != self) {
            throw new AgentException(
                    directory + " belongs to user " + owner + ", who could change pods; it must belong to root or user " + self);
        }
        if ((mode & WRITABLE_BY_OTHERS) != 0) {
            throw new AgentException("other users can write to " + directory + ", and change pods; run: chmod go-w " + directory);
        }
        this.watch = new DirectoryWatch(this.directory, PASS, this::read);
    }

    /** {@return the directory} */
    public Path path() {
        return directory;
    }

    @Override
    public void start(Listener changes) throws IOException {
        lock = DirectoryLock.take(directory);
        listener = changes;
        watch.start();
    }

    /** Reads these files; if there are none, those that have changed, and if null, all. */
    private void read(@Nullable Set<String> changed) {
        try {
            refresh(changed);
        } catch (IOException e) {
            LOG.error("{} can't be read, so its pods stay as they are: {}", directory, PodFiles.reason(e));
            return;
        }
        if (!synced) {
            synced = true;
            Listener told = listener;
            if (told != null) {
                told.synced();
            }
        }
    }

    /** Reads the directory, and tells the listener what has changed: whoever has called this knows that the listener has been told. */
    private synchronized void refresh(@Nullable Set<String> changed) throws IOException {
        Set<String> different = take(synced && changed != null && !changed.isEmpty() ? readSome(changed) : readAll(changed));
        Listener told = listener;
        if (told != null) {
            different.forEach(told::changed);
        }
    }

    /** Returns the files that are there, if these are all that have changed. */
    private Map<String, Entry> readSome(Set<String> changed) {
        Map<String, Entry> now = new TreeMap<>(entries);
        for (String name : changed) {
            if (isPodFile(name)) {
                Path file = directory.resolve(name);
                if (Files.exists(file, LinkOption.NOFOLLOW_LINKS)) {
                    now.put(name, read(name, Stamp.of(file), entries.get(name)));
                } else {
                    now.remove(name);
                }
            }
        }
        return now;
    }

    /** Returns all files that are there, of which those that haven't changed aren't read. */
    private Map<String, Entry> readAll(@Nullable Set<String> changed) throws IOException {
        Map<String, Entry> now = new TreeMap<>();
        for (String name : names()) {
            Entry before = entries.get(name);
            Stamp stamp = Stamp.of(directory.resolve(name));
            boolean same =
                    changed != null && !changed.contains(name) && before != null && stamp != null && stamp.equals(before.stamp());
            now.put(name, same ? before : read(name, stamp, before));
        }
        return now;
    }

    /** Makes these the files; returns the uids of the pods that have changed. */
    private Set<String> take(Map<String, Entry> now) {
        Set<String> different = new TreeSet<>();
        entries = now;
        Map<String, MeshPod> newPods = new HashMap<>();
        Map<String, String> newProblems = new TreeMap<>();
        now.forEach((name, entry) -> {
            MeshPod pod = entry.pod();
            String problem = entry.problem();
            if (pod != null && newPods.putIfAbsent(pod.uid(), pod) != null) {
                problem = "another file before it describes pod " + pod.uid();
            }
            if (problem != null) {
                newProblems.put(PodFile.quote(name), problem);
            }
        });
        newProblems.forEach((name, problem) -> {
            if (!problem.equals(problems.get(name))) {
                LOG.warn("file {} in {} is ignored, and what it said before holds: {}", name, directory, problem);
            }
        });
        Set<String> uids = new HashSet<>(pods.keySet());
        uids.addAll(newPods.keySet());
        for (String uid : uids) {
            if (!Optional.ofNullable(newPods.get(uid)).equals(Optional.ofNullable(pods.get(uid)))) {
                different.add(uid);
            }
        }
        pods = Map.copyOf(newPods);
        problems = Map.copyOf(newProblems);
        return different;
    }

    private static boolean isPodFile(String name) {
        return name.endsWith(".json") && !name.startsWith(".");
    }

    private List<String> names() throws IOException {
        List<String> names = new ArrayList<>();
        try (DirectoryStream<Path> all = Files.newDirectoryStream(directory)) {
            for (Path file : all) {
                String name = file.getFileName().toString();
                if (isPodFile(name)) {
                    names.add(name);
                }
            }
        } catch (java.nio.file.DirectoryIteratorException e) {
            throw e.getCause();
        }
        return names;
    }

    /** Reads a file; if it can't be read, what it said before holds. */
    private Entry read(String name, @Nullable Stamp stamp, @Nullable Entry before) {
        MeshPod last = before == null ? null : before.pod();
        try {
            MeshPod pod = files.read(directory.resolve(name)).podOrFault();
            if (pod.fault() != null && last != null && last.fault() == null && last.uid().equals(pod.uid())) {
                return new Entry(stamp, last, pod.fault());
            }
            return new Entry(stamp, pod, pod.fault());
        } catch (IOException e) {
            return new Entry(stamp, last, PodFiles.reason(e));
        }
    }

    /**
     * Writes a pod's file, in place of the one that describes it already, and reads it.
     *
     * @param pod the pod
     * @throws IOException if it can't be written; nothing has changed then
     */
    public void write(PodFile pod) throws IOException {
        String uid = pod.checkedUid();
        Path file = file(uid).orElseGet(() -> directory.resolve(fileName(uid)));
        files.write(file, pod);
        refresh(Set.of(file.getFileName().toString()));
    }

    /**
     * Deletes the file of a pod, if there is one.
     *
     * @param uid the pod
     * @throws IOException if it can't be deleted
     */
    public void delete(String uid) throws IOException {
        for (Optional<Path> file = file(uid); file.isPresent(); file = file(uid)) {
            Files.deleteIfExists(file.get());
            refresh(Set.of(file.get().getFileName().toString()));
        }
    }

    private synchronized Optional<Path> file(String uid) {
        return entries.entrySet().stream().filter(entry -> entry.getValue().pod() != null && entry.getValue().pod().uid().equals(uid))
                .map(entry -> directory.resolve(entry.getKey())).filter(path -> Files.exists(path, LinkOption.NOFOLLOW_LINKS)).findFirst();
    }

    /** The uid may contain slashes, and be longer than a file's name may be. */
    private static String fileName(String uid) {
        String name = URLEncoder.encode(uid, StandardCharsets.UTF_8);
        return (name.length() <= MAX_NAME ? name
                : name.substring(0, MAX_NAME - 36) + UUID.nameUUIDFromBytes(uid.getBytes(StandardCharsets.UTF_8))) + ".json";
    }

    /** {@return what is wrong with which file, by the file's name in quotes} */
    public Map<String, String> problems() {
        return new TreeMap<>(problems);
    }

    @Override
    public boolean synced() {
        return synced;
    }

    @Override
    public Collection<MeshPod> pods() {
        return pods.values();
    }

    @Override
    public Optional<MeshPod> pod(String uid) {
        return Optional.ofNullable(pods.get(uid));
    }

    @Override
    public Membership membership(String namespace, String name, String uid, Duration patience) {
        return Membership.among(pods.values(), namespace, name, uid)
                .orElseGet(() -> synced ? new Membership.Outside("no file in " + directory + " describes it")
                        : new Membership.Unknown(directory + " hasn't been read yet"));
    }

    /** Has no place for it: the agent's list shows it. */
    @Override
    public void report(MeshPod pod, Optional<PodState> state) {
        LOG.debug("pod {}: {}", pod.uid(), state);
    }

    @Override
    public void close() {
        watch.close();
        DirectoryLock taken = lock;
        if (taken != null) {
            taken.close();
        }
    }

    @Override
    public String toString() {
        return "the files of " + directory;
    }
}
