package io.inpod.netns.internal;

import java.nio.ByteBuffer;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * Measures single calls of C functions. To compare the two ways, run it on Java 22 or later with and without
 * {@code -jvmArgsAppend -Dio.inpod.native=jnr}.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(3)
public class NativeCallBenchmark {
    private final ByteBuffer value = Native.buffer(4);
    private final ByteBuffer length = Native.buffer(4).putInt(0, 4);
    private final ByteBuffer stat = Native.buffer(SocketStructs.Statx.STRUCT.size());
    private int socket;

    /** Opens a socket. */
    @Setup
    public void open() {
        socket = Native.LIBC.socket(Constants.AF_UNIX, Constants.SOCK_STREAM | Constants.SOCK_CLOEXEC, 0);
    }

    /** Closes it. */
    @TearDown
    public void close() {
        Native.LIBC.close(socket);
    }

    /** Fails, and reads errno: little more than the way into the kernel and back. */
    @Benchmark
    public int failAndErrno() {
        return Native.LIBC.close(-1) + Native.errno();
    }

    /** Two buffers. */
    @Benchmark
    public int getsockopt() {
        return Native.LIBC.getsockopt(socket, SocketNumbers.SOL_SOCKET, SocketNumbers.SO_DOMAIN, value, length) + value.getInt(0);
    }

    /** A path and a buffer. */
    @Benchmark
    public int statx() {
        return Native.LIBC.statx(Constants.AT_FDCWD, "/proc/thread-self/ns/net", 0, 0x7ff, stat);
    }

    /** Creates a socket and closes it. */
    @Benchmark
    public int socketAndClose() {
        return Native.LIBC.close(Native.LIBC.socket(Constants.AF_UNIX, Constants.SOCK_STREAM | Constants.SOCK_CLOEXEC, 0));
    }
}
