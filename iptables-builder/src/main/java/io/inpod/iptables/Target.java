package io.inpod.iptables;

/** What happens to packets that meet a rule's conditions, see iptables(8) and iptables-extensions(8). */
public sealed interface Target {
    /** Lets the packet pass this table. */
    record Accept() implements Target {
    }

    /** Discards the packet silently; not in nat. */
    record Drop() implements Target {
    }

    /** Goes back to the chain that jumped here. */
    record Return() implements Target {
    }

    /**
     * Discards the packet and tells the sender; only in filter.
     *
     * @param with how the sender learns of it
     */
    record Reject(RejectWith with) implements Target {
    }

    /**
     * Continues in another chain, and comes back after its end.
     *
     * @param chain a chain of the same table that is not built in
     */
    record Jump(String chain) implements Target {
        /**
         * Checks the name.
         *
         * @param chain a chain of the same table that is not built in
         * @throws IllegalArgumentException if it can't be a user's chain
         */
        public Jump {
            Chain.checkOwnName(chain);
        }
    }

    /**
     * Sends the connection to a local port; only in nat PREROUTING and OUTPUT, for TCP or UDP.
     *
     * @param ports where to, a range is used up in turn
     */
    record Redirect(Ports ports) implements Target {
    }

    /**
     * Hands the packet to a transparent local socket without changing it; only in mangle PREROUTING, for TCP or UDP.
     *
     * @param port the socket's port, 1 to 65535
     * @param mark what to set in the packet's mark, for policy routing
     */
    record Tproxy(int port, Mark mark) implements Target {
        /**
         * Checks the port.
         *
         * @param port the socket's port, 1 to 65535
         * @param mark what to set in the packet's mark, for policy routing
         * @throws IllegalArgumentException if it is out of range
         */
        public Tproxy {
            Ports.check(port);
        }
    }

    /**
     * Marks the connection, {@code CONNMARK --set-xmark}.
     *
     * @param mark the bits under the mask; others stay
     */
    record SetConnmark(Mark mark) implements Target {
    }

    /**
     * Copies the connection's mark to the packet, {@code CONNMARK --restore-mark}; only in mangle.
     *
     * @param packetMask the packet's bits that are replaced
     * @param connectionMask the connection's bits that are copied
     */
    record RestoreConnmark(int packetMask, int connectionMask) implements Target {
    }

    /**
     * Tracks the connection in a zone of its own, {@code CT --zone}; only in raw.
     *
     * @param zone 1 to 65535
     */
    record ConntrackZone(int zone) implements Target {
        /**
         * Checks the zone.
         *
         * @param zone 1 to 65535
         * @throws IllegalArgumentException if it is out of range
         */
        public ConntrackZone {
            if (zone < 1 || zone > 65535) {
                throw new IllegalArgumentException("conntrack zone " + zone + " is not 1 to 65535");
            }
        }
    }
}
