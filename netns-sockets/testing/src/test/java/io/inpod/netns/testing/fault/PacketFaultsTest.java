package io.inpod.netns.testing.fault;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.inpod.netns.testing.Pod;
import io.inpod.netns.testing.PodNetwork;
import io.inpod.netns.testing.Pods;
import io.inpod.netns.testing.Tool;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.concurrent.TimeoutException;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Measures with datagrams that each fault does what was asked. */
@Pods(3)
@SuppressWarnings("try") // a fault is in effect without being used
class PacketFaultsTest {
    private Pod a;
    private Pod b;

    @BeforeEach
    void pods(PodNetwork network) {
        a = network.pod(0);
        b = network.pod(1);
    }

    private static List<Integer> numbers(int count) {
        return IntStream.range(0, count).boxed().toList();
    }

    /** 2000 packets at 0.3: 600 are lost, with a standard deviation of 20.5; five of them are exceeded once in two million times. */
    @Test
    void lossIsWhatWasAskedAndTheSeedRepeatsIt(PodNetwork network) throws Exception {
        try (Datagrams datagrams = Datagrams.between(a, b)) {
            Traffic traffic = network.between(a, b).port(Datagrams.PORT);
            Fault fault = traffic.drop(0.3);
            List<Integer> arrived = datagrams.exchange(2000);
            fault.close();

            assertThat(arrived).hasSizeBetween(1400 - 103, 1400 + 103).isSorted();
            assertThat(fault.packets()).isEqualTo(2000);
            assertThat(fault.hits()).isEqualTo(2000 - arrived.size());
            assertThat(datagrams.exchange(200)).as("lifted").isEqualTo(numbers(200));

            List<Integer> seventh;
            try (Fault again = traffic.seed(7).drop(0.3)) {
                seventh = datagrams.exchange(300);
                assertThat(again).hasToString("30.0 % of packets dropped between pod-0 and pod-1 on port 9000 (seed 7): "
                        + (300 - seventh.size()) + " of 300 packets");
            }
            try (Fault again = traffic.seed(7).drop(0.3)) {
                assertThat(datagrams.exchange(300)).as("the same seed").isEqualTo(seventh);
            }
            try (Fault other = traffic.seed(8).drop(0.3)) {
                assertThat(datagrams.exchange(300)).as("another seed").isNotEqualTo(seventh);
            }
        }
        assertThat(network.faults().toString()).contains("to be repeated with -Dinpod.faults.seed=").contains("(seed 8)").doesNotContain("lost");
    }

    @Test
    void chosenPacketsArriveTwice(PodNetwork network) throws Exception {
        try (Datagrams datagrams = Datagrams.between(a, b); Fault fault = network.between(a, b).port(Datagrams.PORT).duplicate(0.2)) {
            List<Integer> arrived = datagrams.exchange(1000);

            assertThat(new HashSet<>(arrived)).hasSize(1000);
            assertThat(arrived).isSorted().hasSize(1000 + (int) fault.hits()).hasSizeBetween(1200 - 64, 1200 + 64);
            assertThat(numbers(1000)).allMatch(number -> Collections.frequency(arrived, number) <= 2);
        }
    }

    @Test
    void chosenPacketsAreOvertakenByTheNext(PodNetwork network) throws Exception {
        try (Datagrams datagrams = Datagrams.between(a, b); Fault fault = network.between(a, b).port(Datagrams.PORT).seed(1).reorder(0.2)) {
            List<Integer> arrived = datagrams.exchange(90);
            while (arrived.size() < 90) { // the last one, unless another has overtaken it
                arrived.add(datagrams.receive());
            }

            long overtaken = IntStream.range(0, 90).filter(i -> arrived.get(i) > i).count();
            assertThat(arrived).containsExactlyInAnyOrderElementsOf(numbers(90));
            assertThat(IntStream.range(0, 90)).allMatch(i -> Math.abs(arrived.get(i) - i) <= 1);
            assertThat(fault.hits()).isBetween(8L, 30L).isBetween(overtaken, overtaken + 1);
        }
    }

