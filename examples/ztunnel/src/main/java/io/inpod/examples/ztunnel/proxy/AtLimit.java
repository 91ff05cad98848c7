package io.inpod.examples.ztunnel.proxy;

import io.inpod.tproxy.Resets;
import io.inpod.tproxy.share.Admission;
import io.inpod.tproxy.share.Holdings;
import io.inpod.tproxy.share.Share;
import io.netty.channel.Channel;
import io.netty.channel.ChannelException;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.epoll.EpollTcpInfo;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What happens when a pod has its share of sockets: its new connections are refused, and the connections of its largest client that have
 * been idle longest are reset, so that it has room again. Thread-safe.
 */
final class AtLimit {
    private static final Logger LOG = LoggerFactory.getLogger("limits");
    private static final long PAUSE_NANOS = TimeUnit.SECONDS.toNanos(1);
    /** One of that many of a client's sockets may be reset at a time. */
    private static final int PART = 16;

    private final String pod;
    private final Holdings holdings;
    private final NameLookups.OfPod names;
    private final Connections connections;
    private final Duration idle;
    private final Executor control;
    private final AtomicLong next = new AtomicLong(System.nanoTime());
    private final LongAdder evictions = new LongAdder();
    private long reportedSockets;
    private long reportedBytes;
    private long reportedNames;

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

    /** A connection of this pod was refused. Looks for idle connections at most once per second, and not on the event loop that calls. */
    void socketsExhausted() {
        long now = System.nanoTime();
        long due = next.get();
        if (now - due >= 0 && next.compareAndSet(due, now + PAUSE_NANOS)) {
            control.execute(this::evict);
        }
    }

    private record Idle(EpollSocketChannel connection, long millis) {}

    private void evict() {
        List<EpollSocketChannel> sockets = new ArrayList<>();
        Share largest = null;
        for (Channel channel : connections.all()) {
            Admission admission = Admission.of(channel);
            if (admission != null && channel instanceof EpollSocketChannel socket) {
                sockets.add(socket);
                Share share = admission.holdings().sockets();
                largest = largest == null || share.held() > largest.held() ? share : largest;
            }
        }
        Share hoarder = largest;
        if (hoarder == null) {
            return;
        }
        sockets.removeIf(socket -> Objects.requireNonNull(Admission.of(socket)).holdings().sockets() != hoarder);
        sockets.stream().map(socket -> new Idle(socket, idleMillis(socket))).filter(socket -> socket.millis() >= idle.toMillis())
                .sorted(Comparator.comparingLong(Idle::millis).reversed()).limit(Math.max(1, sockets.size() / PART))
                .forEach(socket -> {
                    evictions.increment();
                    Resets.reset(socket.connection());
                });
    }

    /** Returns for how long no data has passed; the kernel knows, so nothing need be noted for each read. */
    private static long idleMillis(EpollSocketChannel socket) {
        try {
            EpollTcpInfo info = socket.tcpInfo();
            return Math.min(info.lastDataSent(), info.lastDataRecv());
        } catch (ChannelException closed) {
            return -1;
        }
    }

    /** Logs what was refused since the last call; called from time to time. */
    synchronized void report() {
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
    }
}
