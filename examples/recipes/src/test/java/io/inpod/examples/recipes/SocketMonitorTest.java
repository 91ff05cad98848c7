package io.inpod.examples.recipes;

import static org.assertj.core.api.Assertions.assertThat;

import io.inpod.netlink.Rtnetlink;
import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.testing.Pods;
import io.inpod.netns.testing.Tool;
import io.inpod.netns.watch.FoundNamespace;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.channels.Channel;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The monitoring agent, with 50 namespaces. */
@Pods(0)
@Timeout(120)
class SocketMonitorTest {
    private static final int MANY = 50;

    @Test
    void reportsTheSocketsOfManyNamespaces() throws IOException {
        List<NetworkNamespace> namespaces = new ArrayList<>();
        List<Channel> open = new ArrayList<>();
        try {
            for (int i = 0; i < MANY; i++) {
                NetworkNamespace namespace = NetworkNamespace.create("monitored-" + i);
                namespaces.add(namespace);
                try (Rtnetlink network = Rtnetlink.open(namespace)) {
                    network.links().up("lo");
                }
                connect(namespace, i % 3, open);
            }
            List<FoundNamespace> found = FoundNamespace.all().stream().filter(one -> one.names().toString().contains("monitored-")).toList();
            assertThat(found).hasSize(MANY);
            for (FoundNamespace one : found) {
                int index = Integer.parseInt(one.names().get(0).replace("monitored-", ""));
                int connections = index % 3;
                assertThat(SocketMonitor.report(one)).startsWith("[monitored-" + index + "] {" + (connections == 0 ? "" : "ESTABLISHED=" + 2 * connections + ", ")
                        + "LISTEN=1} retransmitted 0 bytes, slowest round trip PT");
                assertThat(Tool.run(namespaces.get(index), "ss", "-Htan").lines()).hasSize(2 * connections + 1);
            }
        } finally {
            for (Channel channel : open) {
                channel.close();
            }
            for (int i = 0; i < namespaces.size(); i++) {
                namespaces.get(i).close();
                NetworkNamespace.delete("monitored-" + i);
            }
        }
    }

    private static void connect(NetworkNamespace namespace, int connections, List<Channel> open) throws IOException {
        ServerSocketChannel server = namespace.<ServerSocketChannel, IOException>call(ServerSocketChannel::open);
        open.add(server);
        server.bind(new InetSocketAddress("127.0.0.1", 8080));
        for (int i = 0; i < connections; i++) {
            SocketChannel client = namespace.<SocketChannel, IOException>call(SocketChannel::open);
            open.add(client);
            client.connect(new InetSocketAddress("127.0.0.1", 8080));
            open.add(server.accept());
        }
    }
}
