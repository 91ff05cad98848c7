package io.inpod.examples.zds;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.inpod.netns.testing.LeakCheck;
import io.inpod.netns.testing.Pod;
import io.inpod.netns.testing.PodNetwork;
import io.inpod.netns.testing.Pods;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingQueue;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The agent's end, with independent proxies. */
@Pods(2)
class ZdsServerTest {
    private static final Duration LONG = Duration.ofSeconds(20);
    private static final String SNAPSHOT = "1a00";
    private static final String DEL_U1 = "120412027531";
    private static final String KEEP_U1 = "2a040a027531";
    private static final String ADD_U1 = "0a1b0a0275311215" + "0a057765622d30" + "120764656661756c74" + "1a03736131";
    private static final String OK = "send 0a00";
    private static final String BOOM = "send 0a060a04626f6f6d";

    @TempDir
    Path directory;

    private ExecutorService threads;
    private Path socket;
    private ZdsServer server;
    private ForeignPeer proxy;

    @BeforeEach
    void start() throws IOException {
        threads = Executors.newCachedThreadPool();
        socket = directory.resolve("run/ztunnel.sock");
        listen(LONG);
        proxy = new ForeignPeer();
    }

    private void listen(Duration patience) throws IOException {
        server = ZdsServer.listen(socket, threads, patience);
        threads.execute(server::run);
    }

    @AfterEach
    void stop() throws IOException {
        server.close();
        proxy.close();
        threads.shutdown();
    }

    private static ZdsPod web(Pod pod) {
        return new ZdsPod("u1", new WorkloadInfo("web-0", "default", "sa1"), pod.namespace());
    }

    private Future<Void> adding(Pod pod) {
        return server.send(web(pod));
    }

    private Future<Void> deleting() {
        return server.withdraw("u1");
    }

    private static void connect(ForeignPeer peer, Path socket) throws IOException {
        peer.run("connect " + socket);
        peer.run("send 0801");
    }

    private void connectWithEmptySnapshot() throws IOException {
        connect(proxy, socket);
        assertThat(proxy.ask("recv")).isEqualTo(SNAPSHOT);
        proxy.run(OK);
    }

    private static String with(Pod pod) {
        return ADD_U1 + " " + pod.namespace().identity().inode();
    }

