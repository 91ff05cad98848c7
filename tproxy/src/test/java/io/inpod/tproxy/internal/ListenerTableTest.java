package io.inpod.tproxy.internal;

import static org.assertj.core.api.Assertions.assertThat;

import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.testing.PodNetwork;
import io.inpod.netns.testing.Pods;
import io.inpod.netns.testing.Tool;
import io.inpod.tproxy.internal.ListenerTable.Listener;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.Reader;
import java.net.InetSocketAddress;
import java.nio.channels.Channel;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Listeners are found without reading all connections of a busy pod. */
@Timeout(60)
class ListenerTableTest {
    private static final int CONNECTIONS = 300; // several reads of the kernel's table

    @Test
    @Pods
    void findsTheListenersOfABusyPod(PodNetwork network) throws Exception {
        NetworkNamespace pod = network.pod(0).namespace();
        List<Channel> open = new ArrayList<>();
        try {
            for (int port : new int[] {15001, 9, 65535, 15006, 15006}) { // the kernel sorts them by hash, connections too
                ServerSocketChannel listener = pod.call(() -> ServerSocketChannel.open());
                open.add(listener);
                listener.setOption(java.net.StandardSocketOptions.SO_REUSEPORT, true).bind(new InetSocketAddress("::", port), CONNECTIONS);
            }
            ServerSocketChannel v4 = pod.call(() -> ServerSocketChannel.open(java.net.StandardProtocolFamily.INET));
            open.add(v4);
            v4.bind(new InetSocketAddress("127.0.0.1", 7), CONNECTIONS);
            for (int i = 0; i < CONNECTIONS; i++) {
                SocketChannel client = pod.call(() -> SocketChannel.open());
                open.add(client);
                client.connect(new InetSocketAddress(i % 2 == 0 ? "::1" : "127.0.0.1", i % 2 == 0 ? 15001 : 7));
            }
            Set<Integer> expected = Tool.run(pod, "ss", "-Hltn").lines()
                    .map(line -> Integer.valueOf(line.strip().split("\\s+")[3].replaceAll(".*:", ""))).collect(Collectors.toSet());
            assertThat(ListenerTable.ports(pod)).isEqualTo(expected);
            assertThat(ProcListeners.read(pod).stream().map(ListenerTable.Listener::port)).containsAll(expected)
                    .filteredOn(port -> port == 15006).hasSize(2);
            assertThat(ListenerTable.listeners(pod, 15006)).isEqualTo(2);
            assertThat(ListenerTable.listeners(pod, 15001)).isEqualTo(1);
            assertThat(ListenerTable.listeners(pod, 15008)).isZero();
        } finally {
            for (Channel channel : open) {
                channel.close();
            }
        }
    }

    @Test
    void doesNotReadTheConnections() throws IOException {
        String beginning = """
                  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
                   0: 0100007F:0007 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1 1 0 100 0 0 10 0
                   1: 00000000:3A9E 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 2 1 0 100 0 0 10 0
                """;
        String connection = "   2: 0100007F:0007 0100007F:E1B2 06 00000000:00000000 03:000012A1 00000000     0        0 0 3 0\n";
        try (BufferedReader table = new BufferedReader(new Endless(beginning, connection))) {
            assertThat(ProcListeners.listening(table)).containsExactly(new Listener("0100007F", 7), new Listener("00000000", 15006));
        }
    }

    /** A table of a pod whose connections never end. */
    private static final class Endless extends Reader {
        private static final int ENOUGH = 1 << 20;
        private final String connection;
        private String next;
        private int total;

        Endless(String beginning, String connection) {
            this.next = beginning;
            this.connection = connection;
        }

        @Override
        public int read(char[] into, int from, int length) {
            assertThat(total).as("characters read").isLessThan(ENOUGH);
            int part = Math.min(length, next.length());
            next.getChars(0, part, into, from);
            total += part;
            next = part == next.length() ? connection : next.substring(part);
            return part;
        }

        @Override
        public void close() {}
    }
}
