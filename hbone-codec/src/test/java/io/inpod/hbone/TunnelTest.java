package io.inpod.hbone;

import static org.assertj.core.api.Assertions.assertThat;

import io.inpod.hbone.client.HbonePool;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class TunnelTest {
    @Test
    void carriesARequestAndItsAnswer() throws Exception {
        try (Mesh mesh = new Mesh()) {
            var address = mesh.serve(Mesh.echo());
            Recorder tunnel = mesh.open(mesh.pool(), address);
            tunnel.write("hello");
            assertThat(tunnel.next()).isEqualTo("hello");
            tunnel.channel().shutdownOutput();
            assertThat(List.of(tunnel.next(), tunnel.next(), tunnel.next())).containsExactly("EOF", "EOF-complete", "inactive");
            assertThat(tunnel.channel().peerIdentity()).isEqualTo(Mesh.SERVER);
        }
    }

    @Test
    void manyTunnelsShareOneConnection() throws Exception {
        try (Mesh mesh = new Mesh()) {
            var address = mesh.serve(Mesh.echo());
            HbonePool pool = mesh.pool();
            List<Recorder> tunnels = new ArrayList<>();
            for (int i = 0; i < 50; i++) {
                tunnels.add(mesh.open(pool, address));
            }
            for (int i = 0; i < 50; i++) {
                tunnels.get(i).write("tunnel " + i);
            }
            for (int i = 0; i < 50; i++) {
                assertThat(tunnels.get(i).next()).isEqualTo("tunnel " + i);
            }
            assertThat(mesh.onClient(pool::connections)).isEqualTo(1);
            assertThat(mesh.accepted.size()).isEqualTo(1);
        }
    }
}
