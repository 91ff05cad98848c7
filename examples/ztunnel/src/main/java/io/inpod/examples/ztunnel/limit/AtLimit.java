package io.inpod.examples.ztunnel.limit;

import io.inpod.netns.socket.LinuxSocketOptions;
import io.inpod.tproxy.Resets;
import io.inpod.tproxy.share.Admission;
import io.inpod.tproxy.share.Clients;
import io.inpod.tproxy.share.Holdings;
import io.netty.channel.Channel;
import io.netty.channel.ChannelException;
import io.netty.channel.socket.SocketChannel;
import io.netty.channel.unix.RawUnixChannelOption;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What happens when a pod or one of its clients has its share of sockets: new connections are refused, and of those of the same client that
 * have been idle longest some are reset, so that it has room again. If the pod has its share, they are those of its largest client.
 * Thread-safe.
 */
public final class AtLimit {
    private static final Logger LOG = LoggerFactory.getLogger("limits");
    private static final long PAUSE_NANOS = TimeUnit.SECONDS.toNanos(1);
    /** One of that many of a client's sockets may be reset at a time. */
    private static final int PART = 16;
    private static final int LAST_DATA_SENT = 44; // milliseconds ago; offsets in struct tcp_info of include/uapi/linux/tcp.h
    private static final int LAST_DATA_RECEIVED = 52;
    private static final RawUnixChannelOption TCP_INFO =
            new RawUnixChannelOption("TCP_INFO", 6, 11, LAST_DATA_RECEIVED + Integer.BYTES);
    /** How many clients are remembered until the next look; those that are refused again are found later. */
    private static final int MOST_REFUSED = 1000;

    private final String pod;
    private final Holdings holdings;
    private final NameLookups.OfPod names;
    private final Connections connections;
    private final Duration idle;
    private final Executor control;
    private final AtomicLong next = new AtomicLong(System.nanoTime());
    private final Set<InetAddress> refused = ConcurrentHashMap.newKeySet();
    private final LongAdder evictions = new LongAdder();
    private final LongAdder unread = new LongAdder();
    private long reportedSockets;
    private long reportedBytes;
    private long reportedNames;
    private long reportedPortless;

    /**
     * Creates the limits of a pod.
     *
     * @param pod its name, for the log
     * @param holdings what it holds
     * @param names its look-ups of names
     * @param connections its connections, accepted and opened
     * @param idle how long a connection must have been idle to be reset
     * @param control looks for idle connections
     */
    public AtLimit(String pod, Holdings holdings, NameLookups.OfPod names, Connections connections, Duration idle, Executor control) {
        this.pod = pod;
        this.holdings = holdings;
        this.names = names;
        this.connections = connections;
        this.idle = idle;
        this.control = control;
    }

    /** {@return the pod's look-ups of names} */
    public NameLookups.OfPod names() {
        return names;
    }

    /**
     * A connection of this pod was refused. Looks for idle connections at most once per second, and not on the event loop that calls.
     *
     * @param client the client that had no room for it
     */
    public void socketsExhausted(InetAddress client) {
        if (refused.size() < MOST_REFUSED) {
            refused.add(Clients.group(client));
        }
        long now = System.nanoTime();
        long due = next.get();
        if (now - due >= 0 && next.compareAndSet(due, now + PAUSE_NANOS)) {
            control.execute(this::evict);
        }
    }

    /** Where the pod has room, only the refused clients lack it, and only their own connections are reset. */
    private void evict() {
        List<InetAddress> clients = List.copyOf(refused);
        refused.clear();
        Map<InetAddress, List<SocketChannel>> sockets = byClient();
        if (holdings.sockets().room() <= 0) {
            sockets.values().stream().max(Comparator.comparingLong(own -> admission(own.get(0)).group().sockets().held()))
                    .ifPresent(this::evict);
        } else {
            clients.stream().map(client -> sockets.getOrDefault(client, List.of())).forEach(this::evict);
        }
    }

