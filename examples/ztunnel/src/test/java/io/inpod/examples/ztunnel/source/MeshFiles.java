package io.inpod.examples.ztunnel.source;

import io.inpod.examples.ztunnel.config.ConfigException;
import io.inpod.examples.ztunnel.config.ProxyConfigTest;
import io.inpod.examples.ztunnel.mesh.Mesh;
import java.nio.charset.StandardCharsets;
import java.util.Set;

/** Reads meshes for tests, also with keys that the proxy doesn't enforce yet. */
public final class MeshFiles {
    private MeshFiles() {}

    /** Reads a mesh with all keys. */
    public static Mesh parse(String text) throws ConfigException {
        return parse(text, Set.of());
    }

    static Mesh parse(String text, Set<String> refused) throws ConfigException {
        return parse(text.getBytes(StandardCharsets.UTF_8), refused);
    }

    static Mesh parse(byte[] text, Set<String> refused) throws ConfigException {
        MeshContents contents =
                MeshFile.read("mesh.yaml", DocumentText.of("mesh.yaml", text), ProxyConfigTest.config(), refused, new Interner(null));
        return contents == null ? Mesh.EMPTY : contents.mesh(Mesh.EMPTY);
    }
}
