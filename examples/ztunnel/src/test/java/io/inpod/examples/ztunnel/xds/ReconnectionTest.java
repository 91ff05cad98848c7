package io.inpod.examples.ztunnel.xds;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.PriorityQueue;
import java.util.SplittableRandom;
import java.util.function.IntFunction;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** 5,000 proxies that lose their control plane at the same moment, with the real back-off and a clock that isn't real. */
class ReconnectionTest {
    private static final int PROXIES = 5_000;
    private static final int PER_SECOND = 100;
    private static final long SECOND = 1_000_000_000;
    /** A quarter, since they come back within four seconds, and what chance adds. */
    private static final int MOST_IN_A_SECOND = PROXIES * 27 / 100;

    /** An attempt to connect. */
    private record Attempt(long at, int proxy) {}

    /** The attempts, and those that the server has served, by the second since it was lost. */
    private record Storm(List<Integer> attempts, List<Integer> served) {
        int sum(List<Integer> seconds) {
            return seconds.stream().mapToInt(Integer::intValue).sum();
        }

        int most() {
            return attempts.stream().max(Comparator.naturalOrder()).orElseThrow();
        }

        String lines(int from, int step) {
            StringBuilder lines = new StringBuilder();
            for (int second = from; second < attempts.size(); second += step) {
                int end = Math.min(second + step, attempts.size());
                int came = sum(attempts.subList(second, end));
                String line = String.format(Locale.ROOT, "%3d %5d %5d %s", second, came, sum(served.subList(second, end)), "#".repeat(came / 50));
                lines.append(line.stripTrailing()).append('\n');
            }
            return lines.toString();
        }
    }

    /**
     * The server comes back after some seconds, and then, as istiod does, serves so many proxies a second: one that would have to wait for
     * more than a second is refused, and none that it serves loses it again.
     */
    private static Storm storm(int secondsAway, IntFunction<RandomGenerator> chance) {
        PriorityQueue<Attempt> next = new PriorityQueue<>(Comparator.comparingLong(Attempt::at).thenComparingInt(Attempt::proxy));
        List<Backoff> proxies = new ArrayList<>();
        for (int i = 0; i < PROXIES; i++) {
            Backoff backoff = new Backoff(XdsSource.Limits.DEFAULT.lost(), chance.apply(i));
            backoff.reset();
            proxies.add(backoff);
            next.add(new Attempt(backoff.next().toNanos(), i));
        }
        Storm storm = new Storm(new ArrayList<>(), new ArrayList<>());
        long free = secondsAway * SECOND;
        while (!next.isEmpty()) {
            Attempt attempt = next.remove();
            boolean isServed = attempt.at >= secondsAway * SECOND && free - attempt.at <= SECOND;
            count(storm.attempts, attempt.at, 1);
            if (isServed) {
                free = Math.max(free, attempt.at) + SECOND / PER_SECOND;
            } else {
                Duration delay = proxies.get(attempt.proxy).next();
                next.add(new Attempt(attempt.at + delay.toNanos(), attempt.proxy));
            }
            count(storm.served, attempt.at, isServed ? 1 : 0);
        }
        return storm;
    }

    private static void count(List<Integer> seconds, long at, int increment) {
        int second = (int) (at / SECOND);
        while (seconds.size() <= second) {
            seconds.add(0);
        }
        seconds.set(second, seconds.get(second) + increment);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 3, 10, 60, 600})
    void proxiesComeBackOneByOne(int secondsAway) {
        Storm storm = storm(secondsAway, SplittableRandom::new);
        String lines = storm.lines(0, 1);
        assertThat(storm.sum(storm.served)).as(lines).isEqualTo(PROXIES);
        assertThat(storm.most()).as(lines).isLessThanOrEqualTo(MOST_IN_A_SECOND);
        assertThat(storm.attempts.size() - secondsAway).as(lines).isLessThanOrEqualTo(PROXIES / PER_SECOND + 20);
        assertThat(storm.sum(storm.attempts.subList(secondsAway, storm.attempts.size()))).as(lines).isLessThan(4 * PROXIES);
    }

    /** Otherwise the test above would say nothing. */
    @Test
    void withoutChanceTheyAllComeAtOnce() {
        Storm storm = storm(10, proxy -> () -> -1); // whose doubles are the largest below 1
        assertThat(storm.most()).isEqualTo(PROXIES);
        assertThat(storm.attempts.size()).isGreaterThan(500);
    }

    /** The same numbers on every machine, so the document shows them. */
    @Test
    void theDocumentShowsThis() throws Exception {
        String document = Files.readString(Path.of("../../docs/scale.md"));
        assertThat(document).contains(storm(0, SplittableRandom::new).lines(0, 5), storm(10, SplittableRandom::new).lines(0, 5));
    }
}
