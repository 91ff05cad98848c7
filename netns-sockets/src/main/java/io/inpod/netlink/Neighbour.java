package io.inpod.netlink;

import java.net.InetAddress;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * The hardware address of an IP address on a link, see ip-neighbour(8).
 *
 * @param link the interface's name; {@code #7} in a list if interface 7 has been deleted meanwhile
 * @param address the IP address
 * @param hardware its hardware address, or null while that is unknown
 * @param state the state of the entry
 * @param others what else a listed entry has, in words, such as {@code "router"}: an entry with any can't be added
 */
public record Neighbour(String link, InetAddress address, @Nullable MacAddress hardware, State state, Set<String> others) {
    /** The state of an entry, NUD_ of linux/neighbour.h. */
    public enum State {
        /** Nothing is known yet. */
        NONE(0),
        /** It is being resolved. */
        INCOMPLETE(0x01),
        /** It answered recently. */
        REACHABLE(0x02),
        /** It answered some time ago. */
        STALE(0x04),
        /** It answered some time ago, and a packet has just been sent to it. */
        DELAY(0x08),
        /** The kernel is checking that it still answers. */
        PROBE(0x10),
        /** It didn't answer. */
        FAILED(0x20),
        /** The link needs no resolution. */
        NOARP(0x40),
        /** It was configured and stays until it is deleted. */
        PERMANENT(0x80);

        private final int number;

        State(int number) {
            this.number = number;
        }

        int number() {
            return number;
        }

        static State of(int number) {
            for (State state : values()) {
                if (state.number == number) {
                    return state;
                }
            }
            return NONE;
        }
    }

    /**
     * Copies the set.
     *
     * @param link see {@link Neighbour}
     * @param address see {@link Neighbour}
     * @param hardware see {@link Neighbour}
     * @param state see {@link Neighbour}
     * @param others see {@link Neighbour}
     */
    public Neighbour {
        others = Set.copyOf(others);
    }

    /**
     * Creates an entry without anything else.
     *
     * @param link see {@link Neighbour}
     * @param address see {@link Neighbour}
     * @param hardware see {@link Neighbour}
     * @param state see {@link Neighbour}
     */
    public Neighbour(String link, InetAddress address, @Nullable MacAddress hardware, State state) {
        this(link, address, hardware, state, Set.of());
    }

    /**
     * Returns an entry that stays until it is deleted.
     *
     * @param link the interface's name
     * @param address the IP address
     * @param hardware its hardware address
     * @return the entry
     */
    public static Neighbour permanent(String link, InetAddress address, MacAddress hardware) {
        return new Neighbour(link, address, hardware, State.PERMANENT);
    }

    /** {@return the form that {@code ip neighbour} prints} */
    @Override
    public String toString() {
        return address.getHostAddress() + " dev " + link + (hardware == null ? "" : " lladdr " + hardware) + " " + state
                + (others.isEmpty() ? "" : " and " + String.join(", ", new TreeSet<>(others)));
    }
}
