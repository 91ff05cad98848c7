package io.inpod.iptables.backend.internal.nft;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.inpod.netlink.NetlinkException;
import io.inpod.netlink.Nfnetlink;
import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.testing.PodNetwork;
import io.inpod.netns.testing.Pods;
import java.io.IOException;
import java.nio.channels.ClosedChannelException;
import org.junit.jupiter.api.Test;

/** Which work shares a socket. */
@Pods(2)
class NetfilterSocketsTest {
    private static final int GET_TABLE = 1;

    private static Nfnetlink socket(NetworkNamespace pod) throws IOException {
        return NetfilterSockets.with(pod, netlink -> netlink);
    }

    private static void assertClosed(Nfnetlink netlink) {
        assertThatThrownBy(() -> new NftReader(netlink).generation()).isInstanceOf(ClosedChannelException.class);
    }

    @Test
    void thatOfOneNamespaceWithinOneHold(PodNetwork network) throws IOException {
        NetworkNamespace pod = network.pod(0).namespace();
        assertClosed(socket(pod));

        Nfnetlink held = NetfilterSockets.holding(pod, () -> {
            Nfnetlink first = socket(pod);
            assertThat(NetfilterSockets.<Nfnetlink>holding(pod, () -> socket(pod))).isSameAs(first);
            assertThat(new NftReader(first).generation()).isPositive();
            return first;
        });

        assertClosed(held);
    }

    @Test
    void neverThatOfAnotherNamespace(PodNetwork network) throws IOException {
        NetworkNamespace pod = network.pod(0).namespace();
        NetworkNamespace other = network.pod(1).namespace();
        NetfilterSockets.holding(pod, () -> {
            Nfnetlink first = socket(pod);
            assertClosed(socket(other));
            assertThat(NetfilterSockets.<Nfnetlink>holding(other, () -> socket(other))).isNotSameAs(first);
            assertThat(socket(pod)).isSameAs(first);
            return first;
        });
    }

    /** What the kernel refuses leaves the socket in order; after any other failure an answer may be on its way. */
    @Test
    void onlyOneThatIsInOrder(PodNetwork network) throws IOException {
        NetworkNamespace pod = network.pod(0).namespace();
        NetfilterSockets.holding(pod, () -> {
            Nfnetlink first = socket(pod);
            assertThatThrownBy(() -> NetfilterSockets.with(pod, netlink -> netlink.query(Nft.request("get table", "none", GET_TABLE, 0, 2)
                    .string(1, "none")))).isInstanceOf(NetlinkException.class);
            assertThat(socket(pod)).isSameAs(first);

            assertThatThrownBy(() -> NetfilterSockets.with(pod, netlink -> {
                throw new IOException("half-way");
            })).hasMessage("half-way");
            assertClosed(first);
            assertThat(socket(pod)).isNotSameAs(first);
            return first;
        });
    }
}
