package io.inpod.netns;

import static org.assertj.core.api.Assertions.assertThat;

import io.inpod.netns.NamespaceHolder.Kind;
import io.inpod.netns.testing.PodNetwork;
import io.inpod.netns.testing.Pods;
import io.inpod.netns.testing.Tool;
import java.nio.channels.DatagramChannel;
import java.nio.channels.ServerSocketChannel;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;

@Pods(1)
class NamespaceHolderTest {
    @Test
    void findsEverythingThatKeepsANamespaceAlive(PodNetwork network) throws Exception {
        long self = ProcessHandle.current().pid();
        NetworkNamespace namespace = NetworkNamespace.create("held");
        CountDownLatch named = new CountDownLatch(1);
        CountDownLatch end = new CountDownLatch(1);
        NamespaceThreads threads = NamespaceThreads.of(namespace, work -> new Thread(work, "left in there"));
        Thread thread = threads.newThread(() -> {
            named.countDown(); // the kernel has a thread's name only once the thread runs
            try {
                end.await();
            } catch (InterruptedException e) {
                throw new AssertionError(e);
            }
        });
        Process process = new ProcessBuilder(Tool.inside(namespace, "sh", "-c", "echo; exec sleep 1000 3</proc/self/ns/net")).start();
        try (namespace;
                ServerSocketChannel tcp = namespace.call(() -> ServerSocketChannel.open());
                DatagramChannel udp = namespace.call(() -> DatagramChannel.open());
                ServerSocketChannel elsewhere = ServerSocketChannel.open()) {
            thread.start();
            named.await();
            process.getInputStream().read();
            while (!process.info().command().orElse("").endsWith("sleep")) {
                Thread.onSpinWait();
            }

            assertThat(elsewhere.isOpen() && tcp.isOpen() && udp.isOpen()).isTrue();
            List<NamespaceHolder> holders = NamespaceHolder.of(namespace);

            assertThat(holders).filteredOn(holder -> holder.kind() == Kind.THREAD && holder.pid() == self).singleElement()
                    .satisfies(holder -> assertThat(holder.name()).isEqualTo("left in there"));
            assertThat(holders).filteredOn(holder -> holder.kind() == Kind.THREAD && holder.pid() == process.pid()).singleElement()
                    .isEqualTo(new NamespaceHolder(Kind.THREAD, process.pid(), process.pid(), "sleep"));
            assertThat(holders).filteredOn(holder -> holder.kind() == Kind.SOCKET).hasSize(2).allMatch(holder -> holder.pid() == self && holder.name().matches("socket:\\[\\d+]"));
            assertThat(holders).filteredOn(holder -> holder.kind() == Kind.DESCRIPTOR)
                    .contains(new NamespaceHolder(Kind.DESCRIPTOR, process.pid(), 3, namespace.identity().toString()))
                    .anyMatch(holder -> holder.pid() == self && ("fd " + holder.id()).equals(namespace.fd().toString()));
            assertThat(holders).contains(new NamespaceHolder(Kind.MOUNT, self, 0, "/run/netns/held"));
        } finally {
            end.countDown();
            thread.join();
            threads.close();
            process.destroyForcibly().waitFor();
            process.getInputStream().close();
            process.getErrorStream().close();
            process.getOutputStream().close();
            NetworkNamespace.delete("held");
        }
        try (NetworkNamespace alone = NetworkNamespace.create()) {
            assertThat(NamespaceHolder.of(alone)).extracting(NamespaceHolder::kind).containsExactly(Kind.DESCRIPTOR);
        }
    }
}
