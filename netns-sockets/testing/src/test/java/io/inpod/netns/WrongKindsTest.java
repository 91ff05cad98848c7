package io.inpod.netns;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.inpod.netns.error.SystemCallException;
import io.inpod.netns.testing.ChildProcess;
import io.inpod.netns.testing.LeakCheck;
import io.inpod.netns.testing.PodNetwork;
import io.inpod.netns.testing.Pods;
import io.inpod.netns.unix.SeqpacketListener;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;
import org.opentest4j.TestAbortedException;

/** A descriptor of any other kind is refused with a description of that kind. */
@Pods(1)
class WrongKindsTest {
    /**
     * Holds one descriptor of every kind and prints "number text that the error must contain", or "-errno name" for a kind that it couldn't
     * create. If every Linux has that kind, it ends with an exception instead.
     */
    private static final String ZOO = """
            import ctypes, errno, os, platform, select, socket, stat, struct, sys, tempfile
            def show(fd, words):
                print(fd, words, flush=True)
            libc = ctypes.CDLL(None, use_errno=True)
            def attempt(name, words, created):
                show(created, words) if created >= 0 else show(-ctypes.get_errno(), name)
            keep = [tempfile.TemporaryFile(), select.epoll()]
            show(keep[0].fileno(), 'a regular file')
            show(os.open('/proc/self/status', 0), 'a regular file')
            show(os.open('/sys/kernel', 0), 'a directory')
            show(os.open('/dev/null', 0), 'a character device')
            show(os.open('/dev/zero', 0), 'a character device')
            show(os.openpty()[0], 'a character device')
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
            for name, words in (('mnt', 'a mount'), ('cgroup', 'a cgroup'), ('uts', 'a UTS'), ('ipc', 'an IPC'), ('user', 'a user'), ('pid', 'a PID'), ('time', 'a time')):
                if os.path.exists('/proc/self/ns/' + name): show(os.open('/proc/self/ns/' + name, 0), words + ' namespace')
            show(os.open('/proc/self/ns/net', os.O_PATH), 'opened with O_PATH')
            attempt('io_uring', 'anon_inode:[io_uring]', libc.syscall(425, 4, ctypes.create_string_buffer(120)))
            attempt('open_tree', 'a directory', libc.syscall(428, -100, b'/', 1))
            attempt('fsopen', 'anon_inode:[fscontext]', libc.syscall(430, b'tmpfs', 0))
            attempt('landlock', 'anon_inode:[landlock-ruleset]', libc.syscall(444, struct.pack('=Q', 1), 8, 0))
            attempt('memfd_secret', 'a regular file', libc.syscall(447, 0))
            attempt('fanotify', 'anon_inode:[fanotify]', libc.fanotify_init(0, 0))
            perf_event_open, bpf, userfaultfd = {'x86_64': (298, 321, 323), 'aarch64': (241, 280, 282)}[platform.machine()]
            software, dummy, exclude_kernel = 1, 9, 1 << 5
            event = struct.pack('=IIQQQQQ', software, 128, dummy, 0, 0, 0, exclude_kernel).ljust(128, b'\\0')
            attempt('perf_event', 'anon_inode:[perf_event]', libc.syscall(perf_event_open, event, 0, -1, -1, 0))
            array, user_mode_only = 2, 1
            attempt('bpf map', 'anon_inode:bpf-map', libc.syscall(bpf, 0, struct.pack('=IIIII', array, 4, 8, 1, 0).ljust(72, b'\\0'), 72))
            attempt('userfaultfd', 'anon_inode:[userfaultfd]', libc.syscall(userfaultfd, user_mode_only))
            attempt('POSIX message queue', 'a regular file', libc.mq_open(b'/inpod-zoo-%d' % os.getpid(), os.O_CREAT | os.O_RDWR, 0o600, None))
            libc.mq_unlink(b'/inpod-zoo-%d' % os.getpid())
            device = -errno.ENODEV
            for entry in os.scandir('/dev'):
                if device < 0 and stat.S_ISBLK(entry.stat(follow_symlinks=False).st_mode):
                    try: device = os.open(entry.path, os.O_RDONLY | os.O_NONBLOCK)
                    except OSError as e: device = -e.errno
            show(device, 'a block device')
            print('end', flush=True)
            sys.stdin.read()
            """;

    private static final Set<Integer> EPERM_AND_EACCES = Set.of(1, 13);

    @TestFactory
    Stream<DynamicTest> everyKindIsRefusedByNameAndClosed(PodNetwork network) throws IOException {
        ChildProcess python = ChildProcess.start(List.of("python3", "-c", ZOO));
        List<DynamicTest> kinds = new ArrayList<>();
        for (String line = python.line("a kind"); !line.equals("end"); line = python.line("a kind, or the end")) {
            int number = Integer.parseInt(line.substring(0, line.indexOf(' ')));
            String words = line.substring(line.indexOf(' ') + 1);
            kinds.add(DynamicTest.dynamicTest(words, number < 0 ? () -> skip(-number, words) : () -> refuses(python.handle().pid(), number, words)));
        }
        return kinds.stream().onClose(() -> {
            try {
                python.close();
            } catch (IOException e) {
                throw new AssertionError(e);
            }
        });
    }

    private static void skip(int errno, String name) {
        String message = "couldn't make one: " + name + ", errno " + errno;
        if (EPERM_AND_EACCES.contains(errno) && "true".equals(System.getenv("CI"))) {
            throw new AssertionError("missing privilege, " + message);
        }
        throw new TestAbortedException(message);
    }

    private static void refuses(long pid, int number, String words) throws Exception {
        LeakCheck leaks = LeakCheck.begin();
        OwnedFd stolen = Descriptors.steal(pid, number);
        assertThatThrownBy(() -> NetworkNamespace.adopt(stolen))
                .isInstanceOf(NotANetworkNamespaceException.class)
                .hasMessageContaining("is not a network namespace but")
                .hasMessageContaining(words);
        assertThat(stolen.isClosed()).isTrue();
        leaks.verify();
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
    void aLeftoverNameWithoutItsMountIsRefused(PodNetwork network) throws Exception {
        Path leftOver = Files.createFile(Path.of("/run/netns/left-over"));
        assertThatThrownBy(() -> NetworkNamespace.named("left-over")).isInstanceOf(NotANetworkNamespaceException.class).hasMessageEndingWith("a regular file");

        NetworkNamespace.delete("left-over");

        assertThat(leftOver).doesNotExist();
    }
}