    /** The oracle is the kernel's count of datagrams that it threw away. */
    @Test
    void damageIsNoticedByTheChecksum(PodNetwork network) throws Exception {
        try (Datagrams datagrams = Datagrams.between(a, b); Fault fault = network.between(a, b).port(Datagrams.PORT).seed(1).corrupt(0.2)) {
            List<Integer> arrived = datagrams.exchange(500, 500);

            assertThat(fault.hits()).isEqualTo(500 - arrived.size()).isBetween(100L - 45, 100L + 45);
            assertThat(udpErrors(b)).isEqualTo(fault.hits());
        }
    }

    private static long udpErrors(Pod pod) throws IOException {
        List<String> udp = Tool.run(pod.namespace(), "cat", "/proc/net/snmp").lines().filter(line -> line.startsWith("Udp:")).toList();
        return Long.parseLong(udp.get(1).split(" ")[List.of(udp.get(0).split(" ")).indexOf("InErrors")]);
    }

    @Test
    void packetsAreDelayedAndStayInOrder(PodNetwork network) throws Exception {
        try (Datagrams datagrams = Datagrams.between(a, b)) {
            try (Fault delay = network.from(a).to(b).port(Datagrams.PORT).delay(Duration.ofMillis(60), Duration.ofMillis(30))) {
                long begin = System.nanoTime();
                for (int i = 0; i < 50; i++) {
                    datagrams.send(i, 100);
                }
                List<Integer> received = new ArrayList<>();
                for (int i = 0; i < 50; i++) {
                    received.add(datagrams.receive());
                    assertThat(Duration.ofNanos(System.nanoTime() - begin)).isGreaterThan(Duration.ofMillis(30));
                }
                assertThat(received).containsExactlyInAnyOrderElementsOf(IntStream.range(0, 50).boxed().toList());
                // The kernel may interleave two blocks if the relay's thread has moved to another processor. With delays of their own, 24.5 of
                // the 49 pairs would be swapped on average, with a standard deviation of 2.1, so never as few as 12.
                assertThat(IntStream.range(1, 50).filter(i -> received.get(i) < received.get(i - 1)).count()).isLessThanOrEqualTo(12);
                // the latest of 50 delays between 30 and 90 ms is more than 60 ms, unless all of them are among the shorter half
                assertThat(Duration.ofNanos(System.nanoTime() - begin)).isGreaterThan(Duration.ofMillis(60));
                assertThat(delay.hits()).isEqualTo(50);
            }
            try (Fault forever = network.from(a).to(b).port(Datagrams.PORT).delay(Duration.ofDays(1))) {
                datagrams.send(51, 100);
                forever.awaitHits(1, Datagrams.LIMIT);
                assertThat(datagrams.arrived()).isEmpty();
                assertThatThrownBy(() -> forever.awaitHits(2, Duration.ofMillis(1))).isInstanceOf(TimeoutException.class)
                        .hasMessageContaining("packets delayed by PT24H from pod-0 to pod-1 on port 9000: 1 of 1");
            }
            assertThat(datagrams.receive()).as("what was held when the fault was lifted").isEqualTo(51);
        }
    }

    /** 40 packets of 1000 bytes at 1 Mbit/s take 320 ms. */
    @Test
    void theLineIsAsSlowAsAsked(PodNetwork network) throws Exception {
        try (Datagrams datagrams = Datagrams.between(a, b); Fault fault = network.around(b).port(Datagrams.PORT).bandwidth(1_000_000)) {
            assertThat(datagrams.exchange(0)).isEmpty();
            long begin = System.nanoTime();
            for (int i = 0; i < 40; i++) {
                datagrams.send(i, 972);
            }
            for (int i = 0; i < 40; i++) {
                assertThat(datagrams.receive()).isEqualTo(i);
                long bits = (i + 1) * 8000L;
                assertThat(Duration.ofNanos(System.nanoTime() - begin)).isGreaterThanOrEqualTo(Duration.ofNanos(bits * 1000));
            }
            assertThat(fault.hits()).isEqualTo(40);
        }
    }

