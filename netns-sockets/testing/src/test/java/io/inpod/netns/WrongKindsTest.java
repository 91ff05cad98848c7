package io.inpod.netns;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.inpod.netns.testing.LeakCheck;
import io.inpod.netns.testing.PodNetwork;
import io.inpod.netns.testing.Pods;
import java.io.BufferedReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Whatever else a descriptor may be is refused with words for it. */
@Pods(1)
class WrongKindsTest {
    /** Holds one descriptor of every kind and prints "number words that the error must contain". */
    private static final String ZOO = """
            import ctypes, os, select, socket, sys, tempfile, signal
            def show(fd, words):
                print(fd, words, flush=True)
            libc = ctypes.CDLL(None, use_errno=True)
            keep = [tempfile.TemporaryFile(), select.epoll()]
            show(keep[0].fileno(), 'a regular file')
            show(os.open('/proc/self/status', 0), 'a regular file')
            show(os.open('/sys/kernel', 0), 'a directory')
            show(os.open('/dev/null', 0), 'a character device')
            show(os.open('/dev/zero', 0), 'a character device')
            show(os.pipe()[0], 'a pipe')
            for family, kind in ((socket.AF_INET, socket.SOCK_STREAM), (socket.AF_UNIX, socket.SOCK_SEQPACKET), (socket.AF_NETLINK, socket.SOCK_RAW)):
                keep.append(socket.socket(family, kind)); show(keep[-1].fileno(), 'a socket')
            show(keep[1].fileno(), 'anon_inode:[eventpoll]')
            show(os.memfd_create('zoo'), 'a memfd (/memfd:zoo')
            show(libc.eventfd(0, 0), 'anon_inode:[eventfd]')
            show(libc.timerfd_create(1, 0), 'anon_inode:[timerfd]')
            show(libc.signalfd(-1, ctypes.create_string_buffer(128), 0), 'anon_inode:[signalfd]')
            show(libc.inotify_init(), 'anon_inode:inotify')
            show(os.pidfd_open(os.getpid()), 'pidfd')
            uring = libc.syscall(425, 4, ctypes.create_string_buffer(120))
            if uring >= 0: show(uring, 'io_uring')
            for name, words in (('mnt', 'a mount'), ('cgroup', 'a cgroup'), ('uts', 'a UTS'), ('ipc', 'an IPC'), ('user', 'a user'), ('pid', 'a PID'), ('time', 'a time')):
                if os.path.exists('/proc/self/ns/' + name): show(os.open('/proc/self/ns/' + name, 0), words + ' namespace')
            show(os.open('/proc/self/ns/net', os.O_PATH), 'opened with O_PATH')
            for number, words in ((430, 'anon_inode:[fscontext]'), (444, 'anon_inode:[landlock-ruleset]'), (447, 'a regular file'), (428, 'a directory')):
                # fsopen, landlock_create_ruleset, memfd_secret, open_tree: where the kernel has them
                arguments = {430: (b'tmpfs', 0), 444: (ctypes.c_uint64(1 << 0), 8, 0), 447: (0,), 428: (-100, b'/', 1)}[number]
                if number == 444: arguments = (ctypes.byref(arguments[0]),) + arguments[1:]
                made = libc.syscall(number, *arguments)
                if made >= 0: show(made, words)
            if hasattr(libc, 'fanotify_init') and (made := libc.fanotify_init(0, 0)) >= 0: show(made, 'anon_inode:[fanotify]')
            show(os.openpty()[0], 'a character device')
            print('end', flush=True)
            sys.stdin.read()
            """;

    @Test
    void everyKindIsRefusedByNameAndClosed(PodNetwork network) throws Exception {
        Process python = new ProcessBuilder("python3", "-c", ZOO).redirectError(ProcessBuilder.Redirect.INHERIT).start();
        List<String> seen = new ArrayList<>();
        try (BufferedReader output = python.inputReader()) {
            LeakCheck leaks = LeakCheck.begin();
            for (String line = output.readLine(); !line.equals("end"); line = output.readLine()) {
                int number = Integer.parseInt(line.substring(0, line.indexOf(' ')));
                String words = line.substring(line.indexOf(' ') + 1);
                OwnedFd stolen = Descriptors.steal(python.pid(), number);
                seen.add(words);

                assertThatThrownBy(() -> NetworkNamespace.adopt(stolen))
                        .as(words)
                        .isInstanceOf(NotANetworkNamespaceException.class)
                        .hasMessageContaining("is not a network namespace but")
                        .hasMessageContaining(words);
                assertThat(stolen.isClosed()).isTrue();
            }
            leaks.verify();
        } finally {
            python.getOutputStream().close();
            python.waitFor();
        }
        assertThat(seen).hasSizeGreaterThan(20);
    }

    @Test
    void everyKindOfPathIsRefusedByName(PodNetwork network, @TempDir Path directory) throws Exception {
        assertThat(new ProcessBuilder("mkfifo", directory.resolve("fifo").toString()).start().waitFor()).isZero();
        Path regular = Files.createFile(directory.resolve("regular"));
        Files.createSymbolicLink(directory.resolve("link"), regular);
        Files.createSymbolicLink(directory.resolve("loop"), directory.resolve("loop"));

        assertThatThrownBy(() -> NetworkNamespace.open(directory.resolve("fifo"))).hasMessageEndingWith("a pipe");
        assertThatThrownBy(() -> NetworkNamespace.open(directory.resolve("link"))).hasMessageEndingWith("a regular file");
        assertThatThrownBy(() -> NetworkNamespace.open(directory.resolve("loop"))).isInstanceOf(SystemCallException.class).hasMessageContaining("ELOOP");
        assertThatThrownBy(() -> NetworkNamespace.open(regular.resolve("below"))).isInstanceOf(java.nio.file.NotDirectoryException.class);
        try (SeqpacketListener listener = SeqpacketListener.listen(directory.resolve("socket"))) {
            assertThat(listener).isNotNull();
            assertThatThrownBy(() -> NetworkNamespace.open(directory.resolve("socket"))).hasMessageContaining("ENXIO");
        }
    }

    @Test
    void aNameLeftOverWithoutItsMountIsRefused(PodNetwork network) throws Exception {
        Path leftOver = Files.createFile(Path.of("/run/netns/left-over"));
        assertThatThrownBy(() -> NetworkNamespace.named("left-over")).isInstanceOf(NotANetworkNamespaceException.class).hasMessageEndingWith("a regular file");

        NetworkNamespace.delete("left-over");

        assertThat(leftOver).doesNotExist();
    }
}