    private static <T> Throwable failureOf(Future<T> future) {
        try {
            future.get();
        } catch (ExecutionException e) {
            return e.getCause();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
        throw new AssertionError("no failure");
    }

    @Test
    void theDirectoryIsPrivate() throws IOException {
        assertThat(Files.getPosixFilePermissions(socket.getParent())).isEqualTo(PosixFilePermissions.fromString("rwx------"));
        assertThat(Files.getPosixFilePermissions(socket)).isEqualTo(PosixFilePermissions.fromString("rw-------"));
        assertThatThrownBy(() -> ZdsServer.listen(socket, threads, LONG)).hasMessageContaining("EADDRINUSE");
        server.close();
        assertThat(socket).doesNotExist();
    }

    @Test
    void aPodIsHandedOverAndDeleted(PodNetwork network) throws Exception {
        connectWithEmptySnapshot();
        Future<Void> added = adding(network.pod(0));
        assertThat(proxy.ask("recv")).isEqualTo(with(network.pod(0)));
        assertThat(added).isNotDone();
        proxy.run(OK);
        added.get();

        Future<Void> deleted = deleting();
        assertThat(proxy.ask("recv")).isEqualTo(DEL_U1);
        proxy.run(OK);
        deleted.get();
    }

    @Test
    void aProxyThatComesBackGetsTheSnapshot(PodNetwork network) throws Exception {
        connectWithEmptySnapshot();
        Future<Void> added = adding(network.pod(0));
        proxy.ask("recv");
        proxy.run(OK);
        added.get();
        proxy.run("close");
        connect(proxy, socket);
        assertThat(proxy.ask("recv")).isEqualTo(with(network.pod(0)));
        proxy.run(OK);
        assertThat(proxy.ask("recv")).isEqualTo(SNAPSHOT);
    }

    @Test
    void aRefusedPodStaysInTheSnapshotUntilItIsWithdrawn(PodNetwork network) throws Exception {
        connectWithEmptySnapshot();
        server.awaitProxy(LONG);
        Future<Void> added = adding(network.pod(0));
        proxy.ask("recv");
        proxy.run(BOOM);
        assertThat(failureOf(added)).isInstanceOf(ZdsNackException.class).hasMessageContaining("u1").hasMessageContaining("boom");
        assertThat(server.isServed("u1")).isFalse();
        proxy.run("close");
        connect(proxy, socket);
        assertThat(proxy.ask("recv")).isEqualTo(with(network.pod(0)));
        proxy.run(OK);
        assertThat(proxy.ask("recv")).isEqualTo(SNAPSHOT);
        proxy.run(OK);
        Future<Void> deleted = deleting();
        assertThat(proxy.ask("recv")).isEqualTo(DEL_U1);
        proxy.run(OK);
        deleted.get();
        proxy.run("close");
        connectWithEmptySnapshot();
    }

    @Test
    void whatIsNotVerifiedYetIsKept(PodNetwork network) throws Exception {
        server.keep("u1");
        connect(proxy, socket);
        assertThat(proxy.ask("recv")).isEqualTo(KEEP_U1);
        proxy.run(OK);
        assertThat(proxy.ask("recv")).isEqualTo(SNAPSHOT);
        proxy.run(OK);
        assertThat(server.isServed("u1")).as("nobody knows").isFalse();
        Future<Void> added = adding(network.pod(0));
        assertThat(proxy.ask("recv")).isEqualTo(with(network.pod(0)));
        proxy.run(OK);
        added.get();
        assertThat(server.serves(web(network.pod(0)))).isTrue();
    }

    @Test
    void whenTheNewestGoesTheOneBeforeGetsItsPods(PodNetwork network) throws Exception {
        BlockingQueue<String> answers = new LinkedBlockingQueue<>();
        server.onAnswer((uid, refusal) -> answers.add(uid + " " + refusal));
        connectWithEmptySnapshot();
        try (ForeignPeer newest = new ForeignPeer()) {
            connect(newest, socket);
            assertThat(newest.ask("recv")).isEqualTo(SNAPSHOT);
            newest.run(OK);
            Future<Void> added = adding(network.pod(0));
            assertThat(newest.ask("recv")).isEqualTo(with(network.pod(0)));
            newest.run(OK);
            added.get();
            ZdsPod other = new ZdsPod("u2", new WorkloadInfo("web-1", "default", "sa1"), network.pod(1).namespace());
            added = server.send(other);
            newest.ask("recv"); // and goes without an answer
            newest.run("close");
            List<String> received = new ArrayList<>();
            for (int i = 0; i < 3 && received.stream().distinct().count() < 2; i++) {
                received.add(proxy.ask("recv").split(" ")[1]);
                proxy.run(OK);
            }
            assertThat(received).contains(Long.toString(network.pod(0).namespace().identity().inode()),
                    Long.toString(network.pod(1).namespace().identity().inode()));
            added.get();
            assertThat(answers.take()).isIn("u1 null", "u2 null");
        }
    }

    /** A hung proxy, the older one, holds up neither the newer one nor the caller. */
    @Test
    void aHungProxyHoldsUpNoOther(PodNetwork network) throws Exception {
        connectWithEmptySnapshot();
        try (ForeignPeer newest = new ForeignPeer()) {
            connect(newest, socket);
            assertThat(newest.ask("recv")).isEqualTo(SNAPSHOT);
            newest.run(OK);
            Future<Void> deleted = server.withdraw("u0"); // which the older one never answers
            newest.ask("recv");
            newest.run(OK);
            Future<Void> added = adding(network.pod(0));
            assertThat(newest.ask("recv")).isEqualTo(with(network.pod(0)));
            newest.run(OK);
            added.get();
            assertThat(deleted).isNotDone();
        }
    }

    @Test
    void descriptorsAreClosedWhateverHappens(PodNetwork network) throws Exception {
        connectWithEmptySnapshot();
        proxy.run("close");
        LeakCheck leaks = LeakCheck.begin();
        connectWithEmptySnapshot();
        for (int round = 0; round < 3; round++) {
            Future<Void> refused = adding(network.pod(0));
            Future<Void> queued = server.send(new ZdsPod("u2", web(network.pod(0)).info(), network.pod(0).namespace()));
            Future<Void> same = adding(network.pod(0)); // isn't sent twice
            proxy.ask("recv");
            if (round == 0) {
                proxy.run(BOOM);
                proxy.ask("recv");
                proxy.run(OK);
                queued.get();
            } else {
                proxy.run("close");
                assertThat(failureOf(queued)).hasMessageContaining("has closed the session");
                connect(proxy, socket);
                for (String pod : new String[] {"u1", "u2"}) {
                    assertThat(proxy.ask("recv")).as(pod).contains(" ");
                    proxy.run(OK);
                }
                assertThat(proxy.ask("recv")).isEqualTo(SNAPSHOT);
                proxy.run(OK);
                server.awaitProxy(LONG);
            }
            assertThat(failureOf(refused)).isInstanceOf(ZdsException.class);
            assertThat(failureOf(same)).isInstanceOf(ZdsException.class);
        }
        Future<Void> deleted = deleting();
        proxy.ask("recv");
        proxy.run(OK);
        deleted.get();
        deleted = server.withdraw("u2");
        proxy.ask("recv");
        proxy.run(OK);
        deleted.get();
        proxy.run("close");
        leaks.verify();
    }

    @Test
    void aKnownPodThatIsRefusedWhenAddedAgainStaysKnown(PodNetwork network) throws Exception {
        connectWithEmptySnapshot();
        for (String answer : new String[] {OK, BOOM}) {
            Future<Void> added = adding(network.pod(0));
            assertThat(proxy.ask("recv")).isEqualTo(with(network.pod(0)));
            proxy.run(answer);
            if (answer.equals(BOOM)) {
                assertThat(failureOf(added)).hasMessageContaining("boom");
            } else {
                added.get();
            }
        }
        proxy.run("close");
        connect(proxy, socket);
        assertThat(proxy.ask("recv")).isEqualTo(with(network.pod(0)));
        proxy.run(OK);
        assertThat(proxy.ask("recv")).isEqualTo(SNAPSHOT);
    }

    @Test
    void theNewestProxyGetsPodsAndAllHearOfDeletions(PodNetwork network) throws Exception {
        connectWithEmptySnapshot();
        try (ForeignPeer newest = new ForeignPeer()) {
            connect(newest, socket);
            assertThat(newest.ask("recv")).isEqualTo(SNAPSHOT);
            newest.run(OK);
            Future<Void> added = adding(network.pod(0));
            assertThat(newest.ask("recv")).isEqualTo(with(network.pod(0)));
            newest.run(OK);
            added.get();
            Future<Void> deleted = deleting();
            assertThat(proxy.ask("recv")).isEqualTo(DEL_U1);
            proxy.run(OK);
            assertThat(newest.ask("recv")).isEqualTo(DEL_U1);
            newest.run(OK);
            deleted.get();
        }
    }

    @Test
    void aPodAddedDuringTheSnapshotComesAfterIt(PodNetwork network) throws Exception {
        connect(proxy, socket);
        assertThat(proxy.ask("recv")).isEqualTo(SNAPSHOT);
        Future<Void> added = adding(network.pod(0));
        proxy.run(OK);
        assertThat(proxy.ask("recv")).isEqualTo(with(network.pod(0)));
        proxy.run(OK);
        added.get();
    }

    @Test
    void withoutAProxyAddingFailsAndDeletingSucceeds(PodNetwork network) throws Exception {
        assertThat(failureOf(adding(network.pod(0)))).isInstanceOf(ZdsSessionException.class).hasMessageContaining("no proxy is connected");
        assertThatThrownBy(() -> server.awaitProxy(Duration.ofMillis(20))).hasMessageContaining("no proxy is connected");
        deleting().get();
    }

    @Test
    void aLateAnswerEndsTheConnection(PodNetwork network) throws Exception {
        server.close();
        listen(Duration.ofMillis(300));
        connectWithEmptySnapshot();
        server.awaitProxy(LONG);
        Future<Void> added = adding(network.pod(0));
        proxy.ask("recv");
        assertThat(failureOf(added)).isInstanceOf(ZdsSessionException.class).hasMessageContaining("no answer").hasMessageContaining("300 ms");
        assertThat(proxy.ask("recv")).isEqualTo("EOF");
    }

    @Test
    void aProxyThatLeavesFailsTheWaitingRequest(PodNetwork network) throws Exception {
        connectWithEmptySnapshot();
        Future<Void> added = adding(network.pod(0));
        proxy.ask("recv");
        proxy.run("close");
        assertThat(failureOf(added)).isInstanceOf(ZdsSessionException.class).hasMessageContaining("has closed the session");
    }

    @Test
    void namesThatDoNotFitAreRefused(PodNetwork network) {
        ZdsPod pod = new ZdsPod("u".repeat(1024), new WorkloadInfo("a", "b", "c"), network.pod(0).namespace());
        assertThat(failureOf(server.send(pod))).hasMessageContaining("a message may have 1024");
    }

    @Test
    void badProxiesAreDroppedAndGoodOnesServed() throws Exception {
        server.close();
        listen(Duration.ofMillis(200));
        for (String bad : new String[] {"send deadbeef", "send 0802", "send 0801 /dev/null", "send -", "send " + "00".repeat(5000), "close"}) {
            proxy.run("connect " + socket);
            proxy.run(bad);
            if (!bad.equals("close")) {
                assertThat(proxy.ask("recv")).as(bad).isEqualTo("EOF");
            }
        }
        proxy.run("connect " + socket); // and sends nothing
        assertThat(proxy.ask("recv")).isEqualTo("EOF");
        connectWithEmptySnapshot();
        proxy.run(OK); // without a request
        assertThat(proxy.ask("recv")).isEqualTo("EOF");
        connectWithEmptySnapshot();
    }

    @Test
    void aProxyOfAnotherUserIsNotTrusted() throws Exception {
        Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwx--x--x"));
        Files.setPosixFilePermissions(socket.getParent(), PosixFilePermissions.fromString("rwx--x--x"));
        Files.setPosixFilePermissions(socket, PosixFilePermissions.fromString("rw-rw-rw-"));
        proxy.run("user 65534");
        proxy.run("connect " + socket);
        proxy.ask("send 0801"); // may find the connection closed already
        assertThat(proxy.ask("recv")).isIn("EOF", "error [Errno 104] Connection reset by peer");
        assertThat(server.proxies()).isZero();
    }

    @Test
    void bothEndsOfOursUnderstandEachOther(PodNetwork network) throws Exception {
        server.keep("u0");
        try (ZdsClient client = ZdsClient.connect(socket)) {
            assertThat(client.receive()).isEqualTo(new ZdsRequest.Keep("u0"));
            client.ack();
            assertThat(client.receive()).isEqualTo(new ZdsRequest.SnapshotSent());
            client.ack();
            Future<Void> added = server.send(web(network.pod(1)));
            ZdsRequest.Add add = (ZdsRequest.Add) client.receive();
            assertThat(add.netns()).isEqualTo(network.pod(1).namespace());
            add.netns().close();
            client.nack("port 15008 is taken");
            assertThat(failureOf(added)).hasMessageContaining("port 15008 is taken");
            Future<Void> deleted = deleting();
            assertThat(client.receive()).isEqualTo(new ZdsRequest.Del("u1"));
            client.ack();
            deleted.get();
        }
    }
}
