package io.inpod.netns.socket;

import static io.inpod.netns.socket.LinuxSocketOptions.*;
import static org.assertj.core.api.Assertions.assertThat;

import io.inpod.netns.ChildJvm;
import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.OwnedFd;
import io.inpod.netns.error.SystemCallException;
import io.inpod.netns.testing.Privilege;
import io.inpod.netns.testing.Tool;
import io.inpod.netns.unix.SeqpacketListener;
import io.inpod.netns.unix.SeqpacketSocket;
import io.inpod.netns.unix.UnixStreamListener;
import io.netty.channel.Channel;
import io.netty.channel.ChannelException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.Callable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Sockets for a process without privileges, without file descriptors, or without io_uring. */
class SocketFaultsTest {
    @BeforeEach
    void require() {
        Privilege.NAMESPACES.require();
    }

    @Test
    void withoutNetAdminAMarkFailsTheCreation() throws Exception {
        Tool.require("setpriv");
        String[] unprivileged = {"setpriv", "--bounding-set=-net_admin,-net_raw", "--inh-caps=-net_admin,-net_raw", "--"};

        String output = ChildJvm.run(ChildJvm.command(Unprivileged.class).through(unprivileged));

        assertThat(output.lines().toList()).hasSize(4);
        assertThat(output.lines()).element(0).asString().contains("no socket in").contains("setsockopt(SO_MARK, 1)").contains("EPERM").contains("CAP_NET_ADMIN");
        assertThat(output.lines()).element(1).asString().contains("setsockopt(IP_TRANSPARENT, true)").contains("EPERM");
        assertThat(output.lines()).element(2).asString().contains("setsockopt(SO_PRIORITY, 7)").contains("EPERM");
        assertThat(output.lines()).element(3).isEqualTo("a plain one works");
    }

    static final class Unprivileged {
        public static void main(String[] args) throws Exception {
            try (NetworkNamespace namespace = NetworkNamespace.current()) {
                for (SocketOptions options : List.of(SocketOptions.NONE.with(MARK, 1), SocketOptions.NONE.with(TRANSPARENT, true),
                        SocketOptions.NONE.with(PRIORITY, 7), SocketOptions.NONE.with(PRIORITY, 6).with(MARK, 0).without(MARK))) {
                    try {
                        NettyChannels.client(namespace, options).newChannel().unsafe().closeForcibly();
                        System.out.println("a plain one works");
                    } catch (ChannelException e) {
                        System.out.println(e.getMessage());
                    }
                }
            }
        }
    }

    @Test
    void withoutDescriptorsEachOperationReportsItAndLeavesNothing() throws Exception {
        Tool.require("prlimit");
        String output = ChildJvm.run(ChildJvm.command(Exhausted.class).through("prlimit", "--nofile=200", "--"));

        assertThat(output.lines()).contains("netty server", "netty client", "netty datagram", "jdk listen", "jdk datagram", "stream", "receive")
                .doesNotContain("LEAK");
    }

    /** Tries each operation with fewer and fewer free descriptors: it must succeed, or report the limit that it reached. */
    static final class Exhausted {
        public static void main(String[] args) throws Exception {
            Path path = Files.createTempDirectory("exhausted").resolve("s");
            try (NetworkNamespace namespace = NetworkNamespace.create();
                    SeqpacketListener listener = SeqpacketListener.listen(path);
                    SeqpacketSocket sender = SeqpacketSocket.connect(path);
                    SeqpacketSocket receiver = listener.accept(Duration.ofSeconds(10))) {
                attempt("netty server", () -> closeable(NettyChannels.server(namespace).newChannel()));
                attempt("netty client", () -> closeable(NettyChannels.client(namespace).newChannel()));
                attempt("netty datagram", () -> closeable(NettyChannels.datagram(namespace).newChannel()));
                attempt("jdk listen", () -> JdkChannels.listen(namespace, SocketOptions.NONE, new java.net.InetSocketAddress(0)));
                attempt("jdk datagram", () -> JdkChannels.datagram(namespace, SocketOptions.NONE));
                attempt("stream", () -> UnixStreamListener.listen(path.resolveSibling("stream")));
                attempt("receive", () -> {
                    sender.send(ByteBuffer.allocate(1), namespace.fd(), namespace.fd(), namespace.fd());
                    return receiver.receive(1, 3, Duration.ofSeconds(10));
                });
            }
            for (Path left : List.of(path.resolveSibling("stream"), path, path.getParent())) {
                Files.deleteIfExists(left);
            }
        }

