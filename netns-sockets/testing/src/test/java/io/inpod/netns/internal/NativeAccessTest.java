package io.inpod.netns.internal;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.inpod.netns.internal.SocketStructs.Iovec;
import io.inpod.netns.internal.SocketStructs.Msghdr;
import io.inpod.netns.internal.SocketStructs.Pollfd;
import io.inpod.netns.internal.SocketStructs.SockaddrIn;
import io.inpod.netns.internal.SocketStructs.SockaddrUn;
import io.inpod.netns.internal.SocketStructs.Statx;
import io.inpod.netns.testing.Privilege;
import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentSkipListSet;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledForJreRange;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Calls every function through each way that this Java has. The oracle is the kernel, asked through the JDK. */
class NativeAccessTest {
    private static final int MISSING_FILE = 2;
    private static final int BAD_DESCRIPTOR = 9;
    private static final int LOCK_NB = 4;
    private static final Path METADATA = Path.of("../src/main/resources/META-INF/native-image/io.inpod/netns-sockets/reachability-metadata.json");
    private static final Path HANDLES = Path.of("../src/main/java/io/inpod/netns/internal/ForeignAccess.java");

    @TempDir
    Path directory;

    static List<NativeAccess> ways() {
        List<NativeAccess> ways = new ArrayList<>(List.of(JnrAccess.load()));
        if (Runtime.version().feature() >= ForeignLinker.SINCE) {
            ways.add(new ForeignAccess());
        }
        return ways;
    }

    @ParameterizedTest
    @MethodSource("ways")
    void everyFunctionReachesTheKernel(NativeAccess way) throws Exception {
        Privilege.NAMESPACES.require();
        Set<String> called = new ConcurrentSkipListSet<>();
        LibC libc = recording(way.libc(), called);

        files(libc, way);
        mounts(libc);
        namespaces(libc);
        streams(libc, way);
        datagrams(libc);
        clock(libc);

        assertThat(called).isEqualTo(Arrays.stream(LibC.class.getMethods()).map(NativeAccessTest::signature).collect(Collectors.toCollection(TreeSet::new)));
    }

    private void files(LibC libc, NativeAccess way) throws IOException {
        Path deep = directory.resolve("long".repeat(50)).resolve("path".repeat(50));
        Path file = Files.writeString(Files.createDirectories(deep).resolve("file"), "x");

        int fd = libc.open(file.toString(), Constants.O_RDONLY | Constants.O_CLOEXEC, 0);
        assertThat(link(fd)).isEqualTo(file.toRealPath().toString());
        int copy = libc.fcntl(fd, Constants.F_DUPFD_CLOEXEC, 777);
        assertThat(copy).isGreaterThanOrEqualTo(777);
        assertThat(link(copy)).isEqualTo(link(fd));

        ByteBuffer stat = Native.buffer(Statx.STRUCT.size());
        assertThat(libc.statx(Constants.AT_FDCWD, file.toString(), 0, 0x7ff, stat)).isZero();
        assertThat(Statx.INO.getLong(stat, 0)).isEqualTo(Files.getAttribute(file, "unix:ino"));

        long memory = libc.mmap(null, 4096, 1, 1, fd, 0); // PROT_READ, MAP_SHARED
        assertThat(Files.readString(Path.of("/proc/self/maps"))).containsPattern("(?m)^0*%x-.*%s$".formatted(memory, Pattern.quote(link(fd))));
        assertThat(libc.munmap(memory, 4096)).isZero();
        assertThat(Files.readString(Path.of("/proc/self/maps"))).doesNotContain(link(fd));

        int other = libc.open(file.toString(), Constants.O_RDONLY | Constants.O_CLOEXEC, 0);
        assertThat(libc.flock(fd, Constants.LOCK_EX)).isZero();
        assertThat(libc.flock(other, Constants.LOCK_EX | LOCK_NB)).isEqualTo(-1);
        assertThat(way.errno()).isEqualTo(Constants.EAGAIN);

        int process = (int) libc.syscall(434, ProcessHandle.current().pid(), 0); // pidfd_open
        int fetched = (int) libc.syscall(438, process, copy, 0); // pidfd_getfd
        assertThat(link(fetched)).isEqualTo(link(fd));

        for (int each : new int[] {fd, copy, other, process, fetched}) {
            assertThat(libc.close(each)).isZero();
            assertThat(Path.of("/proc/self/fd/" + each)).doesNotExist();
        }
        assertThat(libc.close(fd)).isEqualTo(-1);
        assertThat(way.errno()).isEqualTo(BAD_DESCRIPTOR);
        assertThat(libc.open(file + "-that-is-missing", 0, 0)).isEqualTo(-1);
        assertThat(way.errno()).isEqualTo(MISSING_FILE);
    }

