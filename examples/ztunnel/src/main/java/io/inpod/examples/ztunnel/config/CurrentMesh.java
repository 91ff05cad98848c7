package io.inpod.examples.ztunnel.config;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Objects;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** The mesh as its file describes it now: pods come and go. Thread-safe; {@link #refresh} is called on one thread. */
public final class CurrentMesh implements Supplier<Mesh> {
    private final ProxyConfig config;
    private volatile Mesh mesh;
    private @Nullable Version version;

    /** What shows that a file has been replaced or written to. */
    private record Version(@Nullable Object file, Object modified, long size) {}

    private CurrentMesh(ProxyConfig config) throws ConfigException {
        this.config = config;
        this.version = version(config.localXdsPath()); // before it is read: what is written meanwhile is read later
        this.mesh = MeshFile.read(config);
    }

    /**
     * Reads the mesh that a configuration names.
     *
     * @param config the configuration, with LOCAL_XDS_PATH or LOCAL_XDS
     * @return the mesh
     * @throws ConfigException naming file, place and key
     */
    public static CurrentMesh read(ProxyConfig config) throws ConfigException {
        return new CurrentMesh(config);
    }

    /** {@return the mesh that was read last} */
    @Override
    public Mesh get() {
        return mesh;
    }

    /**
     * Reads the file again if it has changed. To change it without a moment in which half of it is read, write another file and rename it.
     *
     * @return whether another mesh counts from now on
     * @throws ConfigException if the changed file can't be used, once for each change; what was read before stays in force
     */
    public boolean refresh() throws ConfigException {
        Version now = version(config.localXdsPath());
        if (now == null || Objects.equals(now, version)) {
            return false;
        }
        version = now;
        mesh = MeshFile.read(config);
        return true;
    }

    /** Returns null for text that can't change, and while there is no file. */
    private static @Nullable Version version(@Nullable Path path) {
        if (path == null) {
            return null;
        }
        try {
            BasicFileAttributes attributes = Files.readAttributes(path, BasicFileAttributes.class);
            return new Version(attributes.fileKey(), attributes.lastModifiedTime(), attributes.size());
        } catch (IOException e) {
            return null;
        }
    }
}
