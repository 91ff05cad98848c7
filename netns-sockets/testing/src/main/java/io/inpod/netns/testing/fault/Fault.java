package io.inpod.netns.testing.fault;

import java.time.Duration;
import java.util.concurrent.TimeoutException;

/**
 * A fault that is in effect. Closing it lifts it; it ends with the network at the latest. Several may apply to the same packets: a packet
 * passes through them in the order in which they were made.
 *
 * <p>For any thread. {@code toString} says what it is, where it applies, its seed if it has one, and what it has done.
 */
public final class Fault implements AutoCloseable {
    private final FaultRelay relay;
    private final Stage stage;
    private final String description;

    Fault(FaultRelay relay, Stage stage, String description) {
        this.relay = relay;
        this.stage = stage;
        this.description = description;
    }

    /**
     * Returns how many packets it has been applied to, whether it changed anything about them or not.
     *
     * @return the number since it was made, which stays after it was lifted
     */
    public long packets() {
        return relay.count(Stage::packets, stage);
    }

    /**
     * Returns how many of the {@link #packets()} it did something to: lost, delayed, doubled, damaged, cut or answered them.
     *
     * @return the number since it was made, which stays after it was lifted
     */
    public long hits() {
        return relay.count(Stage::hits, stage);
    }

    /**
     * Waits until the fault has done something to a number of packets.
     *
     * @param hits the number, counted from when it was made
     * @param timeout how long to wait
     * @throws TimeoutException if it hasn't until then; the message contains this value's text
     * @throws InterruptedException if the calling thread is interrupted
     */
    public void awaitHits(long hits, Duration timeout) throws TimeoutException, InterruptedException {
        if (!relay.await(stage, hits, timeout)) {
            relay.check();
            throw new TimeoutException("no " + hits + " hits within " + timeout.toMillis() + " ms: " + this);
        }
    }

    /**
     * Lifts the fault. Packets that it holds back go on at once. Closing twice does nothing.
     *
     * @throws IllegalStateException if the relay at the pod's link has failed
     */
    @Override
    public void close() {
        relay.remove(stage);
    }

    @Override
    public String toString() {
        return description + ": " + hits() + " of " + packets() + " packets";
    }
}
