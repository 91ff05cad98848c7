package io.inpod.examples.ztunnel.source;

import io.inpod.examples.ztunnel.config.ConfigException;
import io.inpod.examples.ztunnel.mesh.MeshState;
import java.io.IOException;

/** Keeps a {@link MeshState} up to date. */
public interface MeshSource extends AutoCloseable {
    /**
     * Begins. Whatever it needs later is started now: threads must not be started after the first switch into a pod's namespace.
     *
     * @param state what it replaces whenever the mesh changes
     * @throws ConfigException if what it should read at the start can't be used
     * @throws IOException if it can't begin
     */
    void start(MeshState state) throws ConfigException, IOException;

    /** Ends. The state stays as it is. */
    @Override
    void close();
}
