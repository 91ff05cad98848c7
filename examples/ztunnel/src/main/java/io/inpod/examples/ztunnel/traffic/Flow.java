package io.inpod.examples.ztunnel.traffic;

import java.net.InetSocketAddress;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/** An open connection of a pod. Thread-safe. */
public final class Flow {
    private final PodTraffic pod;
    private final TrafficKey key;
    private final TrafficSeries series;
    private final Route route;
    private final long beganNanos = System.nanoTime();
    private @Nullable LongSupplier fromClient;
    private @Nullable LongSupplier toClient;
    private long countedFromClient;
    private long countedToClient;

    /**
     * Where a connection is from, and where it goes.
     *
     * @param source the client
     * @param wanted what the client asked for, or null if that is the next
     * @param actual what is connected to: an app, or the port of a peer
     */
    public record Route(InetSocketAddress source, @Nullable InetSocketAddress wanted, InetSocketAddress actual) {}

    Flow(PodTraffic pod, TrafficKey key, TrafficSeries series, Route route) {
        this.pod = pod;
        this.key = key;
        this.series = series;
        this.route = route;
    }

    /** {@return its ends} */
    public TrafficKey key() {
        return key;
    }

    /** {@return its addresses} */
    public Route route() {
        return route;
    }

    /** {@return since when it is open, of {@link System#nanoTime}} */
    public long beganNanos() {
        return beganNanos;
    }

    /** {@return how many bytes the client has sent so far} */
    public synchronized long bytesFromClient() {
        return fromClient == null ? countedFromClient : fromClient.getAsLong();
    }

    /** {@return how many bytes the client has been sent so far} */
    public synchronized long bytesToClient() {
        return toClient == null ? countedToClient : toClient.getAsLong();
    }

    /**
     * Sets who knows how much it has carried so far.
     *
     * @param fromClient how many bytes the client has sent, from any thread
     * @param toClient how many bytes the client has been sent, from any thread
     */
    public synchronized void carriedBy(LongSupplier fromClient, LongSupplier toClient) {
        this.fromClient = fromClient;
        this.toClient = toClient;
    }

    /** Counts what it has carried since this was called last. */
    synchronized void count() {
        count(bytesFromClient(), bytesToClient());
    }

    private void count(long up, long down) {
        if (up > countedFromClient || down > countedToClient) {
            series.carried(Math.max(0, up - countedFromClient), Math.max(0, down - countedToClient));
            countedFromClient = Math.max(up, countedFromClient);
            countedToClient = Math.max(down, countedToClient);
        }
    }

    /**
     * Ends it.
     *
     * @param up how many bytes the client has sent
     * @param down how many bytes the client has been sent
     * @param flag how it has ended
     */
    public void ended(long up, long down, ResponseFlag flag) {
        synchronized (this) {
            count(up, down);
            fromClient = null;
            toClient = null;
        }
        series.closed(flag);
        pod.remove(this);
    }
}
