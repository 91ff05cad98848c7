package io.inpod.tproxy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.inpod.netlink.Rtnetlink;
import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.testing.Pod;
import io.inpod.netns.testing.PodNetwork;
import io.inpod.netns.testing.Pods;
import io.inpod.netns.testing.Tool;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Packets that are lost, too big or late, and a full connection tracking table. */
@Timeout(240)
class NetworkFaultsTest {
    private static final int MEBIBYTE = 1 << 20;

    private interface Trouble {
        void on(PodNetwork network) throws IOException;
    }

    /** Transfers data in both directions simultaneously through the proxy, while the network between the pods misbehaves. */
    private static void survives(PodNetwork network, int bytes, Trouble trouble) throws Exception {
        NetworkNamespace pod = network.pod(0).namespace();
        try (FaultScene scene = new FaultScene(pod); ServerSocketChannel server = FaultScene.serve(network.pod(1).namespace());
                SocketChannel client = FaultScene.connect(pod, network.pod(1).address()); SocketChannel accepted = FaultScene.accept(server)) {
            Transfer up = new Transfer(client, bytes);
            Transfer down = new Transfer(accepted, bytes / 2);
            trouble.on(network);
            up.assertReceivedBy(accepted);
            down.assertReceivedBy(client);
            assertThat(scene.result().isComplete()).isTrue();
        }
    }

    @Test
    @Pods(2)
    void losesNothingWhenEachTenthPacketIsLost(PodNetwork network) throws Exception {
        for (Pod pod : network.pods()) {
            // Real packets, about a thousand, instead of the large ones that virtual links pass on. Only ip(8) can set this.
            Tool.run(pod.namespace(), "ip", "link", "set", "eth0", "gso_max_segs", "1");
        }
        survives(network, MEBIBYTE, pods -> {
            FaultScene.drop(pods.pod(0).namespace(), "tcp sport 8080 numgen random mod 10 0 counter");
            FaultScene.drop(pods.pod(1).namespace(), "tcp dport 8080 numgen random mod 10 0 counter");
        });
        for (Pod pod : network.pods()) {
            assertThat(Tool.run(pod.namespace(), "nft", "list", "table", "ip", "fault")).containsPattern("counter packets [1-9]");
        }
    }

    @Test
    @Pods(2)
    void losesNothingWhenTheMtuShrinks(PodNetwork network) throws Exception {
        survives(network, 32 * MEBIBYTE, pods -> {
            for (int mtu : new int[] {600, 1500, 900}) {
                for (Pod pod : pods.pods()) {
                    try (Rtnetlink inside = Rtnetlink.open(pod.namespace())) {
                        inside.links().setMtu("eth0", mtu);
                    }
                }
            }
        });
    }

    /** A forwarder between the proxy and the server delays every segment, because this kernel can't. */
    @Test
    @Pods(3)
    void losesNothingWhenEverythingIsLate(PodNetwork network) throws Exception {
        NetworkNamespace pod = network.pod(0).namespace();
        NetworkNamespace between = network.pod(1).namespace();
        try (FaultScene scene = new FaultScene(pod); ServerSocketChannel server = FaultScene.serve(network.pod(2).namespace());
                SlowForwarder slow = new SlowForwarder(between, new InetSocketAddress(network.pod(2).address(), TestProxy.APP_PORT));
                SocketChannel client = FaultScene.connect(pod, network.pod(1).address()); SocketChannel accepted = FaultScene.accept(server)) {
            Transfer up = new Transfer(client, 2 * MEBIBYTE);
            Transfer down = new Transfer(accepted, 2 * MEBIBYTE);
            up.assertReceivedBy(accepted);
            down.assertReceivedBy(client);
            assertThat(scene.result().isComplete()).isTrue();
            assertThat(slow.pieces()).isPositive();
        }
    }

    @Test
    @Pods(2)
    void goesOnWhenConnectionTrackingIsFull(PodNetwork network) throws Exception {
        NetworkNamespace pod = network.pod(0).namespace();
        try (FaultScene scene = new FaultScene(pod); ServerSocketChannel server = FaultScene.serve(network.pod(1).namespace());
                SocketChannel client = FaultScene.connect(pod, network.pod(1).address()); SocketChannel accepted = FaultScene.accept(server)) {
            FaultScene.exchange(client, accepted);
            assertThat(scene.failures).isEmpty();
            assertThat(Tool.run(pod, "/usr/bin/python3", "-c", FILL_CONNTRACK)).contains("full");
            FaultScene.exchange(client, accepted); // established connections continue
            assertThatThrownBy(() -> {
                try (Socket refused = pod.call(() -> SocketChannel.open()).socket()) {
                    refused.connect(new InetSocketAddress(network.pod(1).address(), TestProxy.APP_PORT), 500);
                }
            }).isInstanceOf(IOException.class);
            Tool.run(pod, "conntrack", "-D", "-p", "udp");
            try (SocketChannel next = FaultScene.connect(pod, network.pod(1).address()); SocketChannel served = FaultScene.accept(server)) {
                FaultScene.exchange(next, served);
            }
            FaultScene.exchange(client, accepted);
        }
    }

    /** Adds assured entries, which the kernel may not evict, until the table is full. See linux/netfilter/nfnetlink_conntrack.h. */
    private static final String FILL_CONNTRACK = """
            import socket, struct, errno
            s = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 12)
            def attr(kind, data): return struct.pack("=HH", 4 + len(data), kind) + data + bytes(-len(data) % 4)
            def nest(kind, *parts): return attr(kind | 0x8000, b"".join(parts))
            def tuple_(kind, a, b, p, q):
                return nest(kind, nest(1, attr(1, a), attr(2, b)), nest(2, attr(1, b"\\x11"), attr(2, struct.pack(">H", p)), attr(3, struct.pack(">H", q))))
            def message(i, flags):
                a, b, port = struct.pack(">I", 0x0a000000 + (i >> 15)), b"\\x0a\\x63\\x00\\x01", 1024 + (i & 0x7fff)
                body = struct.pack(">BBH", 2, 0, 0) + tuple_(1, a, b, port, 9) + tuple_(2, b, a, 9, port) + attr(3, struct.pack(">I", 14)) + attr(7, struct.pack(">I", 3600))
                return struct.pack("=IHHII", 16 + len(body), 0x100, flags, i, 0) + body
            s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
            limit = int(open("/proc/sys/net/netfilter/nf_conntrack_max").read())
            i = 0
            while i < limit + 1000:
                s.send(b"".join(message(i + k, 0x401) for k in range(200)))
                i += 200
                s.send(message(i, 0x405)) # with an answer
                error = struct.unpack_from("=i", s.recv(65536), 16)[0]
                while True:
                    try: s.recv(65536, socket.MSG_DONTWAIT)
                    except BlockingIOError: break
                i += 1
            count = int(open("/proc/sys/net/netfilter/nf_conntrack_count").read())
            print("full" if count >= limit else "not full", count, limit, error)
            """;
}