    private void mounts(LibC libc) throws IOException {
        Path point = Files.createDirectory(directory.resolve("mount point"));

        assertThat(libc.mount("label", point.toString(), "tmpfs", 0, "size=64k")).isZero();
        assertThat(Files.readString(Path.of("/proc/self/mountinfo"))).containsPattern("/mount\\\\040point .* - tmpfs label .*size=64k");
        assertThat(libc.mount("none", point.toString(), "none", Constants.MS_SHARED, null)).isZero();
        assertThat(Files.readString(Path.of("/proc/self/mountinfo"))).containsPattern("/mount\\\\040point .* shared:\\d+ - tmpfs label");
        assertThat(libc.umount2(point.toString(), Constants.MNT_DETACH)).isZero();
        assertThat(Files.readString(Path.of("/proc/self/mountinfo"))).doesNotContain("/mount\\040point");
        Files.delete(point);
    }

    /** On a thread that ends: what it does to its namespace concerns no other test. */
    private void namespaces(LibC libc) {
        CompletableFuture<Void> done = new CompletableFuture<>();
        Thread thread = new Thread(() -> {
            try {
                int home = libc.open("/proc/thread-self/ns/net", Constants.O_RDONLY | Constants.O_CLOEXEC, 0);
                String before = own();
                assertThat(libc.ioctl(home, Constants.NS_GET_NSTYPE, 0)).isEqualTo(Constants.CLONE_NEWNET);
                assertThat(libc.unshare(Constants.CLONE_NEWNET)).isZero();
                assertThat(own()).isNotEqualTo(before);
                assertThat(libc.setns(home, Constants.CLONE_NEWNET)).isZero();
                assertThat(own()).isEqualTo(before);
                libc.close(home);
                done.complete(null);
            } catch (Throwable e) {
                done.completeExceptionally(e);
            }
        });
        thread.start();
        done.join();
    }

