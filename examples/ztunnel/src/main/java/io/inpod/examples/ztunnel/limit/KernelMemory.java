package io.inpod.examples.ztunnel.limit;

import io.inpod.examples.ztunnel.config.TcpUsage;
import io.netty.channel.epoll.EpollSocketChannel;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Collection;
import java.util.Comparator;
import java.util.Deque;
import java.util.List;
import java.util.stream.Stream;

/**
 * The kernel's memory for TCP, which all sockets of the node share: what has arrived and isn't read, and what is sent and not
 * acknowledged. The kernel gives each connection of the node less if too much is held. A client may hold as much as is free for everybody,
 * as with the other {@linkplain io.inpod.tproxy.share.Share shares}; if it holds more, those of its connections that have been idle
 * longest are reset. The kernel allocates this memory by itself, so it can't be refused beforehand, and is looked at regularly.
 */
public final class KernelMemory {
    /** A connection that holds less isn't waiting for anybody. */
    private static final long LEAST = 16 << 10;
    /** A client may always hold that part of the total, even if others that the proxy doesn't know hold more than that. */
    private static final int PART = 64;

    private final long total;
    private final Meter node;

    /** Measures how much all sockets of the node hold. */
    @FunctionalInterface
    interface Meter {
        long bytes() throws IOException;
    }

    /** What a socket holds. */
    record Held(EpollSocketChannel connection, long bytes, long idleMillis) {}

    private record Client(AtLimit pod, Deque<Held> idleFirst, long bytes) {
        static Client of(AtLimit pod, List<Held> sockets) {
            Stream<Held> waiting = sockets.stream().filter(socket -> socket.bytes() >= LEAST);
            return new Client(pod, new ArrayDeque<>(waiting.sorted(Comparator.comparingLong(Held::idleMillis).reversed()).toList()),
                    sockets.stream().mapToLong(Held::bytes).sum());
        }
    }

    private record Pod(List<Client> largestFirst, long bytes) {
        static Pod of(AtLimit pod) {
            List<Client> clients = pod.memory().stream().map(sockets -> Client.of(pod, sockets))
                    .sorted(Comparator.comparingLong(Client::bytes).reversed()).toList();
            return new Pod(clients, clients.stream().mapToLong(Client::bytes).sum());
        }
    }

    /**
     * Divides an amount.
     *
     * @param total how many bytes there are for the whole node, at least 1
     */
    public KernelMemory(long total) {
        this(total, TcpUsage::bytes);
    }

    KernelMemory(long total, Meter node) {
        this.total = total;
        this.node = node;
    }

    /**
     * Resets connections of those who hold more than is free. To be called every second, not on an event loop; usually costs the reading
     * of one file.
     *
     * @param pods the pods that are served
     * @throws IOException if the kernel doesn't say how much is held
     */
    public void relieve(Collection<AtLimit> pods) throws IOException {
        long held = node.bytes();
        if (3 * held <= total) {
            return; // nobody can hold more than is free: the node, a pod and its client would each hold a third
        }
        List<Pod> all = pods.stream().map(Pod::of).sorted(Comparator.comparingLong(Pod::bytes).reversed()).toList();
        for (Pod pod : all) {
            long freed = 0;
            for (Client client : pod.largestFirst()) {
                freed += relieve(client, held - freed, pod.bytes() - freed);
            }
            held -= freed;
        }
    }

    /** Returns how many bytes are free when the connections of a client that have too many are gone. */
    private long relieve(Client client, long held, long ofPod) {
        long freed = 0;
        while (client.bytes() - freed > total / PART && total - (held - freed) - (ofPod - freed) - (client.bytes() - freed) < 0
                && !client.idleFirst().isEmpty()) {
            Held next = client.idleFirst().remove();
            client.pod().reset(next);
            freed += next.bytes();
        }
        return freed;
    }
}
