package io.inpod.netns.testing.fault;

import io.inpod.netlink.LinkAddress;
import io.inpod.netlink.Rtnetlink;
import io.inpod.netns.IpFamily;
import io.inpod.netns.testing.fault.Selection.Direction;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Packets of a pod's link, and the faults that can be made of them. Immutable; each fault is in effect when the method returns, and until
 * it is closed. Connections that exist are affected like new ones.
 *
 * <p>A packet is an IP packet of either family, on the wire: what the kernel sends in one piece counts as the packets into which it is
 * segmented. ARP and neighbour discovery are never affected.
 *
 * <p>The first fault at a pod's link interrupts the link for some milliseconds, since the relay is put in; programs in the pod see its
 * carrier go and return. Its MTU mustn't be raised afterwards.
 */
public final class Traffic {
    private static final int SMALLEST_MTU = 68;

    private final Faults faults;
    private final Endpoint pod;
    private final Direction direction;
    private final @Nullable Endpoint peer;
    private final int port;
    private final @Nullable Long seed;

    private Traffic(Faults faults, Endpoint pod, Direction direction, @Nullable Endpoint peer, int port, @Nullable Long seed) {
        this.faults = faults;
        this.pod = pod;
        this.direction = direction;
        this.peer = peer;
        this.port = port;
        this.seed = seed;
    }

    Traffic(Faults faults, Endpoint pod, Direction direction) {
        this(faults, pod, direction, null, 0, null);
    }

    Traffic with(Endpoint other) {
        if (other.equals(pod)) {
            throw new IllegalArgumentException("what " + pod.name() + " sends to itself passes no link");
        }
        return new Traffic(faults, pod, direction, other, port, seed);
    }

    /**
     * Selects what is sent to one pod, after {@link Faults#from}.
     *
     * @param receiver the pod, which is recognised by the addresses that it has when the fault is made
     * @return the packets
     * @throws IllegalStateException unless this is what a pod sends to anybody
     */
    public Traffic to(Endpoint receiver) {
        if (direction != Direction.SENT || peer != null) {
            throw new IllegalStateException("to(...) follows from(...), unlike \"" + where() + "\"");
        }
        return with(receiver);
    }

    /**
     * Selects the packets of one port.
     *
     * @param number the port of TCP or UDP, 1 to 65535, at either end
     * @return the packets; of fragmented ones, only the first fragment
     */
    public Traffic port(int number) {
        if (number < 1 || number > 0xffff) {
            throw new IllegalArgumentException("a port is 1 to 65535, not " + number);
        }
        return new Traffic(faults, pod, direction, peer, number, seed);
    }

    /**
     * Fixes the random choices of the next fault. With the same seed, the nth packet of a direction meets the same fate.
     *
     * @param value the seed; without it, it follows from that of the network, see {@link Faults}
     * @return the packets
     */
    public Traffic seed(long value) {
        return new Traffic(faults, pod, direction, peer, port, value);
    }

    /**
     * Loses all packets.
     *
     * @return the fault
     */
    public Fault partition() {
        return make("all packets dropped", new Drop(1, new Dice(0)));
    }

    /**
     * Loses packets at random.
     *
     * @param probability how many, 0 to 1
     * @return the fault
     */
    public Fault drop(double probability) {
        long chosen = chosenSeed();
        return make(percent(probability) + " dropped", chosen, new Drop(probability, new Dice(chosen)));
    }

    /**
     * Delivers packets twice, at random.
     *
     * @param probability how many, 0 to 1
     * @return the fault
     */
    public Fault duplicate(double probability) {
        long chosen = chosenSeed();
        return make(percent(probability) + " delivered twice", chosen, new Duplicate(probability, new Dice(chosen)));
    }

    /**
     * Delivers packets after the next one of the same direction, at random. If none follows within 50 ms, the packet goes on by itself.
     *
     * @param probability how many, 0 to 1; one that has just overtaken another isn't chosen
     * @return the fault
     */
    public Fault reorder(double probability) {
        long chosen = chosenSeed();
        return make(percent(probability) + " overtaken", chosen, new Reorder(probability, new Dice(chosen)));
    }

    /**
     * Flips a bit behind the IP header of packets, at random. The receiving kernel drops them, as their checksums are wrong, and counts
     * them: {@code InCsumErrors} in {@code /proc/net/snmp}.
     *
     * @param probability how many, 0 to 1
     * @return the fault
     */
    public Fault corrupt(double probability) {
        long chosen = chosenSeed();
        return make(percent(probability) + " damaged", chosen, new Corrupt(probability, new Dice(chosen)));
    }

    /**
     * Delays every packet.
     *
     * @param time how long at least, in each direction; about a millisecond more is usual
     * @return the fault
     */
    public Fault delay(Duration time) {
        return delay(time, Duration.ZERO);
    }

    /**
     * Delays every packet for a time that varies. Packets of a direction leave the relay in order; on a busy machine with several
     * processors, the kernel may still swap a few on their way to the pod.
     *
     * @param time the mean
     * @param jitter by how much it varies up and down, uniformly; at most the mean
     * @return the fault
     */
    public Fault delay(Duration time, Duration jitter) {
        positive(time);
        if (jitter.isNegative() || jitter.compareTo(time) > 0) {
            throw new IllegalArgumentException("a delay of " + time + " varies by zero to " + time + ", not by " + jitter);
        }
        long chosen = chosenSeed();
        Stage stage = new Delay(time.toNanos(), jitter.toNanos(), new Dice(chosen));
        return jitter.isZero() ? make("packets delayed by " + time, stage)
                : make("packets delayed by " + time + " ± " + jitter, chosen, stage);
    }

