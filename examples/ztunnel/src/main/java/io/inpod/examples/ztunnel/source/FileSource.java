package io.inpod.examples.ztunnel.source;

import io.inpod.examples.ztunnel.config.ConfigException;
import io.inpod.examples.ztunnel.config.ProxyConfig;
import io.inpod.examples.ztunnel.mesh.Mesh;
import io.inpod.examples.ztunnel.mesh.MeshState;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The mesh as its file describes it now. A thread of its own looks at the file regularly, which works on every file system and through any
 * symbolic link, and reads it when it has changed and come to rest. What can't be used leaves the last good mesh in force.
 */
final class FileSource implements MeshSource {
    private static final Duration PAUSE = Duration.ofMillis(200);
    /** As many glances are taken for each look. */
    private static final int GLANCES = 2;
    private static final Duration START_DEADLINE = Duration.ofSeconds(10);
    private static final Logger LOG = LoggerFactory.getLogger("ztunnel");
    /** A mesh takes about as much of the heap as its file has bytes, and the one before is still there. */
    private static final long MOST_BYTES = Math.min(Integer.MAX_VALUE - 16, Runtime.getRuntime().maxMemory() / 4);

    private static final int PIECE = 1 << 20;

    private final Path path;
    private final Thread thread = new Thread(this::run, "mesh");
    private final Watched watched = new Watched();
    private final MeshReader reader;
    private @Nullable String reported;
    private @Nullable MeshState state;
    /** When the file had been written to at the last glance. */
    private long glancedAt;
    private volatile @Nullable SourceStatus status;
    private boolean closed;

    @SuppressWarnings("ThreadPriorityCheck") // without effect where the launcher's flags are missing, and nothing depends on it
    FileSource(ProxyConfig config, Path path) {
        this.path = path;
        this.reader = new MeshReader(path.toString(), config);
        thread.setDaemon(true);
        thread.setPriority(Thread.MIN_PRIORITY); // connections go on meanwhile; the launcher makes priorities count
    }

    @Override
    public void start(MeshState state) throws ConfigException {
        open(state);
        thread.start();
    }

    /** Reads the file for the first time. An empty one is an empty mesh: there is none before that it could replace. */
    void open(MeshState state) throws ConfigException {
        try {
            ByteBuf bytes = firstBytes();
            try {
                String hash = DocumentText.hash(bytes);
                Mesh mesh = read(DocumentText.of(path.toString(), bytes), Mesh.EMPTY);
                this.state = state;
                this.status = new SourceStatus(path.toString(), hash, Instant.now(), null, null, 0, 0);
                state.replace(mesh == null ? Mesh.EMPTY : mesh);
            } finally {
                bytes.release();
            }
        } catch (NoSuchFileException e) {
            throw new ConfigException("LOCAL_XDS_PATH: can't read " + path + ": no such file", e);
        } catch (IOException e) {
            throw new ConfigException("LOCAL_XDS_PATH: can't read " + path + ": " + e.getMessage(), e);
        }
    }

    private ByteBuf firstBytes() throws ConfigException, IOException {
        long start = System.nanoTime();
        do {
            FileVersion version = FileVersion.of(path);
            if (watched.isDue(version) || version.isOlderThan(PAUSE)) {
                ByteBuf bytes = bytes(version);
                if (watched.isWhole(version, FileVersion.of(path))) {
                    return bytes;
                }
                bytes.release();
            }
            try {
                TimeUnit.MILLISECONDS.sleep(PAUSE.toMillis());
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new IOException("interrupted while waiting for it to come to rest", e);
            }
        } while (System.nanoTime() - start < START_DEADLINE.toNanos());
        throw new IOException("it has been written to for " + START_DEADLINE.toSeconds() + " s");
    }

    /** Returns the file's bytes, outside of the heap, where nothing else is copied because of them; to be released. */
    private ByteBuf bytes(FileVersion version) throws ConfigException, IOException {
        if (!version.regular()) {
            throw new ConfigException(path + " must be a regular file, not a directory, pipe, socket or device");
        }
        if (version.size() > MOST_BYTES) {
            throw new ConfigException(tooLarge());
        }
        ByteBuf bytes;
        try {
            bytes = Unpooled.directBuffer((int) version.size() + 1, (int) MOST_BYTES + 1);
        } catch (OutOfMemoryError e) {
            throw new ConfigException(tooLarge(), e);
        }
        try (FileChannel file = FileChannel.open(path)) {
            int last = 0;
            while (last >= 0 && bytes.writerIndex() < MOST_BYTES) {
                last = bytes.writeBytes(file, (int) Math.min(PIECE, MOST_BYTES - bytes.writerIndex()));
            }
            return bytes;
        } catch (IOException | RuntimeException | Error e) {
            bytes.release();
            throw e;
        }
    }

