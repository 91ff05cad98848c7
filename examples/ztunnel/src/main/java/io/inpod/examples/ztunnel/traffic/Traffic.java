package io.inpod.examples.ztunnel.traffic;

import io.inpod.examples.ztunnel.mesh.Mesh;
import io.inpod.examples.ztunnel.traffic.TrafficSeries.Points;
import io.prometheus.metrics.model.registry.MultiCollector;
import io.prometheus.metrics.model.snapshots.CounterSnapshot;
import io.prometheus.metrics.model.snapshots.CounterSnapshot.CounterDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.GaugeSnapshot;
import io.prometheus.metrics.model.snapshots.GaugeSnapshot.GaugeDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.Labels;
import io.prometheus.metrics.model.snapshots.MetricMetadata;
import io.prometheus.metrics.model.snapshots.MetricSnapshots;
import io.netty.channel.Channel;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.ToLongFunction;
import org.jspecify.annotations.Nullable;

/**
 * The connections of all pods, counted as Istio's ztunnel does. There are at most a given number of series; connections of more kinds are
 * counted together, and how many these are is counted too. A series goes with the last pod on this node that has it, or with the workload
 * or service of the mesh at its other end. Thread-safe.
 */
public final class Traffic implements MultiCollector {
    private static final Labels INBOUND = Labels.of("reporter", "destination");
    private static final Labels OUTBOUND = Labels.of("reporter", "source");

    private final int mostSeries;
    private final Map<Labels, TrafficSeries> series = new HashMap<>(); // guarded by this
    private final Set<PodTraffic> pods = ConcurrentHashMap.newKeySet();
    private final TrafficSeries inboundOverflow = new TrafficSeries(TrafficLabels.overflow(true));
    private final TrafficSeries outboundOverflow = new TrafficSeries(TrafficLabels.overflow(false));
    private final LongAdder overflowed = new LongAdder();
    private final LongAdder inboundSockets = new LongAdder();
    private final LongAdder outboundSockets = new LongAdder();
    private final TunnelCounts inboundTunnels = new TunnelCounts();
    private final TunnelCounts outboundTunnels = new TunnelCounts();

    /**
     * Creates the traffic of no pod.
     *
     * @param mostSeries how many combinations of labels there may be
     */
    public Traffic(int mostSeries) {
        this.mostSeries = mostSeries;
    }

    /** {@return the traffic of a new pod, to be closed when the pod is gone} */
    public PodTraffic pod() {
        PodTraffic pod = new PodTraffic(this);
        pods.add(pod);
        return pod;
    }

    /**
     * Returns what counts the HBONE connections of all pods.
     *
     * @param inbound those that pods have accepted, or else those that they have opened
     * @return to be notified of them
     */
    public TunnelCounts tunnels(boolean inbound) {
        return inbound ? inboundTunnels : outboundTunnels;
    }

    void remove(PodTraffic pod) {
        pods.remove(pod);
    }

    void count(boolean inbound, Channel socket) {
        LongAdder counter = inbound ? inboundSockets : outboundSockets;
        counter.increment();
        socket.closeFuture().addListener(closed -> counter.decrement());
    }

    /** Returns the series of a key, which is released later; null if it is a new one, and there are as many as may be. */
    @Nullable
    TrafficSeries acquire(TrafficKey key) {
        Labels labels = TrafficLabels.of(key);
        if (labels.equals(inboundOverflow.common()) || labels.equals(outboundOverflow.common())) { // a pod's owner may call it so
            return null;
        }
        synchronized (this) {
            TrafficSeries found = series.get(labels);
            if (found == null && series.size() >= mostSeries) {
                return null;
            }
            if (found == null) {
                found = new TrafficSeries(labels);
                series.put(labels, found);
            }
            found.references++;
            return found;
        }
    }

    synchronized void release(TrafficSeries released) {
        if (--released.references == 0) {
            series.remove(released.common());
        }
    }

    /** Returns the series that a key has because somebody has acquired it, or null. */
    synchronized @Nullable TrafficSeries known(TrafficKey key) {
        return series.get(TrafficLabels.of(key));
    }

    TrafficSeries overflow(TrafficKey key) {
        overflowed.increment();
        return key.inbound() ? inboundOverflow : outboundOverflow;
    }

    /** {@return how many connections have no series of their own} */
    public long overflowed() {
        return overflowed.sum();
    }

    /** {@return how many combinations of labels there are now} */
    public synchronized int series() {
        return series.size();
    }

