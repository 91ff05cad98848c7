package io.inpod.examples.ztunnel.source;

import io.inpod.examples.ztunnel.config.ConfigException;
import io.inpod.examples.ztunnel.config.ProxyConfig;
import io.inpod.examples.ztunnel.mesh.Mesh;
import io.inpod.examples.ztunnel.mesh.MeshState;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/** A mesh that a variable contains, and that never changes. */
final class TextSource implements MeshSource {
    private static final String NAME = "LOCAL_XDS";

    private final ProxyConfig config;
    private volatile @Nullable SourceStatus status;

    TextSource(ProxyConfig config) {
        this.config = config;
    }

    @Override
    public void start(MeshState state) throws ConfigException {
        String text = config.localXds() == null ? "" : config.localXds();
        ByteBuf bytes = Unpooled.wrappedBuffer(text.getBytes(StandardCharsets.UTF_8));
        String hash = DocumentText.hash(bytes);
        MeshContents contents = MeshFile.read(NAME, DocumentText.of(NAME, bytes), config, new Interner(null), Mesh.EMPTY);
        state.replace(contents == null ? Mesh.EMPTY : contents.mesh());
        status = new SourceStatus(NAME, hash, Instant.now(), null, null, 0, 0);
    }

    @Override
    public SourceStatus status() {
        SourceStatus now = status;
        if (now == null) {
            throw new IllegalStateException("the source hasn't begun");
        }
        return now;
    }

    @Override
    public void close() {
        // it does nothing
    }
}
