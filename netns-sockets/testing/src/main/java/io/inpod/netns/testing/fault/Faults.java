package io.inpod.netns.testing.fault;

import io.inpod.netns.testing.fault.Selection.Direction;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.Collectors;

/**
 * The faults of a network. Each pod with faults gets a relay at its link, which stays until the network is closed.
 *
 * <p>Random choices follow from one seed, which is another one each time, and part of {@code toString}. The system property
 * {@value #SEED} repeats one: the faults are seeded in the order in which they are made. For any thread.
 */
public final class Faults implements AutoCloseable {
    /** The system property with the seed of all faults, a number of 64 bits. */
    public static final String SEED = "inpod.faults.seed";

    private final Map<Endpoint, FaultRelay> relays = new LinkedHashMap<>();
    private final List<Fault> made = new ArrayList<>();
    private final long seed;
    private final SplittableRandom seeds;

    /** Begins without faults. */
    public Faults() {
        String given = System.getProperty(SEED);
        seed = given == null ? new SplittableRandom().nextLong() : Long.parseLong(given);
        seeds = new SplittableRandom(seed);
    }

    /**
     * Selects what two pods send to each other.
     *
     * @param one a pod; the relay is at its link
     * @param other another pod
     * @return the packets
     */
    public Traffic between(Endpoint one, Endpoint other) {
        return new Traffic(this, one, Direction.BOTH).with(other);
    }

    /**
     * Selects what a pod sends and receives.
     *
     * @param pod the pod
     * @return the packets
     */
    public Traffic around(Endpoint pod) {
        return new Traffic(this, pod, Direction.BOTH);
    }

    /**
     * Selects what a pod sends.
     *
     * @param pod the pod
     * @return the packets, to anybody until {@link Traffic#to} is called
     */
    public Traffic from(Endpoint pod) {
        return new Traffic(this, pod, Direction.SENT);
    }

    /**
     * Selects what a pod receives.
     *
     * @param pod the pod
     * @return the packets, from anybody
     */
    public Traffic to(Endpoint pod) {
        return new Traffic(this, pod, Direction.RECEIVED);
    }

    /** The seed of the next fault. */
    synchronized long nextSeed() {
        return seeds.nextLong();
    }

    synchronized Fault add(Endpoint pod, Stage stage, String description) {
        try {
            FaultRelay relay = relays.get(pod);
            if (relay == null) {
                relay = new FaultRelay(pod, Splice.insert(pod));
                relays.put(pod, relay);
                relay.start();
            }
            relay.check();
            relay.add(stage);
            Fault fault = new Fault(relay, stage, description);
            made.add(fault);
            return fault;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** {@return whether any fault was ever made} */
    public synchronized boolean isEmpty() {
        return made.isEmpty();
    }

    /** Lifts all faults and cuts the pods off whose links have relays. Closing twice does nothing. */
    @Override
    public synchronized void close() {
        relays.values().forEach(FaultRelay::close);
        List<FaultRelay> ended = List.copyOf(relays.values());
        relays.clear();
        ended.forEach(FaultRelay::check);
    }

    /** Says what was made and what it did, and how to repeat it. */
    @Override
    public synchronized String toString() {
        return "faults, to be repeated with -D" + SEED + "=" + seed + ": "
                + made.stream().map(Fault::toString).collect(Collectors.joining("; ", "", lost() == 0 ? "" : "; the relays lost " + lost()
                        + " frames that no fault was to lose, because they came too fast"));
    }

    private long lost() {
        try {
            long lost = 0;
            for (FaultRelay relay : relays.values()) {
                lost += relay.lost();
            }
            return lost;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