    /**
     * Follows the mesh: series of what has left it go. To be called from time to time.
     *
     * @param mesh the mesh as it is now
     */
    public void follow(Mesh mesh) {
        pods.forEach(pod -> pod.follow(mesh));
    }

    /** {@return what the connections of each kind add up to so far, open ones too; those without a series of their own as two kinds} */
    public List<TrafficSum> sums() {
        pods.forEach(PodTraffic::count);
        IdentityHashMap<TrafficSeries, TrafficKey> kinds = new IdentityHashMap<>(); // several pods, and keys, may have the same series
        pods.forEach(pod -> pod.kinds().forEach((key, one) -> kinds.putIfAbsent(one, key)));
        List<TrafficSum> sums = new ArrayList<>(kinds.size() + 2);
        kinds.forEach((one, key) -> sums.add(one.sum(key)));
        if (overflowed.sum() > 0) {
            sums.add(inboundOverflow.sum(new TrafficKey(true, null, null, null, null, null, false)));
            sums.add(outboundOverflow.sum(new TrafficKey(false, null, null, null, null, null, false)));
        }
        return sums;
    }

    @Override
    public MetricSnapshots collect() {
        pods.forEach(PodTraffic::count);
        List<TrafficSeries> all;
        synchronized (this) {
            all = new ArrayList<>(series.values());
        }
        if (overflowed.sum() > 0) {
            all.add(inboundOverflow);
            all.add(outboundOverflow);
        }
        int size = all.size();
        Points points = new Points(new ArrayList<>(size), new ArrayList<>(size), new ArrayList<>(), new ArrayList<>(size),
                new ArrayList<>(size));
        all.forEach(one -> one.addTo(points));
        return MetricSnapshots.of(
                counter("istio_tcp_connections_opened", "connections of pods that were begun", points.opened()),
                counter("istio_tcp_connections_closed", "connections of pods that have ended", points.closed()),
                counter("istio_tcp_connections_failed", "connections of pods that failed (unstable)", points.failed()),
                counter("istio_tcp_received_bytes", "bytes that clients have sent on connections of pods", points.received()),
                counter("istio_tcp_sent_bytes", "bytes that clients were sent on connections of pods", points.sent()),
                gauge("istio_tcp_sockets_open", "accepted TCP sockets that are open (unstable)", inboundSockets.sum(),
                        outboundSockets.sum()),
                gauge("inpod_hbone_connections", "open HBONE connections, in use or kept for the next tunnel",
                        inboundTunnels.connections(), outboundTunnels.connections()),
                gauge("inpod_hbone_tunnels", "open tunnels", inboundTunnels.tunnels(), outboundTunnels.tunnels()),
                gauge("inpod_hbone_tunnels_blocked", "open tunnels that can't be written to: the peer's window is used up",
                        inboundTunnels.blocked(), outboundTunnels.blocked()),
                counter("inpod_hbone_connections_opened", "HBONE connections that were opened", TunnelCounts::connectionsOpened),
                counter("inpod_hbone_connections_failed", "HBONE connections that ended before they could carry a tunnel",
                        TunnelCounts::connectionsFailed),
                counter("inpod_hbone_tunnels_opened", "tunnels that were opened", TunnelCounts::tunnelsOpened),
                counter("istio_crl_policy_rejections",
                        "HBONE connections that were refused or ended because a certificate is revoked (unstable)",
                        TunnelCounts::rejections),
                counter("istio_crl_untracked_connections",
                        "HBONE connections that aren't ended when a certificate is revoked: there are none (unstable)", none -> 0));
    }

    private static GaugeSnapshot gauge(String name, String help, long inbound, long outbound) {
        return new GaugeSnapshot(new MetricMetadata(name, help), List.of(new GaugeDataPointSnapshot((double) inbound, INBOUND, null),
                new GaugeDataPointSnapshot((double) outbound, OUTBOUND, null)));
    }

    private CounterSnapshot counter(String name, String help, ToLongFunction<TunnelCounts> count) {
        return counter(name, help,
                List.of(new CounterDataPointSnapshot((double) count.applyAsLong(inboundTunnels), INBOUND, null, 0),
                        new CounterDataPointSnapshot((double) count.applyAsLong(outboundTunnels), OUTBOUND, null, 0)));
    }

    private static CounterSnapshot counter(String name, String help, List<CounterDataPointSnapshot> points) {
        return new CounterSnapshot(new MetricMetadata(name, help), points);
    }
}