    private void streams(LibC libc, NativeAccess way) {
        byte[] path = directory.resolve("socket").toString().getBytes(UTF_8);
        ByteBuffer address = Native.buffer(SockaddrUn.STRUCT.size());
        SockaddrUn.FAMILY.put(address, 0, Constants.AF_UNIX);
        address.put(2, path);
        int length = 2 + path.length + 1;
        int listener = libc.socket(Constants.AF_UNIX, Constants.SOCK_SEQPACKET | Constants.SOCK_CLOEXEC, 0);
        int client = libc.socket(Constants.AF_UNIX, Constants.SOCK_SEQPACKET | Constants.SOCK_CLOEXEC, 0);
        assertThat(libc.bind(listener, address, length)).isZero();
        assertThat(libc.listen(listener, 5)).isZero();
        assertThat(libc.connect(client, address, length)).isZero();
        ByteBuffer peer = Native.buffer(SockaddrUn.STRUCT.size());
        ByteBuffer peerLength = Native.buffer(4).putInt(0, peer.capacity());
        int accepted = libc.accept4(listener, peer, peerLength, Constants.SOCK_CLOEXEC);
        assertThat(accepted).isPositive();
        assertThat(peerLength.getInt(0)).as("the client has no name").isEqualTo(2);
        assertThat(libc.accept4(listener, null, null, 1 << 30)).as("an unknown flag").isEqualTo(-1);

        ByteBuffer sent = Native.buffer(16).put(8, "message".getBytes(UTF_8)).position(8); // used from its position on
        assertThat(libc.send(client, sent, 7, 0)).isEqualTo(7);
        ByteBuffer pending = Native.buffer(4);
        assertThat(libc.ioctl(accepted, 0x541b, pending)).as("FIONREAD").isZero();
        assertThat(pending.getInt(0)).isEqualTo(7);
        ByteBuffer received = Native.buffer(16).position(2);
        assertThat(libc.recv(accepted, received, 14, 0)).isEqualTo(7);
        assertThat(UTF_8.decode(received.slice(2, 7)).toString()).isEqualTo("message");

        ByteBuffer data = ByteBuffer.allocateDirect(4).put(0, "data".getBytes(UTF_8));
        assertThat(libc.sendmsg(accepted, header(way, data), 0)).isEqualTo(4);
        ByteBuffer poll = Native.buffer(Pollfd.STRUCT.size());
        Pollfd.FD.put(poll, 0, client);
        Pollfd.EVENTS.put(poll, 0, Constants.POLLIN);
        assertThat(libc.poll(poll, 1, 10_000)).isEqualTo(1);
        assertThat(Pollfd.RETURNED.get(poll, 0)).isEqualTo(Constants.POLLIN);
        ByteBuffer copy = ByteBuffer.allocateDirect(4);
        assertThat(libc.recvmsg(client, header(way, copy), 0)).isEqualTo(4);
        assertThat(copy).isEqualTo(data);

        assertThat(libc.shutdown(accepted, Constants.SHUT_RDWR)).isZero();
        assertThat(libc.recv(client, received, 1, 0)).as("end").isZero();
        IntStream.of(listener, client, accepted).forEach(libc::close);
    }

    private static ByteBuffer header(NativeAccess way, ByteBuffer data) {
        ByteBuffer memory = Native.buffer(Msghdr.STRUCT.size() + Iovec.STRUCT.size());
        Msghdr.VECTOR.put(memory, 0, way.address(memory) + Msghdr.STRUCT.size());
        Msghdr.VECTOR_LENGTH.put(memory, 0, 1);
        Iovec.BASE.put(memory, Msghdr.STRUCT.size(), way.address(data));
        Iovec.LENGTH.put(memory, Msghdr.STRUCT.size(), data.capacity());
        return memory;
    }

    private static void datagrams(LibC libc) {
        int server = libc.socket(Constants.AF_INET, Constants.SOCK_DGRAM | Constants.SOCK_CLOEXEC, 0);
        int client = libc.socket(Constants.AF_INET, Constants.SOCK_DGRAM | Constants.SOCK_CLOEXEC, 0);
        ByteBuffer value = Native.buffer(4);
        assertThat(libc.setsockopt(server, SocketNumbers.SOL_SOCKET, SocketNumbers.SO_PRIORITY, value.putInt(0, 5), 4)).isZero();
        assertThat(libc.getsockopt(server, SocketNumbers.SOL_SOCKET, SocketNumbers.SO_PRIORITY, value.putInt(0, 0), Native.buffer(4).putInt(0, 4))).isZero();
        assertThat(value.getInt(0)).isEqualTo(5);
        assertThat(libc.getsockopt(server, SocketNumbers.SOL_SOCKET, SocketNumbers.SO_DOMAIN, value, Native.buffer(4).putInt(0, 4))).isZero();
        assertThat(value.getInt(0)).isEqualTo(Constants.AF_INET);

        ByteBuffer address = loopback(libc, server);
        ByteBuffer sender = loopback(libc, client);
        assertThat(libc.connect(client, address, address.capacity())).isZero();
        assertThat(libc.send(client, Native.buffer(3), 3, 0)).isEqualTo(3);
        ByteBuffer from = Native.buffer(SockaddrIn.STRUCT.size());
        assertThat(libc.recvfrom(server, Native.buffer(16), 16, 0, from, Native.buffer(4).putInt(0, from.capacity()))).isEqualTo(3);
        assertThat(from).isEqualTo(sender);
        IntStream.of(server, client).forEach(libc::close);
    }