        private static AutoCloseable closeable(Channel channel) {
            return () -> channel.unsafe().closeForcibly();
        }

        private static void attempt(String what, Callable<? extends AutoCloseable> operation) throws Exception {
            operation.call().close();
            int failures = 0;
            for (int free = 12; free >= 0; free--) {
                Deque<OwnedFd> hoard = new ArrayDeque<>();
                try (NetworkNamespace some = NetworkNamespace.current()) {
                    try {
                        for (; ; ) {
                            hoard.push(some.fd().duplicate());
                        }
                    } catch (SystemCallException e) {
                        for (int i = 0; i < free; i++) {
                            hoard.pop().close();
                        }
                    }
                    try {
                        operation.call().close();
                    } catch (java.io.IOException | ChannelException e) {
                        failures++;
                        if (!e.getMessage().matches("(?s).*(EMFILE|Too many open files|RLIMIT_NOFILE).*")) {
                            throw e;
                        }
                    }
                    int stillFree = 0;
                    Deque<OwnedFd> check = new ArrayDeque<>();
                    try {
                        for (; ; stillFree++) {
                            check.push(some.fd().duplicate());
                        }
                    } catch (SystemCallException e) {
                        check.forEach(OwnedFd::close);
                    }
                    if (stillFree != free) {
                        System.out.println("LEAK in " + what + ": " + (free - stillFree));
                    }
                } finally {
                    hoard.forEach(OwnedFd::close);
                }
            }
            System.out.println(failures > 0 ? what : "never failed: " + what);
        }
    }

    @Test
    void aSeccompFilterAgainstIoUringIsReportedByName() throws Exception {
        // BPF: if the system call is io_uring_setup (425), fail with EPERM, otherwise allow it
        String filter = """
                import ctypes, os, struct, sys
                code = [(0x20, 0, 0, 0), (0x15, 0, 1, 425), (0x06, 0, 0, 0x00050001), (0x06, 0, 0, 0x7fff0000)]
                program = b"".join(struct.pack("HBBI", *i) for i in code)
                memory = ctypes.create_string_buffer(program)
                fprog = ctypes.create_string_buffer(struct.pack("HxxxxxxQ", len(code), ctypes.addressof(memory)))
                libc = ctypes.CDLL(None, use_errno=True)
                assert libc.prctl(38, 1, 0, 0, 0) == 0 and libc.prctl(22, 2, fprog) == 0
                os.execv(sys.argv[1], sys.argv[1:])
                """;
        Tool.require("python3");

        String output = ChildJvm.run(ChildJvm.command(WithoutIoUring.class).through("python3", "-c", filter));

        assertThat(output).contains("io_uring can't be used here; io_uring_setup(2) gives EPERM: a seccomp filter forbids it").contains("epoll works");
    }

    static final class WithoutIoUring {
        public static void main(String[] args) throws Exception {
            try (NetworkNamespace namespace = NetworkNamespace.current()) {
                try {
                    Transport.IO_URING.client(namespace, SocketOptions.NONE);
                } catch (UnsupportedOperationException e) {
                    System.out.println(e.getMessage());
                }
                Transport.EPOLL.client(namespace, SocketOptions.NONE).newChannel().unsafe().closeForcibly();
                System.out.println("epoll works");
            }
        }
    }
}
