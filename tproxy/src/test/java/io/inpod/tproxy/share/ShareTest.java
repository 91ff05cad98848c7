package io.inpod.tproxy.share;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.InetAddress;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The division of a resource among greedy users. */
class ShareTest {
    private static int takeAll(Share share) {
        int taken = 0;
        while (share.tryTake(1)) {
            taken++;
        }
        return taken;
    }

    @Test
    void oneUserGetsHalfAndOneClientOfItAThird() {
        Share whole = Share.of(600);
        Share pod = whole.part();

        assertThat(takeAll(pod.part())).isEqualTo(200);
        assertThat(takeAll(pod.part())).isEqualTo(67); // as much as is free for the pod then
        assertThat(whole.part().room()).isEqualTo(333);
    }

    @ParameterizedTest
    @CsvSource({"1, 500", "2, 333", "4, 200", "9, 100", "99, 10"})
    void anyNumberOfGreedyUsersLeavesAsMuchForTheNextAsEachOfThemHas(int users, int each) {
        Share whole = Share.of(1000);
        List<Share> greedy = new ArrayList<>();
        for (int i = 0; i < users; i++) {
            greedy.add(whole.part());
        }
        for (boolean taken = true; taken;) {
            taken = false;
            for (Share user : greedy) {
                taken |= user.tryTake(1);
            }
        }

        assertThat(greedy).allSatisfy(user -> assertThat(user.held()).isBetween(each - 1L, each + 1L));
        assertThat(whole.part().room()).isGreaterThanOrEqualTo(each - 1L);
    }

    @Test
    void whatIsGivenBackIsFreeAgainAndRefusalsAreCountedAbove() {
        Share whole = Share.of(10);
        Share pod = whole.part();
        Share client = pod.part();
        int taken = takeAll(client);
        assertThat(List.of(client.refusals(), pod.refusals(), whole.refusals())).containsOnly(1L);
        assertThat(client.isExhausted()).isTrue();

        client.giveBack(taken);

        assertThat(List.of(client.held(), pod.held(), whole.held())).containsOnly(0L);
        assertThat(takeAll(client)).isEqualTo(taken);
        assertThatThrownBy(() -> Share.of(0)).hasMessageContaining("at least 1, not 0");
    }

    @Test
    void theTotalIsNeverExceededWhateverHappensAtOnce() throws Exception {
        Share whole = Share.of(64);
        ExecutorService threads = Executors.newFixedThreadPool(4);
        try {
            List<Future<Long>> most = new ArrayList<>();
            for (int i = 0; i < 4; i++) {
                most.add(threads.submit(() -> {
                    long largest = 0;
                    List<Share> parts = new ArrayList<>();
                    for (int k = 0; k < 16; k++) {
                        parts.add(whole.part());
                    }
                    for (int k = 0; k < 100_000; k++) {
                        Share part = parts.get(k % 16);
                        if (k / 16 % 2 == 0) {
                            part.tryTake(1);
                            largest = Math.max(largest, whole.held());
                        } else {
                            part.giveBack(part.held());
                        }
                    }
                    parts.forEach(part -> part.giveBack(part.held()));
                    return largest;
                }));
            }
            for (Future<Long> largest : most) {
                assertThat(largest.get(60, TimeUnit.SECONDS)).isLessThanOrEqualTo(64 + 4); // one attempt of each thread, undone at once
            }
            assertThat(whole.held()).isZero();
        } finally {
            threads.shutdownNow();
        }
    }

    @Test
    void clientsAreForgottenWhenTheirLastConnectionEnds() throws Exception {
        Holdings pod = Holdings.of(60, 60).part();
        Clients clients = new Clients(pod);
        Deque<Admission> admitted = new ArrayDeque<>();
        InetAddress one = InetAddress.getByName("10.0.0.1");
        for (Admission next = clients.admit(one); next != null; next = clients.admit(one)) {
            admitted.add(next);
        }
        assertThat(admitted).hasSize(20);
        assertThat(clients.size()).isEqualTo(1);
        Admission other = clients.admit(InetAddress.getByName("10.0.0.2"));
        assertThat(other).isNotNull();
        assertThat(Clients.group(one)).isEqualTo(one);
        assertThat(other.group()).isSameAs(other.holdings());
        assertThat(other.holdings().sockets().held()).isEqualTo(1);

        admitted.getFirst().close();
        admitted.forEach(Admission::close); // the first one again, which does nothing
        other.close();

        assertThat(pod.sockets().held()).isZero();
        assertThat(clients.size()).isZero();
    }

    @Test
    void aHostWithAllAddressesOfAPrefixHasOneShare() throws Exception {
        Holdings pod = Holdings.of(600, 1).part();
        Clients clients = new Clients(pod);
        List<Admission> admitted = new ArrayList<>();
        for (int i = 1; i < 600; i++) {
            Admission next = clients.admit(InetAddress.getByName("fd00:0:0:1::" + Integer.toHexString(i)));
            if (next != null) {
                admitted.add(next);
            }
        }
        assertThat(admitted).hasSize(200);
        Admission other = clients.admit(InetAddress.getByName("fd00:0:0:2::1"));
        assertThat(other).isNotNull();
        assertThat(other.group().sockets().held()).isEqualTo(1);
        assertThat(admitted.get(0).group().sockets().held()).isEqualTo(200);
        assertThat(admitted.get(0).holdings().sockets().held()).isEqualTo(1);
        assertThat(Clients.group(admitted.get(0).client())).isEqualTo(Clients.group(InetAddress.getByName("fd00:0:0:1::ffff")))
                .isEqualTo(InetAddress.getByName("fd00:0:0:1::")).isNotEqualTo(Clients.group(other.client()));
        admitted.forEach(Admission::close);
        assertThat(clients.size()).isEqualTo(2);
    }
}