    private String tooLarge() {
        return path + " doesn't fit into a heap of " + (Runtime.getRuntime().maxMemory() >> 20)
                + " MiB; raise it with -Xmx to at least four times the file's size";
    }

    private @Nullable Mesh read(DocumentText text, Mesh current) throws ConfigException {
        try {
            return reader.read(text, current);
        } catch (OutOfMemoryError e) {
            throw new ConfigException(tooLarge(), e);
        }
    }

    private void run() {
        for (int i = 1; !isClosed(); i++) {
            try {
                TimeUnit.MILLISECONDS.sleep(PAUSE.toMillis() / GLANCES);
                glance();
                if (i % GLANCES == 0) {
                    look();
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return;
            } catch (RuntimeException | Error e) {
                LOG.error("an unexpected error while reading {}", path, e);
            }
        }
    }

    /**
     * Reads another file that has taken the place of the one that was read, without waiting until it has come to rest, and uses it if it
     * is JSON: the beginning of such a document isn't one, so this is all of it. Otherwise the next looks say what is to be said.
     */
    void glance() {
        long modified = path.toFile().lastModified(); // costs a third of a look
        if (modified == glancedAt) {
            return;
        }
        glancedAt = modified;
        ByteBuf bytes = null;
        try {
            FileVersion version = FileVersion.of(path);
            if (!watched.isReplaced(version)) {
                return;
            }
            bytes = bytes(version);
            String hash = DocumentText.hash(bytes);
            DocumentText text = DocumentText.of(path.toString(), bytes);
            if (text.mayBeJson() && FileVersion.of(path).equals(version)) {
                Mesh next = reader.readJson(text, Objects.requireNonNull(state).get());
                if (next != null && watched.isWhole(version, version)) {
                    apply(next, hash);
                }
            }
        } catch (IOException | ConfigException | OutOfMemoryError e) {
            LOG.debug("{} can't be used at once: {}", path, e.getMessage());
        } finally {
            if (bytes != null) {
                bytes.release();
            }
        }
    }

    /** Looks at the file, and reads it if it is due. */
    void look() {
        ByteBuf bytes = null;
        try {
            FileVersion version = FileVersion.of(path);
            if (!watched.isDue(version)) {
                return;
            }
            bytes = bytes(version);
            if (watched.isWhole(version, FileVersion.of(path))) {
                use(bytes);
            }
        } catch (IOException | ConfigException e) {
            watched.forget();
            report("", e instanceof NoSuchFileException ? path + " is gone" : "can't read " + path + ": " + e.getMessage());
        } finally {
            if (bytes != null) {
                bytes.release();
            }
        }
    }

    private void use(ByteBuf bytes) {
        String hash = DocumentText.hash(bytes);
        SourceStatus before = status();
        if (hash.equals(before.version())) {
            if (before.error() != null) {
                LOG.info("{} is as it was when it was last used", path);
                status = before.good();
            }
            reported = null;
            return;
        }
        try {
            Mesh current = Objects.requireNonNull(state).get();
            Mesh next = read(DocumentText.of(path.toString(), bytes), current);
            if (next == null && !isEmpty(current)) {
                throw new ConfigException(path + " is empty, as a file is that is about to be written; an empty mesh is written {}");
            }
            apply(next == null ? Mesh.EMPTY : next, hash);
        } catch (ConfigException e) {
            report(hash, e.getMessage());
        }
    }

    private static boolean isEmpty(Mesh mesh) {
        return mesh.workloads().isEmpty() && mesh.services().isEmpty() && mesh.policies().isEmpty();
    }

    private synchronized void apply(Mesh next, String version) {
        if (closed) {
            return;
        }
        reported = null;
        status = status().loaded(version, Instant.now());
        MeshState current = Objects.requireNonNull(state);
        if (next != current.get()) {
            current.replace(next);
        }
        LOG.info("{} workloads known, {} services, {} policies", next.size(), next.services().size(), next.policies().size());
    }

    /** Reports each contents and each problem once. */
    private synchronized void report(String version, @Nullable String problem) {
        String once = version + problem;
        if (!closed && !once.equals(reported)) {
            reported = once;
            status = status().failed(String.valueOf(problem), Instant.now());
            LOG.error("the changed mesh can't be used, so the earlier one stays in force: {}", problem);
        }
    }

    @Override
    public SourceStatus status() {
        SourceStatus now = status;
        if (now == null) {
            throw new IllegalStateException("the source hasn't begun");
        }
        return now;
    }

    private synchronized boolean isClosed() {
        return closed;
    }

    @Override
    public void close() {
        synchronized (this) {
            closed = true;
        }
        thread.interrupt();
    }
}
