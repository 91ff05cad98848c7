package io.inpod.examples.ztunnel.traffic;

import io.inpod.examples.ztunnel.mesh.Mesh;
import io.inpod.hbone.ConnectionIdentities;
import io.netty.channel.Channel;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Predicate;

/** The connections of one pod. Thread-safe. */
public final class PodTraffic implements AutoCloseable {
    /** With more kinds of connections, what they are counted as is looked up slowly. */
    private static final int MOST_KEYS = 10_000;

    private final Traffic all;
    private final Map<TrafficKey, TrafficSeries> series = new ConcurrentHashMap<>();
    private final Set<Flow> open = ConcurrentHashMap.newKeySet();
    private volatile boolean closed;

    PodTraffic(Traffic all) {
        this.all = all;
    }

    private TrafficSeries of(TrafficKey key) {
        TrafficSeries known = series.get(key);
        return known == null ? add(key) : known;
    }

    private synchronized TrafficSeries add(TrafficKey key) {
        TrafficSeries there = series.get(key);
        if (there != null) {
            return there;
        }
        if (closed || series.size() >= MOST_KEYS) {
            TrafficSeries others = all.known(key);
            return others != null ? others : closed ? new TrafficSeries(TrafficLabels.of(key)) : all.overflow(key); // or exposed by nobody
        }
        TrafficSeries found = all.acquire(key);
        if (found == null) {
            return all.overflow(key);
        }
        series.put(key, found);
        return found;
    }

    /**
     * Begins a connection.
     *
     * @param key what it is counted as
     * @param route its addresses
     * @return the connection, to be ended
     */
    public Flow opened(TrafficKey key, Flow.Route route) {
        TrafficSeries counted = of(key);
        counted.opened();
        Flow flow = new Flow(this, key, counted, route);
        open.add(flow);
        return flow;
    }

    /**
     * Counts a connection that failed before it carried anything.
     *
     * @param key what it is counted as
     * @param flag why
     */
    public void failed(TrafficKey key, ResponseFlag flag) {
        TrafficSeries counted = of(key);
        counted.opened();
        counted.closed(flag);
    }

    /**
     * Counts a socket until it is closed.
     *
     * @param inbound whether it leads to the pod
     * @param socket the socket
     */
    public void count(boolean inbound, Channel socket) {
        all.count(inbound, socket);
    }

    /**
     * Counts the tunnels' connections that are ended because a certificate has been revoked.
     *
     * @param inbound whether they lead to the pod
     * @param which chooses them
     * @return chooses the same, and counts those that it chooses
     */
    public Predicate<ConnectionIdentities> countedIfRejected(boolean inbound, Predicate<ConnectionIdentities> which) {
        return connection -> {
            boolean isRejected = which.test(connection);
            if (isRejected) {
                all.tunnels(inbound).rejected();
            }
            return isRejected;
        };
    }

    void remove(Flow flow) {
        open.remove(flow);
    }

    /** {@return those that are open now} */
    public List<Flow> open() {
        return List.copyOf(open);
    }

    Map<TrafficKey, TrafficSeries> kinds() {
        return series;
    }

    void count() {
        open.forEach(Flow::count);
    }

    /** Follows a change of the mesh: what isn't in it any more, and has no open connection, isn't exposed any more. */
    synchronized void follow(Mesh mesh) {
        if (closed) {
            return;
        }
        Set<TrafficKey> used = ConcurrentHashMap.newKeySet();
        open.forEach(flow -> used.add(flow.key()));
        for (TrafficKey key : List.copyOf(series.keySet())) {
            TrafficKey now = key.in(mesh).orElse(null);
            if (!key.equals(now)) {
                TrafficSeries same = now == null || series.containsKey(now) ? null : all.acquire(now);
                if (now != null && same != null) {
                    series.put(now, same); // first, so that a series that both have stays
                }
                if (!used.contains(key)) {
                    release(key);
                }
            }
        }
    }

    private void release(TrafficKey key) {
        TrafficSeries gone = series.remove(key);
        if (gone != null) {
            all.release(gone);
        }
    }

    /** The pod is gone: what only it had isn't exposed any more. */
    @Override
    public synchronized void close() {
        closed = true;
        List.copyOf(series.keySet()).forEach(this::release);
        all.remove(this);
    }
}
