package io.inpod.examples.ztunnel.proxy;

import io.inpod.tproxy.Resets;
import io.inpod.tproxy.share.Admission;
import io.inpod.tproxy.share.Holdings;
import io.inpod.tproxy.share.Share;
import io.netty.channel.Channel;
import io.netty.channel.ChannelException;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.epoll.EpollTcpInfo;
import java.net.InetAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What happens when a pod or one of its clients has its share of sockets: new connections are refused, and of those of the same client that
 * have been idle longest some are reset, so that it has room again. If the pod has its share, they are those of its largest client.
 * Thread-safe.
 */
final class AtLimit {
    private static final Logger LOG = LoggerFactory.getLogger("limits");
    private static final long PAUSE_NANOS = TimeUnit.SECONDS.toNanos(1);
    /** One of that many of a client's sockets may be reset at a time. */
    private static final int PART = 16;
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
    private long reportedSockets;
    private long reportedBytes;
    private long reportedNames;
    private long reportedPortless;

    AtLimit(String pod, Holdings holdings, NameLookups.OfPod names, Connections connections, Duration idle, Executor control) {
        this.pod = pod;
        this.holdings = holdings;
        this.names = names;
        this.connections = connections;
        this.idle = idle;
        this.control = control;
    }

    NameLookups.OfPod names() {
        return names;
    }

    /**
     * A connection of this pod was refused. Looks for idle connections at most once per second, and not on the event loop that calls.
     *
     * @param client the client that had no room for it
     */
    void socketsExhausted(InetAddress client) {
        if (refused.size() < MOST_REFUSED) {
            refused.add(client);
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
        List<EpollSocketChannel> sockets = new ArrayList<>();
        for (Channel channel : connections.all()) {
            if (channel instanceof EpollSocketChannel socket && Admission.of(channel) != null) {
                sockets.add(socket);
            }
        }
        if (holdings.sockets().room() <= 0) {
            sockets.stream().map(AtLimit::group).max(Comparator.comparingLong(Share::held))
                    .ifPresent(largest -> evict(sockets.stream().filter(socket -> group(socket) == largest)));
        } else {
            Set<Share> done = new HashSet<>();
            for (InetAddress client : clients) {
                List<EpollSocketChannel> own = sockets.stream().filter(socket -> admission(socket).sharesWith(client)).toList();
                if (!own.isEmpty() && done.add(group(own.get(0)))) {
                    evict(own.stream());
                }
            }
        }
    }

    private static Admission admission(EpollSocketChannel socket) {
        return Objects.requireNonNull(Admission.of(socket));
    }

    private static Share group(EpollSocketChannel socket) {
        return admission(socket).group().sockets();
    }

    private record Idle(EpollSocketChannel connection, long millis) {}

    private void evict(Stream<EpollSocketChannel> sockets) {
        List<Idle> all = sockets.map(socket -> new Idle(socket, idleMillis(socket))).toList();
        all.stream().filter(socket -> socket.millis() >= idle.toMillis()).sorted(Comparator.comparingLong(Idle::millis).reversed())
                .limit(Math.max(1, all.size() / PART)).forEach(socket -> {
                    evictions.increment();
                    Resets.reset(socket.connection());
                });
    }

    /** Returns for how long no data has passed; the kernel knows, so nothing need be noted for each read. Connecting isn't idle. */
    private static long idleMillis(EpollSocketChannel socket) {
        if (!socket.isActive()) {
            return -1;
        }
        try {
            EpollTcpInfo info = socket.tcpInfo();
            return Math.min(info.lastDataSent(), info.lastDataRecv());
        } catch (ChannelException closed) {
            return -1;
        }
    }

    /**
     * Logs what was refused since the last call; called from time to time.
     *
     * @param portless how many connections to the pod's apps have had no source port since the pod was enrolled
     */
    synchronized void report(long portless) {
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
