package io.inpod.netns.testing.fault;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.inpod.netns.testing.Pod;
import io.inpod.netns.testing.PodNetwork;
import io.inpod.netns.testing.Pods;
import io.inpod.netns.testing.Tool;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.SocketException;
import java.time.Duration;
import java.util.Arrays;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What TCP connections experience, seen from both ends. */
@Pods(2)
@SuppressWarnings("try") // a fault is in effect without being used
class ConnectionFaultsTest {
    private Pod a;
    private Pod b;

    @BeforeEach
    void pods(PodNetwork network) {
        a = network.pod(0);
        b = network.pod(1);
    }

    private static void assertReset(InputStream end) {
        assertThatThrownBy(end::read).isInstanceOf(SocketException.class).hasMessage("Connection reset");
    }

    private static String established(Pod pod) throws IOException {
        return Tool.run(pod.namespace(), "ss", "-Htn", "state", "established");
    }

    @Test
    void connectionsAreResetAtBothEndsAndRefused(PodNetwork network) throws Exception {
        try (Connected pair = Connected.between(a, b)) {
            try (Fault fault = network.between(a, b).reset()) {
                pair.client().getOutputStream().write(1);
                assertReset(pair.client().getInputStream());
                assertReset(pair.server().getInputStream());
                assertThatThrownBy(pair::connect).isInstanceOf(ConnectException.class);
                assertThat(established(a)).isEmpty();
                assertThat(established(b)).isEmpty();
            }
            pair.connect().close();
        }
    }

    @Test
    void aHalfOpenConnectionIsKnownAtOneEndOnly(PodNetwork network) throws Exception {
        try (Connected pair = Connected.between(a, b)) {
            try (Fault fault = network.between(a, b).halfOpen()) {
                pair.client().getOutputStream().write(1);
                assertReset(pair.server().getInputStream());
                assertThat(established(a)).contains(":" + Connected.PORT);
                assertThat(established(b)).isEmpty();
            }
            assertReset(pair.client().getInputStream()); // the next segment finds out
        }
    }

    @Test
    void connectionsStallAndAreReset(PodNetwork network) throws Exception {
        try (Connected pair = Connected.between(a, b); Fault fault = network.between(a, b).timeout(Duration.ofMillis(100))) {
            long begin = System.nanoTime();
            pair.client().getOutputStream().write(1);
            assertReset(pair.client().getInputStream());
            assertThat(Duration.ofNanos(System.nanoTime() - begin)).isGreaterThan(Duration.ofMillis(100));
            assertReset(pair.server().getInputStream());
        }
    }

    @Test
    void theEndIsLate(PodNetwork network) throws Exception {
        try (Connected pair = Connected.between(a, b); Fault fault = network.from(a).to(b).slowClose(Duration.ofMillis(100))) {
            pair.exchange();
            long begin = System.nanoTime();
            pair.client().shutdownOutput();
            assertThat(pair.server().getInputStream().read()).isEqualTo(-1);
            assertThat(Duration.ofNanos(System.nanoTime() - begin)).isGreaterThan(Duration.ofMillis(100));
            assertThat(fault.hits()).isPositive();
        }
    }

    /** The second fault counts what the first one passes on. */
    @Test
    void dataArrivesInSlices(PodNetwork network) throws Exception {
        try (Connected pair = Connected.between(a, b);
                Fault slices = network.from(a).to(b).slice(10, Duration.ofMillis(5));
                Fault counter = network.from(a).to(b).drop(0)) {
            long begin = System.nanoTime();
            byte[] sent = new byte[105];
            new Random(1).nextBytes(sent);
            pair.client().getOutputStream().write(sent);

            byte[] first = new byte[1000];
            int read = pair.server().getInputStream().read(first);
            byte[] rest = pair.server().getInputStream().readNBytes(105 - read);
            assertThat(rest).as("arrived in pieces").isNotEmpty();
            assertThat(Arrays.copyOf(first, read)).isEqualTo(Arrays.copyOf(sent, read));
            assertThat(rest).isEqualTo(Arrays.copyOfRange(sent, read, 105));
            assertThat(Duration.ofNanos(System.nanoTime() - begin)).isGreaterThan(Duration.ofMillis(10 * 5));
            assertThat(slices.hits()).isPositive();
            assertThat(counter.packets()).isGreaterThanOrEqualTo(11);
        }
    }

