package io.inpod.examples.ztunnel.source;

import io.inpod.examples.ztunnel.config.ConfigException;
import io.inpod.examples.ztunnel.config.ProxyConfig;
import io.inpod.examples.ztunnel.mesh.Mesh;
import io.inpod.examples.ztunnel.mesh.MeshState;
import io.prometheus.metrics.model.registry.MultiCollector;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/** Keeps a {@link MeshState} up to date. */
public interface MeshSource extends AutoCloseable {
    /**
     * Creates the source that a configuration names.
     *
     * @param config the configuration, with LOCAL_XDS_PATH or LOCAL_XDS
     * @return the source, which hasn't begun
     */
    static MeshSource of(ProxyConfig config) {
        Path path = config.localXdsPath();
        return path == null ? new TextSource(config) : new FileSource(config, path);
    }

    /**
     * Reads a file once.
     *
     * @param config supplies defaults
     * @param path the file
     * @return the mesh that it describes
     * @throws ConfigException naming file, place and key
     */
    static Mesh read(ProxyConfig config, Path path) throws ConfigException {
        MeshState state = new MeshState();
        new FileSource(config, path).open(state);
        return state.get();
    }

    /**
     * Begins. Whatever it needs later is started now: threads must not be started after the first switch into a pod's namespace.
     *
     * @param state what it replaces whenever the mesh changes
     * @throws ConfigException if what it should read at the start can't be used
     * @throws IOException if it can't begin
     */
    void start(MeshState state) throws ConfigException, IOException;

    /**
     * Returns how it does.
     *
     * @return its status, from any thread
     * @throws IllegalStateException before it has begun
     */
    SourceStatus status();

    /** {@return what it counts beside its status, for Prometheus} */
    default List<MultiCollector> counters() {
        return List.of();
    }

    /** Ends. The state stays as it is. */
    @Override
    void close();
}
