package io.inpod.hbone.internal;

import static java.util.Objects.requireNonNull;

import io.inpod.hbone.Header;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import java.util.List;
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

/** A CONNECT request's headers to and from HPACK, on a connection that has seen the baggage before; {@code -prof gc} counts the garbage. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 4, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(2)
public class HeaderBenchmark {
    private static final List<HeaderCodec.Field> CONNECT =
            List.of(new HeaderCodec.Field(":method", "CONNECT"), new HeaderCodec.Field(":authority", "10.88.1.2:8080"));
    private static final List<Header> HEADERS = List.of(
            new Header("baggage", "k8s.cluster.name=Kubernetes,k8s.namespace.name=default,k8s.deployment.name=client,service.name=client,service.version=v1"),
            new Header("forwarded", "for=\"10.88.1.1:47934\""),
            new Header("traceparent", "00-c51ab52e96509283371bc5741149e82d-252cd6f565fe6f9b-00"));

    private final HeaderCodec sender = new HeaderCodec(16 << 10);
    private final HeaderCodec receiver = new HeaderCodec(16 << 10);
    private final ByteBuf out = PooledByteBufAllocator.DEFAULT.directBuffer(1024);
    private @Nullable ByteBuf repeated;

    /** The first request fills both tables. */
    @Setup
    public void warm() throws Exception {
        sender.encode(1, CONNECT, HEADERS, out);
        receiver.decode(1, out);
        sender.encode(3, CONNECT, HEADERS, out.clear());
        repeated = out.copy();
    }

    /** Releases. */
    @TearDown
    public void release() {
        out.release();
        requireNonNull(repeated).release();
        sender.close();
        receiver.close();
    }

    /** Headers to bytes. */
    @Benchmark
    public ByteBuf encode() throws Exception {
        sender.encode(3, CONNECT, HEADERS, out.clear());
        return out;
    }

    /** Bytes to a checked request. */
    @Benchmark
    public Object decode() throws Exception {
        return RequestRules.check(requireNonNull(receiver.decode(3, requireNonNull(repeated).readerIndex(0))));
    }
}
