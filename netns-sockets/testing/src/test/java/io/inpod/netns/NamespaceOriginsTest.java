package io.inpod.netns;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.inpod.netns.error.SystemCallFailure;
import io.inpod.netns.testing.ChildProcess;
import io.inpod.netns.testing.PodNetwork;
import io.inpod.netns.testing.Pods;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

/** The ways to open a namespace, and how namespaces relate to others. */
@Pods(2)
class NamespaceOriginsTest {
    private static String link(String path) throws IOException {
        return Files.readSymbolicLink(Path.of(path)).toString();
    }

    @Test
    void aThreadsNamespaceIsItsOwn(PodNetwork network) throws Exception {
        CountDownLatch inside = new CountDownLatch(1);
        CountDownLatch end = new CountDownLatch(1);
        AtomicLong tid = new AtomicLong();
        NamespaceThreads threads = NamespaceThreads.of(network.pod(0).namespace(), Thread::new);
        threads.executor().execute(() -> {
            try {
                tid.set(Long.parseLong(Path.of(link("/proc/thread-self")).getFileName().toString()));
                inside.countDown();
                end.await();
            } catch (IOException e) {
                throw new AssertionError(e);
            } catch (InterruptedException e) {
                // close() ends it
            }
        });
        inside.await();

        long pid = ProcessHandle.current().pid();
        try (NetworkNamespace ofThread = NetworkNamespace.ofThread(pid, tid.get());
                NetworkNamespace ofProcess = NetworkNamespace.ofProcess(pid);
                NetworkNamespace initial = NetworkNamespace.initial()) {
            assertThat(ofThread).isEqualTo(network.pod(0).namespace());
            assertThat(ofProcess).isEqualTo(initial).isNotEqualTo(ofThread);
            assertThat(initial.identity()).hasToString(link("/proc/self/ns/net"));
        } finally {
            end.countDown();
            threads.close();
        }
        while (Files.exists(Path.of("/proc/self/task/" + tid.get()))) { // the kernel's thread ends a little after Java's
            Thread.onSpinWait();
        }
        assertThatThrownBy(() -> NetworkNamespace.ofThread(pid, tid.get()))
                .isInstanceOf(NoSuchFileException.class)
                .hasMessageContaining("there is no such process or thread, or it has ended");
        assertThatThrownBy(() -> NetworkNamespace.ofThread(pid, 0)).hasMessage("the id of a thread is at least 1, not 0");
        assertThatThrownBy(() -> NetworkNamespace.ofProcess(-1)).hasMessage("the id of a process is at least 1, not -1");
    }

    @Test
    void aDeadProcessHasNone(PodNetwork network) throws Exception {
        Process ended = new ProcessBuilder("true").start();
        ended.waitFor();

        assertThatThrownBy(() -> NetworkNamespace.ofProcess(ended.pid()))
                .isInstanceOf(NoSuchFileException.class)
                .isInstanceOf(SystemCallFailure.class)
                .hasMessageContaining("open on /proc/" + ended.pid() + "/ns/net failed")
                .hasMessageContaining("it has ended");
    }

    @Test
    void aZombieHasNone(PodNetwork network) throws Exception {
        String zombie = "import os,sys\np=os.fork()\nif p==0: os._exit(0)\nos.waitid(os.P_PID,p,os.WEXITED|os.WNOWAIT)\nprint(p,flush=True)\nsys.stdin.read()";
        try (ChildProcess parent = ChildProcess.start(List.of("python3", "-c", zombie))) {
            long pid = Long.parseLong(parent.line("the zombie's number"));

            assertThat(Files.readString(Path.of("/proc/" + pid + "/status"))).contains("Z (zombie)");
            assertThatThrownBy(() -> NetworkNamespace.ofProcess(pid)).isInstanceOf(NoSuchFileException.class).hasMessageContaining("it has ended");
        }
    }

    @Test
    void aHeldDescriptorOfTheProcOfADeadProcessIsRefused(PodNetwork network) throws Exception {
        Process sleeper = new ProcessBuilder("sleep", "1000").start();
        try (OwnedFd directory = Descriptors.open("/proc/" + sleeper.pid() + "/ns")) {
            sleeper.destroyForcibly().waitFor();
            int number = directory.acquire();
            directory.release();

            assertThatThrownBy(() -> NetworkNamespace.open(Path.of("/proc/self/fd/" + number + "/net"))).isInstanceOf(NoSuchFileException.class);
            assertThatThrownBy(() -> NetworkNamespace.adopt(directory.duplicate())).hasMessageContaining("a directory");
        }
    }

    @Test
    void rootlessNamesAreFoundToo(PodNetwork network) throws Exception {
        // The sandbox sets XDG_RUNTIME_DIR=/run, whose directory netns is the system's; elsewhere it is the environment's.
        String name = ChildJvm.run(ChildJvm.command(RootlessName.class).inEnvironment("XDG_RUNTIME_DIR", "/run/user-0"));

        assertThat(name).isEqualTo("found\nnot found\n");
    }

    /** Runs in a separate process, for its environment. */
    static final class RootlessName {
        private RootlessName() {}

        public static void main(String[] args) throws IOException {
            Path file = Path.of("/run/user-0/netns/mine");
            Files.createDirectories(file.getParent());
            Files.createSymbolicLink(file, Path.of("/proc/self/ns/net"));
            try (NetworkNamespace own = NetworkNamespace.initial();
                    NetworkNamespace named = NetworkNamespace.named("mine")) {
                System.out.println(named.equals(own) ? "found" : "another");
            }
            Files.delete(file);
            try {
                NetworkNamespace.named("mine").close();
            } catch (NoSuchFileException e) {
                System.out.println("not found");
            }
        }
    }

    @Test
    void knowsItsOwningUserNamespace(PodNetwork network) throws Exception {
        NetworkNamespace pod = network.pod(0).namespace();
        String user = link("/proc/self/ns/user");
        assertThat(pod.owningUserNamespace()).hasToString(user);
        assertThat(pod.owningUserNamespace().creator()).isZero();

        try (ChildProcess inside = ChildProcess.start(List.of("unshare", "-Urn", "sh", "-c", "echo ready; exec sleep 1000"))) {
            inside.expect("ready");
            long pid = inside.handle().pid();
            try (NetworkNamespace foreign = NetworkNamespace.ofProcess(pid)) {
                assertThat(foreign.owningUserNamespace()).hasToString(link("/proc/" + pid + "/ns/user")).isNotEqualTo(pod.owningUserNamespace());
            }
        }
    }

    @Test
    void aNameThatCannotBeMountedIsReleased() throws Exception {
        // In a user namespace that doesn't own the mount namespace: the file can be created, the mount can't.
        assertThat(ChildJvm.run(ChildJvm.command(Unmountable.class).through("unshare", "-Urn")))
                .contains("mount on /run/netns/unmountable failed: Operation not permitted (EPERM, 1)")
                .endsWith("gone\n");
    }

    /** Runs in a separate process, for its user namespace. */
    static final class Unmountable {
        private Unmountable() {}

        public static void main(String[] args) {
            try {
                NetworkNamespace.create("unmountable").close();
            } catch (IOException e) {
                System.out.println(e.getMessage());
            }
            System.out.println(Files.exists(Path.of("/run/netns/unmountable")) ? "left" : "gone");
        }
    }
}
