package io.inpod.hbone;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFutureListener;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Go's net/http at the other end. */
@Timeout(180)
class GoPeerTest {
    @Test
    void goAsClient() throws Exception {
        Tools.require("go", "version");
        try (Mesh mesh = new Mesh()) {
            var address = mesh.serve(GoPeerTest::answer);
            Path program = mesh.directory.resolve("peer.go");
            try (var in = GoPeerTest.class.getResourceAsStream("/peer.go")) {
                Files.copy(Objects.requireNonNull(in), program);
            }
            Path chain = mesh.directory.resolve("chain.pem");
            Path key = mesh.directory.resolve("key.pem");
            mesh.ca.issueTo(Mesh.CLIENT, chain, key);
            Tools.run("env", "CGO_ENABLED=0", "GOTOOLCHAIN=local", "GOFLAGS=", "go", "build", "-o", mesh.directory.resolve("peer").toString(), program.toString());
            String said = Tools.run(mesh.directory.resolve("peer").toString(), String.valueOf(address.getPort()), chain.toString(), key.toString(),
                    mesh.ca.rootCertificate().toString());
            assertThat(said.lines()).containsExactly("peer h2 [" + Mesh.SERVER + "]", "status 200", "echoed 1048576 true yes",
                    "status 200", "read part stream error: stream ID 3; CANCEL; received from peer", "status 503");
        }
    }

    private static void answer(TunnelRequest request) {
        assertThat(request.headers()).contains(new Header("baggage", "k=v"));
        try {
            switch (request.authority().port()) {
                case 81 -> request.accept(List.of(), new Recorder()).writeAndFlush(Unpooled.copiedBuffer("part", StandardCharsets.US_ASCII))
                        .addListener(ChannelFutureListener.CLOSE);
                case 82 -> request.refuse(503);
                default -> request.accept(List.of(new Header("x-answer", "yes")), new Mesh.Echo());
            }
        } catch (TunnelResetException e) {
            throw new IllegalStateException(e);
        }
    }
}
