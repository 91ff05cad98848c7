package io.inpod.netlink;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.testing.PodNetwork;
import io.inpod.netns.testing.Pods;
import java.io.IOException;
import java.nio.channels.ClosedChannelException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/** Which work shares a socket. The kernel's list of netlink sockets tells, which names each by its inode. */
@Pods(2)
class NetlinkSocketsTest {
    private static final int PORT = 2;
    private static final int INODE = 9;

    /** The inodes of the sockets in a namespace that belong to somebody. */
    private static Set<String> sockets(NetworkNamespace namespace) throws IOException {
        Set<String> inodes = new TreeSet<>();
        for (String line : namespace.call(() -> Files.readAllLines(Path.of("/proc/thread-self/net/netlink")))) {
            String[] words = line.trim().split("\\s+");
            if (!words[PORT].equals("0") && !words[PORT].equals("Pid")) {
                inodes.add(words[INODE]);
            }
        }
        return inodes;
    }

    private static Set<String> afterReading(NetworkNamespace namespace) throws IOException {
        try (Rtnetlink network = Rtnetlink.open(namespace)) {
            assertThat(network.links().list()).isNotEmpty();
        }
        return sockets(namespace);
    }

    @Test
    void thatOfOneNamespaceAndProtocolWithinOneHold(PodNetwork network) throws IOException {
        NetworkNamespace pod = network.pod(0).namespace();
        NetworkNamespace other = network.pod(1).namespace();
        assertThat(afterReading(pod)).isEmpty();

        NetlinkSockets.holding(pod, () -> {
            Set<String> first = afterReading(pod);
            assertThat(first).hasSize(1);
            assertThat(afterReading(other)).isEmpty();
            NetlinkSockets.holding(pod, () -> assertThat(afterReading(pod)).isEqualTo(first));
            NetlinkSockets.holding(other, () -> assertThat(afterReading(other)).hasSize(1));
            assertThat(sockets(other)).isEmpty();
            assertThat(afterReading(pod)).isEqualTo(first);
        });

        assertThat(sockets(pod)).isEmpty();
    }

    @Test
    void neverOneThatIsInUse(PodNetwork network) throws IOException {
        NetworkNamespace pod = network.pod(0).namespace();
        NetlinkSockets.holding(pod, () -> {
            try (Rtnetlink outer = Rtnetlink.open(pod)) {
                assertThat(outer.links().list()).isNotEmpty();
                try (Rtnetlink inner = Rtnetlink.open(pod)) {
                    assertThat(inner.links().list()).isNotEmpty();
                    assertThat(sockets(pod)).hasSize(2);
                }
                assertThat(outer.links().list()).isNotEmpty();
            }
            assertThat(sockets(pod)).hasSize(1);
        });
    }

    /** Whoever has closed a socket can't use the next one's. */
    @Test
    void notWithOneWhoHasClosedIt(PodNetwork network) throws IOException {
        NetworkNamespace pod = network.pod(0).namespace();
        NetlinkSockets.holding(pod, () -> {
            Rtnetlink closed = Rtnetlink.open(pod);
            closed.close();
            try (Rtnetlink next = Rtnetlink.open(pod)) {
                assertThatThrownBy(() -> closed.links().list()).isInstanceOf(ClosedChannelException.class);
                assertThat(next.links().list()).isNotEmpty();
            }
        });
    }

    /** What the kernel refuses leaves the socket in order; the rest of a list that nobody has read would be the next one's answer. */
    @Test
    void onlyOneThatIsInOrder(PodNetwork network) throws IOException {
        NetworkNamespace pod = network.pod(0).namespace();
        NetlinkSockets.holding(pod, () -> {
            Set<String> first = afterReading(pod);
            try (Rtnetlink refused = Rtnetlink.open(pod)) {
                assertThatThrownBy(() -> refused.links().get("none")).isInstanceOf(NetlinkException.class);
            }
            assertThat(afterReading(pod)).isEqualTo(first);

            try (NetlinkSocket half = NetlinkSocket.open(pod, NetlinkSocket.ROUTE)) {
                assertThat(half.beginningOfDump(LinkMessages.get("list links", "the first", 0), 1)).hasSize(1);
            }
            assertThat(afterReading(pod)).hasSize(1).doesNotContainAnyElementsOf(first);
        });
    }
}
