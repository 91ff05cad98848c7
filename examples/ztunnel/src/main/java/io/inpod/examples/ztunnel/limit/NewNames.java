package io.inpod.examples.ztunnel.limit;

import io.inpod.tproxy.share.Clients;
import java.net.InetAddress;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/**
 * Bounds how many requests in tunnels to one pod have the control plane asked for what they name: in each second so many, of which a client
 * may have as many as are left for the others. What has been asked for isn't asked for again, and doesn't count. Thread-safe.
 */
public final class NewNames {
    /** In each second. */
    public static final int MOST = 20;

    private final LongSupplier nanos;
    private final Map<InetAddress, Integer> byClient = new HashMap<>();
    private long second;
    private int taken;

    /**
     * Creates a bound.
     *
     * @param nanos the time, as {@link System#nanoTime} tells it
     */
    public NewNames(LongSupplier nanos) {
        this.nanos = nanos;
        this.second = nanos.getAsLong();
    }

    /**
     * Counts a request. How many names are on its way follows from the mesh, not from the client.
     *
     * @param client who sends it
     * @return whether what it needs may be asked for
     */
    public synchronized boolean tryTake(InetAddress client) {
        long now = nanos.getAsLong();
        if (now - second >= TimeUnit.SECONDS.toNanos(1)) {
            second = now;
            taken = 0;
            byClient.clear();
        }
        int own = byClient.getOrDefault(Clients.group(client), 0);
        if (own >= MOST - taken) {
            return false;
        }
        taken++;
        byClient.put(Clients.group(client), own + 1);
        return true;
    }
}
