package io.inpod.netlink;

import java.net.InetAddress;
import org.jspecify.annotations.Nullable;

/**
 * Which hardware address an IP address on a link has, see ip-neighbour(8).
 *
 * @param link the interface's name; {@code #7} in a list if interface 7 went away meanwhile
 * @param address the IP address
 * @param hardware its hardware address, or null while that is unknown
 * @param state how sure the kernel is
 */
public record Neighbour(String link, InetAddress address, @Nullable MacAddress hardware, State state) {
    /** How sure the kernel is, NUD_ of linux/neighbour.h. */
    public enum State {
        /** Nothing is known yet. */
        NONE(0),
        /** It has been asked for. */
        INCOMPLETE(0x01),
        /** It answered lately. */
        REACHABLE(0x02),
        /** It answered some time ago. */
        STALE(0x04),
        /** It answered some time ago, and a packet for it is on its way. */
        DELAY(0x08),
        /** It is being asked again. */
        PROBE(0x10),
        /** It didn't answer. */
        FAILED(0x20),
        /** The link needs no such knowledge. */
        NOARP(0x40),
        /** It was set by somebody and stays. */
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
     * An entry that stays until it is deleted.
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
        return address.getHostAddress() + " dev " + link + (hardware == null ? "" : " lladdr " + hardware) + " " + state;
    }
}