    /** Binds to 127.0.0.1 and returns the address with the port. */
    private static ByteBuffer loopback(LibC libc, int socket) {
        ByteBuffer address = Native.buffer(SockaddrIn.STRUCT.size());
        SockaddrIn.FAMILY.put(address, 0, Constants.AF_INET);
        address.put(4, new byte[] {127, 0, 0, 1});
        assertThat(libc.bind(socket, address, address.capacity())).isZero();
        assertThat(libc.getsockname(socket, address, Native.buffer(4).putInt(0, address.capacity()))).isZero();
        assertThat(SockaddrIn.PORT.get(address, 0)).isPositive();
        return address;
    }

    private static void clock(LibC libc) throws IOException {
        ByteBuffer time = Native.buffer(16);
        long before = uptime();
        assertThat(libc.clock_gettime(7, time)).isZero();
        assertThat(time.getLong(0)).isBetween(before, uptime());
    }

    private static long uptime() throws IOException {
        return Long.parseLong(Files.readString(Path.of("/proc/uptime")).replaceFirst("\\..*\\s*", ""));
    }

    @ParameterizedTest
    @MethodSource("ways")
    void errnoIsTheThreadsOwn(NativeAccess way) {
        way.libc().close(-1);
        CompletableFuture.runAsync(() -> {
            way.libc().open("/missing", 0, 0);
            assertThat(way.errno()).isEqualTo(MISSING_FILE);
        }, command -> {
            Thread thread = new Thread(command);
            thread.start();
            try {
                thread.join();
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
        }).join();
        assertThat(way.errno()).isEqualTo(BAD_DESCRIPTOR);
    }

    @Test
    @EnabledForJreRange(minVersion = ForeignLinker.SINCE)
    void aBufferOnTheHeapIsRefused() {
        assertThatThrownBy(() -> new ForeignAccess().libc().recv(0, ByteBuffer.allocate(1), 1, 0)).hasMessageContaining("heap");
    }

    /** GraalVM makes code only for the kinds of functions that the file lists: their number of parameters, and where variadic ones begin. */
    @Test
    void theMetadataListsEveryKindOfFunction() throws IOException {
        Set<String> used = new TreeSet<>();
        Pattern.compile("LINKER\\.(?:function|variadic)\\(\"\\w+\", (\\d)(?:, (\\d))?\\)").matcher(Files.readString(HANDLES)).results()
                .forEach(handle -> used.add(kind(Integer.parseInt(handle.group(1)), handle.group(2))));
        Set<String> listed = Pattern.compile("\"parameterTypes\": \\[([^]]*)],\\s*\"options\": \\{ \"captureCallState\": true(?:, \"firstVariadicArg\": (\\d))? }")
                .matcher(Files.readString(METADATA)).results().map(NativeAccessTest::listed).collect(Collectors.toCollection(TreeSet::new));

        assertThat(listed).isNotEmpty().isEqualTo(used);
    }

    private static String listed(MatchResult downcall) {
        String[] parameters = downcall.group(1).split(", ");
        assertThat(parameters).containsOnly("\"jlong\"");
        return kind(parameters.length, downcall.group(2));
    }

    private static String kind(int parameters, String variadic) {
        return parameters + (variadic == null ? "" : " from " + variadic);
    }

    private static String link(int fd) throws IOException {
        return Files.readSymbolicLink(Path.of("/proc/self/fd/" + fd)).toString();
    }

    private static String own() throws IOException {
        return Files.readSymbolicLink(Path.of("/proc/thread-self/ns/net")).toString();
    }

    private static LibC recording(LibC libc, Set<String> called) {
        return (LibC) Proxy.newProxyInstance(LibC.class.getClassLoader(), new Class<?>[] {LibC.class}, (proxy, method, arguments) -> {
            called.add(signature(method));
            try {
                return method.invoke(libc, arguments);
            } catch (InvocationTargetException e) {
                throw e.getCause();
            }
        });
    }

    private static String signature(Method method) {
        return method.getName() + Arrays.toString(method.getParameterTypes());
    }
}
