package io.inpod.netns;

import static org.assertj.core.api.Assertions.assertThat;

import io.inpod.netlink.TcpSocket;
import io.inpod.netns.testing.ChildProcess;
import io.inpod.netns.testing.PodNetwork;
import io.inpod.netns.testing.Pods;
import io.inpod.netns.testing.Tool;
import java.io.IOException;
import java.time.Duration;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** A process of the pod decides how many descriptors there are; few of them are read. */
@Pods
class SocketHoldersTest {
    private static final int DESCRIPTORS = 800;
    private static final String BUSY = "import os, socket\n"
            + "null = os.open('/dev/null', os.O_RDONLY)\n"
            + "for i in range(" + DESCRIPTORS + "): os.dup(null)\n"
            + "s = socket.create_server(('127.0.0.1', 15001))\n" // the last descriptor
            + "print('ready', flush=True)\n"
            + "s.accept()";

    private static SocketHolders search(NetworkNamespace pod, long inode, int links, Duration longest) {
        return new SocketSearch(pod.identity(), links, longest).run(Set.of(inode));
    }

    @Test
    void theSearchEndsAtALimitAndSaysSo(PodNetwork network) throws IOException {
        NetworkNamespace pod = network.pod(0).namespace();
        try (ChildProcess process = ChildProcess.start(Tool.inside(pod, "python3", "-c", BUSY))) {
            process.expect("ready");
            long inode = TcpSocket.onPort(pod, 15001).get(0).inode();

            for (SocketHolders ended : new SocketHolders[] {search(pod, inode, DESCRIPTORS, Duration.ofMinutes(1)),
                search(pod, inode, Integer.MAX_VALUE, Duration.ZERO)}) {
                assertThat(ended.complete()).isFalse();
                assertThat(ended.of(inode)).isEmpty();
            }

            SocketHolders found = search(pod, inode, Integer.MAX_VALUE, Duration.ofMinutes(1));
            assertThat(found.complete()).isTrue();
            assertThat(found.of(inode)).containsExactly(new SocketHolders.Holder(process.handle().pid(), "python3"));
        }
    }
}
