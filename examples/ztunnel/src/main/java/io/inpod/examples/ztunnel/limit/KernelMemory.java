package io.inpod.examples.ztunnel.limit;

import io.inpod.examples.ztunnel.config.TcpUsage;
import io.netty.channel.socket.SocketChannel;
import java.io.IOException;
import java.net.InetAddress;
import java.util.ArrayDeque;
import java.util.Collection;
import java.util.Comparator;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The kernel's memory for TCP, which all sockets of the node share: what has arrived and isn't read, and what is sent and not
 * acknowledged. The kernel gives each connection of the node less if too much is held. A client may hold as much as is free for everybody,
 * as with the other {@linkplain io.inpod.tproxy.share.Share shares}; if it holds more, those of its connections are reset that are stuck,
 * the largest first. A connection is stuck if it moves so little that what it holds would need longer than eight seconds; what is read
 * stays, however much it holds. The kernel allocates this memory by itself, so it can't be refused beforehand, and is looked at regularly.
 */
public final class KernelMemory {
    /** A connection that holds less isn't waiting for anybody. */
    private static final long LEAST = 16 << 10;
    /** A pod may always hold that part of the total, even if others that the proxy doesn't know hold more than that. */
    private static final int PART = 64;

    private final long total;
    private final Meter node;

    /** Measures how much all sockets of the node hold. */
    @FunctionalInterface
    interface Meter {
        long bytes() throws IOException;
    }

    /** What a socket holds, and whether it is stuck. */
    record Held(SocketChannel connection, InetAddress client, long bytes, boolean stuck) {}

    /** The sockets of clients that have one share; those that are stuck in the order in which they would be reset. */
    private record Client(AtLimit pod, Deque<Held> stuck, long bytes) {
        static Client of(AtLimit pod, List<Held> sockets) {
            Map<InetAddress, Long> ofAddress =
                    sockets.stream().collect(Collectors.groupingBy(Held::client, Collectors.summingLong(Held::bytes)));
            Comparator<Held> largestAddress = Comparator.comparingLong(socket -> -ofAddress.getOrDefault(socket.client(), 0L));
            Comparator<Held> largest = Comparator.comparingLong(socket -> -socket.bytes());
            Stream<Held> stuck = sockets.stream().filter(socket -> socket.stuck() && socket.bytes() >= LEAST);
            return new Client(pod, new ArrayDeque<>(stuck.sorted(largestAddress.thenComparing(largest)).toList()),
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

    /** Resets connections of a client until it holds no more than is free, and returns how many bytes they held. */
    private long relieve(Client client, long held, long ofPod) {
        long freed = 0;
        while (ofPod - freed > total / PART && total - (held - freed) - (ofPod - freed) - (client.bytes() - freed) < 0
                && !client.stuck().isEmpty()) {
            Held next = client.stuck().remove();
            client.pod().reset(next);
            freed += next.bytes();
        }
        return freed;
    }
}