    /** Returns the sockets that count as a client's, by the client's {@linkplain Clients#group group}. */
    private Map<InetAddress, List<SocketChannel>> byClient() {
        Map<InetAddress, List<SocketChannel>> sockets = new HashMap<>();
        for (Channel channel : connections.all()) {
            Admission admission = Admission.of(channel);
            if (channel instanceof SocketChannel socket && admission != null) {
                sockets.computeIfAbsent(Clients.group(admission.client()), client -> new ArrayList<>()).add(socket);
            }
        }
        return sockets;
    }

    private static Admission admission(SocketChannel socket) {
        return Objects.requireNonNull(Admission.of(socket));
    }

    private record Idle(SocketChannel connection, long millis) {}

    private void evict(List<SocketChannel> sockets) {
        List<Idle> all = sockets.stream().map(socket -> new Idle(socket, idleMillis(socket))).toList();
        all.stream().filter(socket -> socket.millis() >= idle.toMillis()).sorted(Comparator.comparingLong(Idle::millis).reversed())
                .limit(Math.max(1, all.size() / PART)).forEach(socket -> {
                    evictions.increment();
                    Resets.reset(socket.connection());
                });
    }

    /**
     * Returns what the sockets of each client hold of the kernel's memory, those of one {@linkplain Clients#group group} together.
     * Costs two system calls per socket.
     */
    List<List<KernelMemory.Held>> memory() {
        return byClient().values().stream().map(sockets -> sockets.stream().map(AtLimit::held).toList()).toList();
    }

    private static KernelMemory.Held held(SocketChannel socket) {
        long bytes;
        try {
            bytes = LinuxSocketOptions.MEMORY.get(socket).held();
        } catch (IOException closed) {
            bytes = 0;
        }
        return new KernelMemory.Held(socket, admission(socket).client(), bytes, Progress.isStuck(socket, bytes));
    }

    /** Resets a connection because its client has its share of the kernel's memory. */
    void reset(KernelMemory.Held socket) {
        unread.increment();
        Resets.reset(socket.connection());
    }

    /** Returns for how long no data has passed; the kernel knows, so nothing need be noted for each read. Connecting isn't idle. */
    private static long idleMillis(SocketChannel socket) {
        if (!socket.isActive()) {
            return -1;
        }
        try {
            ByteBuffer info = socket.config().getOption(TCP_INFO).order(ByteOrder.nativeOrder());
            return Math.min(Integer.toUnsignedLong(info.getInt(LAST_DATA_SENT)), Integer.toUnsignedLong(info.getInt(LAST_DATA_RECEIVED)));
        } catch (ChannelException closed) {
            return -1;
        }
    }

    /**
     * Logs what was refused since the last call; called from time to time.
     *
     * @param portless how many connections to the pod's apps have had no source port since the pod was enrolled
     */
    public synchronized void report(long portless) {
        long refused = holdings.sockets().refusals() - reportedSockets;
        long evicted = evictions.sumThenReset();
        if (refused > 0 || evicted > 0) {
            reportedSockets += refused;
            LOG.warn("{} has its share of sockets\trefused={} idle_reset={} held={} total={}", pod, refused, evicted,
                    holdings.sockets().held(), holdings.sockets().total());
        }
        long paused = holdings.bytes().refusals() - reportedBytes;
        if (paused > 0) {
            reportedBytes += paused;
            LOG.warn("{} has its share of buffers\tpaused={} held={} total={}", pod, paused, holdings.bytes().held(),
                    holdings.bytes().total());
        }
        long unread = this.unread.sumThenReset();
        if (unread > 0) {
            LOG.warn("{} has its share of the kernel's memory for TCP\treset={}", pod, unread);
        }
        long unnamed = names.refusals() - reportedNames;
        if (unnamed > 0) {
            reportedNames += unnamed;
            LOG.warn("{} has too many names to look up\trefused={} waiting={}", pod, unnamed, names.waiting());
        }
        if (portless > reportedPortless) {
            LOG.warn("{} has clients without source ports to its apps\trefused={}", pod, portless - reportedPortless);
            reportedPortless = portless;
        }
    }
}
