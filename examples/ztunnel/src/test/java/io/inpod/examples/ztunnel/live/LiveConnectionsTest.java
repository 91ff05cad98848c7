package io.inpod.examples.ztunnel.live;

import static org.assertj.core.api.Assertions.assertThat;

import io.inpod.examples.ztunnel.mesh.Mesh;
import io.inpod.examples.ztunnel.mesh.MeshState;
import io.inpod.examples.ztunnel.mesh.Policy;
import io.inpod.examples.ztunnel.mesh.Policy.Action;
import io.inpod.examples.ztunnel.mesh.Policy.Clause;
import io.inpod.examples.ztunnel.mesh.Policy.Match;
import io.inpod.examples.ztunnel.mesh.Policy.Rule;
import io.inpod.examples.ztunnel.mesh.Policy.Scope;
import io.inpod.examples.ztunnel.mesh.Workload;
import io.inpod.examples.ztunnel.policy.Attempt;
import io.inpod.examples.ztunnel.policy.Policies;
import io.inpod.examples.ztunnel.policy.Verdict;
import io.inpod.hbone.ConnectionIdentities;
import io.inpod.hbone.identity.SpiffeId;
import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.local.LocalIoHandler;
import java.math.BigInteger;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class LiveConnectionsTest {
    private static final Workload POD = Workload.builder("w", "shop").build();
    private static final Policy DENY =
            new Policy("shop", "p", Scope.NAMESPACE, Action.DENY, false, List.of(new Rule(List.of())), null);
    private static final SpiffeId CLIENT = new SpiffeId("cluster.local", "team", "web");

    private final MeshState state = new MeshState();
    /** The thread of the watch is this one, when it says so. */
    private final Queue<Runnable> due = new ArrayDeque<>();
    private final MeshWatch watch = new MeshWatch(state, due::add);
    private final Denials denials = new Denials();
    private final EventLoopGroup loops = new MultiThreadIoEventLoopGroup(2, LocalIoHandler.newFactory());
    private final EventLoop loop = loops.next();
    private Policies now = Policies.of(Mesh.EMPTY, POD);

    private final LiveConnections connections = new LiveConnections(this::policies, watch, denials);

    private Policies policies() {
        now = now.in(state.get(), POD);
        return now;
    }

    @AfterEach
    void end() {
        connections.close();
        watch.close();
        loops.shutdownGracefully(100, 10_000, TimeUnit.MILLISECONDS).syncUninterruptibly();
    }

    private static Attempt attempt(int i) {
        return new Attempt(InetAddress.getLoopbackAddress(), CLIENT, new InetSocketAddress(InetAddress.getLoopbackAddress(), i));
    }

    private static <T> T on(EventLoop loop, Supplier<T> action) throws Exception {
        return loop.submit(action::get).get();
    }

    private LiveConnection enter(int port) throws Exception {
        return on(loop, () -> connections.enter(loop, attempt(port), null)).connection();
    }

    private String cut(LiveConnection connection) throws Exception {
        return on(loop, () -> String.valueOf(connection.cut()));
    }

    private void change(Mesh mesh) {
        state.replace(mesh);
        while (!due.isEmpty()) {
            due.remove().run();
        }
    }

    private static Mesh denying() {
        return Mesh.EMPTY.change().put(DENY).build();
    }

    @Test
    void whatIsNoLongerAllowedIsCutWithTheReason() throws Exception {
        LiveConnection connection = enter(1);
        LiveConnection ended = enter(2);
        on(loop, () -> {
            ended.end();
            return ended;
        });
        CountDownLatch cut = new CountDownLatch(1);
        on(loop, () -> {
            connection.whenCut(cut::countDown);
            return connection;
        });

        change(denying());

        cut.await();
        assertThat(cut(connection)).isEqualTo("connection closed due to policy change: explicitly denied by: shop/p");
        assertThat(cut(ended)).isEqualTo("null");
        assertThat(denials.counts().cut()).containsEntry(Verdict.Basis.EXPLICITLY_DENIED, 1L);
    }

    /** What is decided for one connection counts for those that are like it, and for no others. */
    @Test
    void connectionsThatAreAlikeAreCutAndOthersStay() throws Exception {
        List<LiveConnection> all = new ArrayList<>();
        for (int i = 0; i < 300; i++) {
            all.add(enter(1 + i % 3));
        }
        Match none = Match.EMPTY;
        Match ports = new Match(none.namespaces(), none.notNamespaces(), none.serviceAccounts(), none.notServiceAccounts(), none.principals(),
                none.notPrincipals(), none.sourceIps(), none.notSourceIps(), none.destinationIps(), none.notDestinationIps(), Set.of(1, 3),
                none.notDestinationPorts());
        CountDownLatch cut = new CountDownLatch(200);
        for (LiveConnection connection : all) {
            on(loop, () -> {
                connection.whenCut(cut::countDown);
                return connection;
            });
        }

        change(Mesh.EMPTY.change().put(new Policy("shop", "two", Scope.NAMESPACE, Action.DENY, false,
                List.of(new Rule(List.of(new Clause(List.of(ports))))), null)).build());

        cut.await();
        for (LiveConnection connection : all) {
            int port = all.indexOf(connection) % 3 + 1;
            assertThat(cut(connection)).isEqualTo(port == 2 ? "null" : "connection closed due to policy change: explicitly denied by: shop/two");
        }
        assertThat(denials.counts().cut()).containsEntry(Verdict.Basis.EXPLICITLY_DENIED, 200L);
    }

    /** So that the resets of many requests in a tunnel are written at once. */
    @Test
    void connectionsOfOneTunnelAreCutOneAfterTheOther() throws Exception {
        List<ConnectionIdentities> cut = Collections.synchronizedList(new ArrayList<>());
        CountDownLatch all = new CountDownLatch(60);
        List<ConnectionIdentities> tunnels = List.of(tunnel(1), tunnel(2), tunnel(3));
        for (int i = 0; i < 60; i++) {
            ConnectionIdentities tunnel = tunnels.get(i % 3);
            on(loop, () -> {
                LiveConnection connection = connections.enter(loop, attempt(1), tunnel).connection();
                connection.whenCut(() -> {
                    cut.add(tunnel);
                    all.countDown();
                });
                return connection;
            });
        }

        change(denying());

        all.await();
        assertThat(IntStream.range(1, 60).filter(i -> cut.get(i) != cut.get(i - 1)).count()).as("changes of the tunnel").isEqualTo(2);
    }

    private static ConnectionIdentities tunnel(int serial) {
        return new ConnectionIdentities(CLIENT, BigInteger.ONE, CLIENT, BigInteger.valueOf(serial), List.of(), List.of(), List.of());
    }

    @Test
    void whatIsDeniedDoesNotCountAsOpen() throws Exception {
        change(denying());

        LiveConnections.Entry entry = on(loop, () -> connections.enter(loop, attempt(1), null));

        assertThat(entry.verdict().allowed()).isFalse();
        assertThat(connections.size()).isZero();
        assertThat(denials.counts().refused()).containsEntry(Verdict.Basis.EXPLICITLY_DENIED, 1L);
        assertThat(denials.counts().cut()).containsEntry(Verdict.Basis.EXPLICITLY_DENIED, 0L);
    }

    /** The mesh changes after the policies have been read and before the decision: the connection counts already. */
    @Test
    void aChangeDuringTheFirstDecisionIsNotLost() throws Exception {
        Policies old = policies();
        AtomicInteger asked = new AtomicInteger();
        try (LiveConnections racing = new LiveConnections(() -> {
            if (asked.incrementAndGet() == 2) {
                change(denying());
                return old;
            }
            return policies();
        }, watch, denials)) {
            LiveConnections.Entry entry = on(loop, () -> racing.enter(loop, attempt(1), null));

            assertThat(entry.verdict().allowed()).isTrue();
            assertThat(cut(entry.connection())).contains("explicitly denied by: shop/p");
        }
    }

    /** Back and forth before anybody looks, with a connection that was decided in between. */
    @Test
    void aChangeThatIsTakenBackIsNotTakenForNone() throws Exception {
        change(denying());
        state.replace(Mesh.EMPTY);
        LiveConnection between = enter(1);
        state.replace(denying());
        change(denying());
        assertThat(cut(between)).contains("explicitly denied by: shop/p");
    }

    @Test
    void whatConcernsOthersIsNotEvenLookedAt() throws Exception {
        LiveConnection connection = enter(1);
        Policies before = policies();
        change(Mesh.EMPTY.change().put(new Policy("other", "p", Scope.NAMESPACE, Action.DENY, false, DENY.rules(), null)).build());
        assertThat(policies()).isSameAs(before);
        assertThat(cut(connection)).isEqualTo("null");
    }

    @Test
    void tenThousandChangesAreOne() throws Exception {
        LiveConnection connection = enter(1);
        for (int i = 0; i < 10_000; i++) {
            state.replace(i % 2 == 0 ? Mesh.EMPTY.change().build() : denying());
        }
        assertThat(due).hasSize(1);
        change(denying());
        assertThat(cut(connection)).contains("explicitly denied by: shop/p");
    }

    /** And between the portions, the event loop serves others. */
    @Test
    void tenThousandConnectionsAreCutInPortions() throws Exception {
        int number = 10_000;
        CountDownLatch cut = new CountDownLatch(number);
        AtomicInteger most = new AtomicInteger();
        AtomicInteger sinceOthers = new AtomicInteger();
        Queue<EventLoop> used = new ConcurrentLinkedQueue<>(List.of(loops.next(), loops.next()));
        for (EventLoop one : used) {
            on(one, () -> {
                for (int i = 0; i < number / 2; i++) {
                    connections.enter(one, attempt(i % 60_000), null).connection().whenCut(() -> {
                        most.accumulateAndGet(sinceOthers.incrementAndGet(), Math::max);
                        if (sinceOthers.get() % 50 == 1) {
                            one.execute(() -> sinceOthers.set(0)); // somebody else
                        }
                        cut.countDown();
                    });
                }
                return one;
            });
        }

        change(denying());

        cut.await();
        assertThat(most.get()).isLessThan(number / 10);
        assertThat(denials.counts().cut()).containsEntry(Verdict.Basis.EXPLICITLY_DENIED, (long) number);
    }

    @Test
    void whoseCertificateIsRevokedIsCut() throws Exception {
        ConnectionIdentities one = new ConnectionIdentities(POD.identity(), BigInteger.ONE, CLIENT, BigInteger.TWO, List.of(), List.of(), List.of());
        ConnectionIdentities other = new ConnectionIdentities(POD.identity(), BigInteger.ONE, CLIENT, BigInteger.TEN, List.of(), List.of(), List.of());
        LiveConnection first = on(loop, () -> connections.enter(loop, attempt(1), one)).connection();
        LiveConnection second = on(loop, () -> connections.enter(loop, attempt(1), other)).connection();
        LiveConnection plain = enter(1);

        connections.revoked(certificates -> certificates.involves(BigInteger.TWO));

        assertThat(cut(first)).isEqualTo("connection closed: a certificate was revoked");
        assertThat(cut(second)).isEqualTo("null");
        assertThat(cut(plain)).isEqualTo("null");
        assertThat(denials.counts().cut()).containsEntry(Verdict.Basis.REVOKED, 1L);
    }
}
