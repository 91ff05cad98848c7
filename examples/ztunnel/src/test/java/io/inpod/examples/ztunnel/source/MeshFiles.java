package io.inpod.examples.ztunnel.source;

import io.inpod.examples.ztunnel.config.ConfigException;
import io.inpod.examples.ztunnel.config.ProxyConfigTest;
import io.inpod.examples.ztunnel.mesh.Mesh;
import io.netty.buffer.Unpooled;
import java.nio.charset.StandardCharsets;

/** Reads meshes for tests. */
public final class MeshFiles {
    private MeshFiles() {}

    /** Reads a mesh. */
    public static Mesh parse(String text) throws ConfigException {
        return parse(text.getBytes(StandardCharsets.UTF_8));
    }

    static Mesh parse(byte[] text) throws ConfigException {
        return parse(text, Mesh.EMPTY);
    }

    /** Reads a mesh that follows another one. */
    static Mesh parse(String text, Mesh before) throws ConfigException {
        return parse(text.getBytes(StandardCharsets.UTF_8), before);
    }

    private static Mesh parse(byte[] text, Mesh before) throws ConfigException {
        MeshContents contents =
                MeshFile.read("mesh.yaml", DocumentText.of("mesh.yaml", Unpooled.wrappedBuffer(text)), ProxyConfigTest.config(), new Interner(null), before);
        return contents == null ? Mesh.EMPTY : contents.mesh();
    }
}