    @Test
    void connectionsEndAfterSoManyBytes(PodNetwork network) throws Exception {
        try (Connected pair = Connected.between(a, b); Fault fault = network.between(a, b).limitData(3000)) {
            pair.client().getOutputStream().write(new byte[3000]);
            assertThat(pair.server().getInputStream().readNBytes(3000)).hasSize(3000);
            pair.server().getOutputStream().write(new byte[2999]); // the other direction has a limit of its own
            assertThat(pair.client().getInputStream().readNBytes(2999)).hasSize(2999);

            pair.server().getOutputStream().write(new byte[10]);
            assertThat(pair.client().getInputStream().read()).as("the last byte").isZero();
            assertReset(pair.client().getInputStream());
            assertReset(pair.server().getInputStream());
        }
    }

    @Test
    void largeWritesStickInAnMtuBlackHole(PodNetwork network) throws Exception {
        byte[] sent = new byte[20_000]; // fits into the client's send buffer
        new Random(1).nextBytes(sent);
        try (Connected pair = Connected.between(a, b)) {
            try (Fault fault = network.from(a).to(b).mtuBlackHole(1000)) {
                pair.exchange();
                pair.client().getOutputStream().write(sent);
                fault.awaitHits(10, Datagrams.LIMIT);
                assertThat(pair.server().getInputStream().available()).isZero();
            }
            assertThat(pair.server().getInputStream().readNBytes(sent.length)).as("lifted").isEqualTo(sent);
        }
    }

    /** Several at once, in both directions; TCP gets over each of them. */
    @Test
    void bytesArriveUnchangedThroughAllOfThem(PodNetwork network) throws Exception {
        byte[] sent = new byte[1_000_000];
        new Random(1).nextBytes(sent);
        Traffic traffic = network.between(a, b).port(Connected.PORT).seed(1);
        try (Connected pair = Connected.between(a, b);
                Fault damage = traffic.corrupt(0.02);
                Fault duplicates = traffic.duplicate(0.05);
                Fault disorder = traffic.reorder(0.05);
                Fault delay = traffic.delay(Duration.ofMillis(2), Duration.ofMillis(1));
                Fault line = traffic.bandwidth(100_000_000)) {
            CompletableFuture<Void> writer = CompletableFuture.runAsync(() -> {
                try {
                    pair.client().getOutputStream().write(sent);
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            });
            assertThat(pair.server().getInputStream().readNBytes(sent.length)).isEqualTo(sent);
            writer.join();
            for (Fault fault : new Fault[] {damage, duplicates, disorder, delay, line}) {
                assertThat(fault.hits()).as(fault.toString()).isPositive();
            }
        }
    }

    @Test
    void ipv6IsAffectedToo(PodNetwork network) throws Exception {
        InetAddress address = InetAddress.getByName("fd00:77::3");
        Tool.run(a.namespace(), "ip", "addr", "add", "fd00:77::2/64", "dev", "eth0", "nodad");
        Tool.run(b.namespace(), "ip", "addr", "add", "fd00:77::3/64", "dev", "eth0", "nodad");
        try (Datagrams datagrams = Datagrams.between(a, b, address); Connected pair = Connected.between(a, b, address)) {
            try (Fault fault = network.between(a, b).port(Datagrams.PORT).partition()) {
                assertThat(datagrams.exchange(10)).isEmpty();
            }
            try (Fault counter = network.from(a).port(Datagrams.PORT).partition(); Fault fault = network.around(a).partition()) {
                Tool.run(a.namespace(), "ip", "neigh", "flush", "dev", "eth0");
                datagrams.send(1, 4);
                counter.awaitHits(1, Datagrams.LIMIT); // neighbour discovery has passed, or it couldn't have been sent
            }
            try (Fault fault = network.between(a, b).port(Datagrams.PORT).seed(2).corrupt(0.5)) {
                assertThat(datagrams.exchange(100)).hasSize(100 - (int) fault.hits()).hasSizeBetween(20, 80);
            }
            try (Fault fault = network.between(a, b).slice(10, Duration.ZERO)) {
                pair.client().getOutputStream().write(new byte[100]);
                assertThat(pair.server().getInputStream().readNBytes(100)).hasSize(100);
                assertThat(fault.hits()).isPositive();
            }
            try (Fault fault = network.between(a, b).reset()) {
                pair.client().getOutputStream().write(1);
                assertReset(pair.client().getInputStream());
                assertReset(pair.server().getInputStream());
                assertThatThrownBy(pair::connect).isInstanceOf(ConnectException.class);
            }
        }
    }
}
