package io.inpod.benchmarks;

import static java.util.Objects.requireNonNull;

import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.unix.SeqpacketListener;
import io.inpod.netns.unix.SeqpacketSocket;
import io.inpod.netns.unix.UnixMessage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
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
 * Measures sending one byte and one descriptor through a unix socket: sendmsg, recvmsg with SCM_RIGHTS, and closing the received
 * descriptor.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(2)
public class PassDescriptorBenchmark {
    private final ByteBuffer data = ByteBuffer.allocateDirect(1);
    private @Nullable Path directory;
    private @Nullable SeqpacketListener listener;
    private @Nullable SeqpacketSocket sender;
    private @Nullable SeqpacketSocket receiver;
    private @Nullable NetworkNamespace passed;

    /** Connects two sockets. */
    @Setup
    public void connect() throws IOException {
        directory = Files.createTempDirectory("fd");
        listener = SeqpacketListener.listen(directory.resolve("s"));
        sender = SeqpacketSocket.connect(directory.resolve("s"));
        receiver = listener.accept(Duration.ofSeconds(5));
        passed = NetworkNamespace.current();
    }

    /** Closes the sockets. */
    @TearDown
    public void close() throws IOException {
        requireNonNull(passed).close();
        requireNonNull(receiver).close();
        requireNonNull(sender).close();
        requireNonNull(listener).close();
        Files.deleteIfExists(requireNonNull(directory).resolve("s"));
        Files.delete(directory);
    }

    /** Sends, receives and closes a descriptor. */
    @Benchmark
    public void pass() throws IOException {
        requireNonNull(sender).send(data, requireNonNull(passed).fd());
        try (UnixMessage packet = requireNonNull(requireNonNull(receiver).receive(1, 1, Duration.ZERO))) {
            packet.data();
        }
    }
}
