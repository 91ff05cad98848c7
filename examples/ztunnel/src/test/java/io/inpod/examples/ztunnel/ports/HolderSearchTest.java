package io.inpod.examples.ztunnel.ports;

import static org.assertj.core.api.Assertions.assertThat;

import io.inpod.netlink.TcpSocket;
import io.inpod.netns.IpFamily;
import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.SocketHolders;
import java.io.IOException;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** A pod can ask for searches as often as it likes: by listening anew, and with several ports. */
class HolderSearchTest {
    private final List<Runnable> waiting = new ArrayList<>();
    private final List<Set<Long>> searched = new ArrayList<>();
    private long now;
    private final HolderSearch search = new HolderSearch(waiting::add, (namespace, inodes) -> {
        searched.add(inodes);
        return new SocketHolders(Map.of(), false);
    }, () -> now);

    private static List<PortSocket> sockets(long... inodes) {
        List<PortSocket> sockets = new ArrayList<>();
        for (long inode : inodes) {
            sockets.add(PortSocket.of(new TcpSocket(IpFamily.V4, InetAddress.getLoopbackAddress(), 15001, TcpSocket.LISTEN, 0, inode)));
        }
        return sockets;
    }

    private void runAll() {
        waiting.forEach(Runnable::run);
        waiting.clear();
    }

    @Test
    void aPortIsSearchedOnceForTheSameSocketsAndOnceAMinuteForOthers() throws IOException {
        try (NetworkNamespace pod = NetworkNamespace.current()) {
            search.request(pod, 15001, sockets(1, 2, 3, 4));
            search.request(pod, 15001, sockets(5));
            search.request(pod, 15006, sockets(6));
            runAll();
            assertThat(searched).containsExactly(Set.of(1L, 2L, 3L), Set.of(6L));

            now += HolderSearch.PAUSE.toNanos() - 1;
            search.request(pod, 15001, sockets(5));
            assertThat(waiting).isEmpty();
            now++;
            search.request(pod, 15006, sockets(6));
            assertThat(waiting).isEmpty();
            search.request(pod, 15001, sockets(5));
            runAll();
            assertThat(searched).hasSize(3).last().isEqualTo(Set.of(5L));
        }
    }

    @Test
    void aRequestIsDroppedWhileTooManyWaitAndCanBeRepeated() throws IOException {
        try (NetworkNamespace pod = NetworkNamespace.current()) {
            for (int port = 1; port <= HolderSearch.MOST_WAITING + 1; port++) {
                search.request(pod, port, sockets(port));
            }
            assertThat(waiting).hasSize(HolderSearch.MOST_WAITING);
            runAll();
            search.request(pod, HolderSearch.MOST_WAITING + 1, sockets(1));
            assertThat(waiting).hasSize(1);
        }
    }

    /** Otherwise nobody would know why the process isn't named. */
    @Test
    void anIncompleteSearchSaysSo() {
        PortSocket socket = sockets(1).get(0);
        assertThat(PortHolders.processes(socket, new SocketHolders(Map.of(), false))).contains("ended at its limit (100000 descriptors, 2 s)");
        assertThat(PortHolders.processes(socket, new SocketHolders(Map.of(), true))).isEqualTo(", of a process that has ended or can't be inspected");
    }
}
