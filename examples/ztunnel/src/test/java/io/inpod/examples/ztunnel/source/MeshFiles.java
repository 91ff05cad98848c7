package io.inpod.examples.ztunnel.source;

import io.inpod.examples.ztunnel.config.ConfigException;
import io.inpod.examples.ztunnel.config.ProxyConfigTest;
import io.inpod.examples.ztunnel.mesh.Mesh;
import java.nio.charset.StandardCharsets;

/** Reads meshes for tests. */
public final class MeshFiles {
    private MeshFiles() {}

    /** Reads a mesh. */
    public static Mesh parse(String text) throws ConfigException {
        return parse(text.getBytes(StandardCharsets.UTF_8));
    }

    static Mesh parse(byte[] text) throws ConfigException {
        MeshContents contents =
                MeshFile.read("mesh.yaml", DocumentText.of("mesh.yaml", text), ProxyConfigTest.config(), new Interner(null));
        return contents == null ? Mesh.EMPTY : contents.mesh(Mesh.EMPTY);
    }
}