    /**
     * Makes the line slow, as if each direction had one of its own. Up to 1.5 MB wait before it; what exceeds that is lost.
     *
     * @param bitsPerSecond the rate of IP packets, at least 1000
     * @return the fault
     */
    public Fault bandwidth(long bitsPerSecond) {
        if (bitsPerSecond < 1000) {
            throw new IllegalArgumentException("a line carries at least 1000 bit/s, not " + bitsPerSecond);
        }
        return make("at most " + bitsPerSecond + " bit/s", new Bandwidth(bitsPerSecond));
    }

    /**
     * Resets TCP connections, and refuses new ones. An idle connection is reset at its next segment. Other protocols aren't affected.
     *
     * @return the fault
     */
    public Fault reset() {
        return make("connections reset", new Reset());
    }

    /**
     * Leaves TCP connections half-open, see RFC 9293, section 3.5.1: the pod that was named first hears nothing any more and keeps its end,
     * while the other end is reset, both at the next segment. Other protocols aren't affected.
     *
     * @return the fault
     */
    public Fault halfOpen() {
        return make("connections half-open at " + pod.name(), new HalfOpen());
    }

    /**
     * Resets TCP connections after a while in which nothing passes. Other protocols aren't affected.
     *
     * @param time from a connection's first segment until both ends are reset
     * @return the fault
     */
    public Fault timeout(Duration time) {
        return make("connections stalled, and reset after " + time, new Stall(positive(time)));
    }

    /**
     * Loses packets that are too large, without telling anybody: a black hole of path MTU discovery, see RFC 2923.
     *
     * @param bytes the largest IP packet that passes, 68 to 65535
     * @return the fault
     */
    public Fault mtuBlackHole(int bytes) {
        if (bytes < SMALLEST_MTU || bytes > 0xffff) {
            throw new IllegalArgumentException("an MTU is 68 to 65535 bytes, not " + bytes);
        }
        return make("packets of more than " + bytes + " bytes dropped", new SizeLimit(bytes));
    }

    /**
     * Delays the end of TCP connections: the segments with FIN, and data in them.
     *
     * @param time how long
     * @return the fault
     */
    public Fault slowClose(Duration time) {
        return make("FIN delayed by " + time, new SlowClose(positive(time)));
    }

    /**
     * Cuts the data of TCP segments into small ones.
     *
     * @param bytes their length, at least 1
     * @param pause the time between two of them; may be zero
     * @return the fault
     */
    public Fault slice(int bytes, Duration pause) {
        if (bytes < 1 || pause.isNegative()) {
            throw new IllegalArgumentException(
                    "a slice has at least 1 byte, and its pause isn't negative, unlike " + bytes + " and " + pause);
        }
        return make("data cut into " + bytes + " bytes each " + pause, new Slice(bytes, pause.toNanos()));
    }

    /**
     * Resets TCP connections once they have carried a number of bytes in one direction.
     *
     * @param bytes how many bytes of data still pass, counted for each connection and direction from when the fault is made
     * @return the fault
     */
    public Fault limitData(long bytes) {
        if (bytes < 0) {
            throw new IllegalArgumentException("a limit isn't negative, unlike " + bytes);
        }
        return make("connections reset after " + bytes + " bytes", new DataLimit(bytes));
    }

    private static long positive(Duration time) {
        if (time.isNegative() || time.isZero()) {
            throw new IllegalArgumentException("the time must be positive, unlike " + time);
        }
        return time.toNanos();
    }

    private static String percent(double probability) {
        if (!(probability >= 0 && probability <= 1)) {
            throw new IllegalArgumentException("a probability is 0 to 1, not " + probability);
        }
        return probability * 100 + " % of packets";
    }

    private long chosenSeed() {
        return seed == null ? faults.nextSeed() : seed;
    }

    private Fault make(String what, long chosen, Stage stage) {
        return faults.add(pod, stage.of(selection()), what + " " + where() + " (seed " + chosen + ")");
    }

    private Fault make(String what, Stage stage) {
        return faults.add(pod, stage.of(selection()), what + " " + where());
    }

    private Selection selection() {
        return new Selection(direction, peer == null ? null : addresses(peer), port);
    }

    private static List<byte[]> addresses(Endpoint peer) {
        List<byte[]> found = new ArrayList<>();
        try (Rtnetlink inside = Rtnetlink.open(peer.namespace())) {
            for (IpFamily family : IpFamily.values()) {
                inside.addresses().list(family).stream().map(LinkAddress::address).filter(address -> !address.isLoopbackAddress())
                        .map(InetAddress::getAddress).forEach(found::add);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return found;
    }

    private String where() {
        String ends = switch (direction) {
            case BOTH -> peer == null ? "from and to " + pod.name() : "between " + pod.name() + " and " + peer.name();
            case SENT -> "from " + pod.name() + (peer == null ? "" : " to " + peer.name());
            case RECEIVED -> "to " + pod.name();
        };
        return port == 0 ? ends : ends + " on port " + port;
    }

    /** Says which packets these are. */
    @Override
    public String toString() {
        return "packets " + where();
    }
}