    @Test
    void largePacketsVanish(PodNetwork network) throws Exception {
        try (Datagrams datagrams = Datagrams.between(a, b); Fault fault = network.between(a, b).mtuBlackHole(1000)) {
            assertThat(datagrams.exchange(3, 972)).hasSize(3);
            assertThat(datagrams.exchange(3, 973)).isEmpty();
            assertThat(fault.hits()).isEqualTo(3);
        }
    }

    /** The kernel hands the datagrams over in one piece (UDP_SEGMENT, 103), as it does with TCP. */
    @Test
    void piecesOfSeveralPacketsAreDivided(PodNetwork network) throws Exception {
        String send = "import socket; s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.setsockopt(17, 103, 1000);"
                + " s.sendto(bytes(4500), ('" + b.address().getHostAddress() + "', " + Datagrams.PORT + "))";
        try (Datagrams datagrams = Datagrams.between(a, b)) {
            try (Fault whole = network.between(a, b).port(Datagrams.PORT).delay(Duration.ofMillis(1))) {
                Tool.run(a.namespace(), "python3", "-c", send);
                for (int i = 0; i < 5; i++) {
                    datagrams.receive();
                }
                assertThat(whole.hits()).isEqualTo(5);
            }
            try (Fault divided = network.between(a, b).port(Datagrams.PORT).seed(1).drop(0.5)) {
                Tool.run(a.namespace(), "python3", "-c", send);
                assertThat(datagrams.arrived()).hasSize(5 - (int) divided.hits()).hasSizeBetween(1, 4);
            }
        }
    }

    @Test
    void onlyTheChosenPodsDirectionAndPortAreAffected(PodNetwork network) throws Exception {
        Pod c = network.pod(2);
        try (Datagrams there = Datagrams.between(a, b);
                Datagrams back = Datagrams.between(b, a);
                Datagrams elsewhere = Datagrams.between(a, c)) {
            try (Fault fault = network.from(a).to(b).port(Datagrams.PORT).partition()) {
                assertThat(there.exchange(10)).isEmpty();
                assertThat(back.exchange(10)).hasSize(10);
                assertThat(elsewhere.exchange(10)).hasSize(10);
            }
            try (Fault fault = network.to(a).port(Datagrams.PORT).partition()) {
                assertThat(there.exchange(10)).hasSize(10);
                assertThat(back.exchange(10)).isEmpty();
            }
            try (Fault fault = network.from(a).port(Datagrams.PORT).partition()) {
                assertThat(there.exchange(10)).isEmpty();
                assertThat(elsewhere.exchange(10)).isEmpty();
                assertThat(back.exchange(10)).hasSize(10);
            }
            try (Fault fault = network.around(a).port(Datagrams.PORT).partition()) {
                assertThat(there.exchange(10)).isEmpty();
                assertThat(back.exchange(10)).isEmpty();
                assertThat(fault.hits()).isEqualTo(20);
            }
            assertThat(there.exchange(10)).hasSize(10);
        }
    }

    @Test
    void senselessArgumentsAreRefused(PodNetwork network) {
        Traffic traffic = network.between(a, b);
        assertThatThrownBy(() -> traffic.drop(30)).hasMessage("a probability is 0 to 1, not 30.0");
        assertThatThrownBy(() -> traffic.drop(Double.NaN)).hasMessageContaining("a probability is 0 to 1");
        assertThatThrownBy(() -> traffic.delay(Duration.ofMillis(1), Duration.ofMillis(2))).hasMessageContaining("varies by zero to PT0.001S");
        assertThatThrownBy(() -> traffic.port(0)).hasMessage("a port is 1 to 65535, not 0");
        assertThatThrownBy(() -> traffic.to(b)).hasMessage("to(...) follows from(...), unlike \"between pod-0 and pod-1\"");
        assertThatThrownBy(() -> network.between(a, a)).hasMessageContaining("passes no link");
        assertThat(network.faults().isEmpty()).isTrue();
    }
}
