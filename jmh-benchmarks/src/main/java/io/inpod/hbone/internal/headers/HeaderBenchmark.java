package io.inpod.hbone.internal.headers;

import static java.util.Objects.requireNonNull;

import io.inpod.hbone.Header;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
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

/** The headers of CONNECT requests that differ in port and trace, to and from HPACK; {@code -prof gc} counts the garbage. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 4, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(2)
public class HeaderBenchmark {
    private static final List<HeaderCodec.Field> CONNECT =
            List.of(new HeaderCodec.Field(":method", "CONNECT"), new HeaderCodec.Field(":authority", "10.88.1.2:8080"));
    private static final int REQUESTS = 1000;

    private final HeaderCodec sender = new HeaderCodec(16 << 10);
    private final HeaderCodec receiver = new HeaderCodec(16 << 10);
    private final ByteBuf out = PooledByteBufAllocator.DEFAULT.directBuffer(1024);
    private final List<List<Header>> requests = new ArrayList<>();
    private final List<ByteBuf> blocks = new ArrayList<>();
    private int next;

    /** Blocks that don't index the changing fields can be decoded repeatedly. */
    @Setup
    public void prepare() throws Exception {
        Random random = new Random(1);
        HeaderCodec plain = new HeaderCodec(16 << 10);
        plain.peerTableSize(0);
        for (int i = 0; i < REQUESTS; i++) {
            requests.add(List.of(
                    new Header("baggage",
                            "k8s.cluster.name=Kubernetes,k8s.namespace.name=default,k8s.deployment.name=client,"
                                    + "service.name=client,service.version=v1"),
                    new Header("forwarded", "for=\"10.88.1.1:" + (20_000 + random.nextInt(30_000)) + '"'),
                    new Header("traceparent",
                            String.format("00-%016x%016x-%016x-00", random.nextLong(), random.nextLong(), random.nextLong()))));
            plain.encode(1, CONNECT, requests.get(i), out.clear());
            blocks.add(out.copy());
        }
        plain.close();
    }

    /** Releases the buffers. */
    @TearDown
    public void release() {
        out.release();
        blocks.forEach(ByteBuf::release);
        sender.close();
        receiver.close();
    }

    /** Encodes headers. */
    @Benchmark
    public ByteBuf encode() throws Exception {
        sender.encode(3, CONNECT, requests.get(next++ % REQUESTS), out.clear());
        return out;
    }

    /** Decodes and checks a request; all fields are literals, the most work for a decoder. */
    @Benchmark
    public Object decode() throws Exception {
        return RequestRules.check(requireNonNull(receiver.decode(3, blocks.get(next++ % REQUESTS).readerIndex(0))));
    }
}
