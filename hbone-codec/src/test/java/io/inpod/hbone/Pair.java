package io.inpod.hbone;

import io.inpod.hbone.client.HbonePool;
import java.net.InetSocketAddress;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/** Records both ends of tunnels. */
final class Pair {
    final Mesh mesh;
    final InetSocketAddress address;
    final HbonePool pool;
    private final LinkedBlockingQueue<Recorder> servers = new LinkedBlockingQueue<>();

    Pair(Mesh mesh) throws Exception {
        this(mesh, Recorder::new);
    }

    Pair(Mesh mesh, Supplier<Recorder> serverSide) throws Exception {
        this.mesh = mesh;
        this.address = mesh.serve(request -> {
            Recorder recorder = serverSide.get();
            Mesh.accept(request, recorder);
            servers.add(recorder);
        });
        this.pool = mesh.pool();
    }

    Ends open(Recorder client) throws Exception {
        mesh.open(pool, address, client);
        Recorder server = servers.poll(Mesh.PATIENCE, TimeUnit.SECONDS);
        return new Ends(client, java.util.Objects.requireNonNull(server));
    }

    Ends open() throws Exception {
        return open(new Recorder());
    }

    record Ends(Recorder client, Recorder server) {
        Recorder side(boolean ofClient) {
            return ofClient ? client : server;
        }
    }
}
