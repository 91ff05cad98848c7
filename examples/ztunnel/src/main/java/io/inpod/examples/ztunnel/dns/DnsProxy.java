package io.inpod.examples.ztunnel.dns;

import io.inpod.examples.ztunnel.mesh.Mesh;
import io.inpod.examples.ztunnel.mesh.Workload;
import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.socket.SocketOptions;
import io.inpod.tproxy.share.Admission;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.EventLoop;
import io.netty.handler.codec.dns.DnsOpCode;
import io.netty.handler.codec.dns.DnsQuestion;
import io.netty.handler.codec.dns.DnsRecordType;
import io.netty.handler.codec.dns.DnsResponseCode;
import java.net.InetAddress;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Answers the questions of one pod. Thread-safe. */
public final class DnsProxy implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger("dns");
    /** How many questions of a pod may wait for name servers at a time. */
    static final int MOST_WAITING = 200;

    private final Supplier<Mesh> mesh;
    private final Supplier<Optional<Workload>> self;
    private final MeshNames names;
    private final boolean ipv6;
    private final NameServers servers;
    private final DnsForwarder forwarder;
    private final AtomicInteger waiting = new AtomicInteger();
    private final DnsCounters counters;

    /**
     * What the proxy needs to know about the pod.
     *
     * @param namespace its namespace
     * @param sockets options of the sockets that are opened in it
     * @param self the pod in the mesh, as it is known now
     * @param admission takes a client's share of sockets; returns null if it has none left
     */
    public record Pod(NetworkNamespace namespace, SocketOptions sockets, Supplier<Optional<Workload>> self,
            Function<InetAddress, @Nullable Admission> admission) {}

    /**
     * Creates the proxy of a pod.
     *
     * @param pod the pod
     * @param mesh the state of the mesh, as it is known now
     * @param settings what is the same for all pods
     * @param servers the name servers for what isn't in the mesh
     * @param counters count the questions
     */
    public DnsProxy(Pod pod, Supplier<Mesh> mesh, DnsSettings settings, NameServers servers, DnsCounters counters) {
        this.counters = counters;
        this.mesh = mesh;
        this.self = pod.self();
        this.names = new MeshNames(settings.domain(), settings.preferredNamespace());
        this.ipv6 = settings.ipv6();
        this.servers = servers;
        this.forwarder = new DnsForwarder(pod.namespace(), pod.sockets(), pod.admission());
    }

    /**
     * Answers a message, on an event loop.
     *
     * @param loop this event loop
     * @param client the client's address
     * @param message the message; stays the caller's
     * @param tcp whether it came over TCP
     * @param reply receives the answer, now or later, on this event loop; not called for what isn't a DNS message at all
     */
    public void answer(EventLoop loop, InetAddress client, ByteBuf message, boolean tcp, Consumer<ByteBuf> reply) {
        DnsQuery query = DnsQuery.read(message);
        if (query == null) {
            return;
        }
        if (query.isResponse() || query.question() == null) {
            reply.accept(DnsAnswer.empty(ByteBufAllocator.DEFAULT, query, message, DnsResponseCode.FORMERR, false));
        } else if (!query.opCode().equals(DnsOpCode.QUERY)) {
            reply.accept(DnsAnswer.empty(ByteBufAllocator.DEFAULT, query, message, DnsResponseCode.NOTIMP, false));
        } else {
            decide(loop, client, query, message, tcp, reply);
        }
    }

    private void decide(EventLoop loop, InetAddress client, DnsQuery query, ByteBuf message, boolean tcp, Consumer<ByteBuf> reply) {
        Optional<Workload> asking = self.get();
        if (asking.isEmpty()) { // which names it may know, nobody can say
            reply.accept(DnsAnswer.empty(ByteBufAllocator.DEFAULT, query, message, DnsResponseCode.SERVFAIL, false));
            return;
        }
        DnsQuestion question = Objects.requireNonNull(query.question());
        DnsSeries counted = counters.asked(question.type().name(), tcp, asking.get().telemetry());
        Optional<NameAnswer> found = names.find(mesh.get(), asking.get(), question.name());
        if (found.isPresent() && query.isForAddresses()) {
            counters.answered();
            boolean none = question.type().equals(DnsRecordType.AAAA) && !ipv6;
            NameAnswer answer = none ? new NameAnswer(null, List.of()) : found.get();
            LOG.debug("{} {} answered: {}", question.type().name(), question.name(), answer.addresses());
            reply.accept(DnsAnswer.addresses(ByteBufAllocator.DEFAULT, query, message, answer,
                    tcp ? Integer.MAX_VALUE : query.udpBytes()));
        } else if (waiting.incrementAndGet() > MOST_WAITING) {
            waiting.decrementAndGet();
            counters.refused();
            reply.accept(DnsAnswer.empty(ByteBufAllocator.DEFAULT, query, message, DnsResponseCode.SERVFAIL, false));
        } else {
            counted.passedOn();
            long begun = System.nanoTime();
            ByteBuf kept = message.copy(); // the caller's is gone when the answer comes
            forwarder.forward(loop, client, query, kept.retainedDuplicate(), tcp, servers.servers(), answer -> {
                waiting.decrementAndGet();
                counted.ended(answer != null, System.nanoTime() - begun);
                reply.accept(passedOn(query, kept, tcp, found.isPresent(), answer));
                kept.release();
            });
        }
    }

    /** Asks name servers no more, and closes the sockets in the pod's namespace; what waits is answered with an error. Doesn't block. */
    @Override
    public void close() {
        forwarder.close();
    }

    private ByteBuf passedOn(DnsQuery query, ByteBuf message, boolean tcp, boolean known, @Nullable ByteBuf answer) {
        LOG.debug("{} forwarded: {}", Objects.requireNonNull(query.question()), answer == null ? "no answer" : "answered");
        if (answer == null) {
            return DnsAnswer.empty(ByteBufAllocator.DEFAULT, query, message, DnsResponseCode.SERVFAIL, false);
        }
        if (!tcp && answer.readableBytes() > query.udpBytes()) {
            answer.release();
            return DnsAnswer.truncated(ByteBufAllocator.DEFAULT, query, message);
        }
        int at = answer.readerIndex() + 2;
        int flags = answer.getUnsignedShort(at);
        if (known && (flags & DnsQuery.CODE) == DnsResponseCode.NXDOMAIN.intValue()) { // it exists, without a record of this type
            answer.setShort(at, flags & ~DnsQuery.CODE);
        }
        return answer;
    }
}
