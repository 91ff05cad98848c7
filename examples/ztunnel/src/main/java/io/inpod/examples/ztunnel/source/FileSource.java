package io.inpod.examples.ztunnel.source;

import io.inpod.examples.ztunnel.config.ConfigException;
import io.inpod.examples.ztunnel.config.ProxyConfig;
import io.inpod.examples.ztunnel.mesh.MeshState;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** The mesh as its file describes it now: pods come and go. {@link #refresh} is called on one thread. */
public final class FileSource {
    private final ProxyConfig config;
    private final MeshState state;
    private @Nullable Version version;

    /** What shows that a file has been replaced or written to. */
    private record Version(@Nullable Object file, Object modified, long size) {}

    private FileSource(ProxyConfig config, MeshState state) throws ConfigException {
        this.config = config;
        this.state = state;
        this.version = version(config.localXdsPath()); // before it is read: what is written meanwhile is read later
        state.replace(MeshFile.read(config));
    }

    /**
     * Reads the mesh that a configuration names.
     *
     * @param config the configuration, with LOCAL_XDS_PATH or LOCAL_XDS
     * @param state what is replaced whenever the file changes
     * @return the source
     * @throws ConfigException naming file, place and key
     */
    public static FileSource read(ProxyConfig config, MeshState state) throws ConfigException {
        return new FileSource(config, state);
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
        state.replace(MeshFile.read(config));
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
