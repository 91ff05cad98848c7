package io.inpod.examples.nodeagent;

import static org.assertj.core.api.Assertions.assertThat;

import io.inpod.examples.zds.ForeignPeer;
import io.inpod.examples.zds.ZdsServer;
import io.inpod.netns.NetworkNamespace;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.concurrent.Semaphore;

/** A proxy that sends the answers chosen by a test. */
final class FakeProxy implements AutoCloseable {
    private final ForeignPeer peer = new ForeignPeer();

    private final Semaphore snapshots = new Semaphore(0);

    /** Connects from a cgroup to an agent in this process. */
    FakeProxy(ZdsServer server, Path socket, Path cgroup) throws IOException {
        server.onSnapshot(snapshots::release);
        Files.writeString(cgroup.resolve("cgroup.procs"), Long.toString(peer.pid()));
        connect(socket);
    }

    /** Connects to an agent in this process. */
    FakeProxy(ZdsServer server, Path socket) throws IOException {
        server.onSnapshot(snapshots::release);
        connect(socket);
    }

    /** Connects to an agent in another process. */
    FakeProxy(Path socket) throws IOException {
        snapshots.release();
        connect(socket);
    }

    private void connect(Path socket) throws IOException {
        peer.run("connect " + socket);
        peer.run("send 0801");
    }

    /**
     * Expects the end of the snapshot. An agent looks at its pods once more when it is acknowledged; if this is one in this process, it has
     * requested that when this returns.
     */
    void expectSnapshot() throws IOException {
        assertThat(peer.ask("recv")).isEqualTo("1a00");
        ack();
        snapshots.acquireUninterruptibly();
    }

    /** Expects a pod with its names and namespace. */
    void expectAdd(NetworkNamespace namespace, String... words) throws IOException {
        String[] received = peer.ask("recv").split(" ");
        assertThat(text(received[0])).startsWith("\n").contains(words);
        assertThat(received).hasSize(2);
        assertThat(received[1]).isEqualTo(Long.toString(namespace.identity().inode()));
    }

    void expectDel(String uid) throws IOException {
        String received = text(peer.ask("recv"));
        assertThat(received).startsWith("\u0012").endsWith(uid);
    }

    void expectKeep(String uid) throws IOException {
        String received = text(peer.ask("recv"));
        assertThat(received).startsWith("*").endsWith(uid);
    }

    private static String text(String hex) {
        return new String(HexFormat.of().parseHex(hex), StandardCharsets.UTF_8);
    }

    void ack() throws IOException {
        peer.run("send 0a00");
    }

    void nack() throws IOException {
        peer.run("send 0a060a04626f6f6d");
    }

    /** Ends the session. */
    void leave() throws IOException {
        peer.close();
    }

    @Override
    public void close() throws IOException {
        leave();
    }
}
