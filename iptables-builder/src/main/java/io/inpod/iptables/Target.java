package io.inpod.iptables;

import io.inpod.iptables.internal.Names;
import io.inpod.iptables.internal.RawText;
import java.net.InetAddress;
import java.util.EnumSet;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The treatment of packets that meet a rule's conditions, see iptables(8) and iptables-extensions(8).
 *
 * <p>The kinds are nested here instead of having separate files: most of them are a name and a number, and read as a list.
 */
public sealed interface Target {
    /** Lets the packet pass this table. */
    record Accept() implements Target {
        @Override
        public <R extends @Nullable Object> R accept(TargetVisitor<R> visitor) {
            return visitor.visit(this);
        }
    }

    /** Discards the packet silently; not in nat. */
    record Drop() implements Target {
        @Override
        public <R extends @Nullable Object> R accept(TargetVisitor<R> visitor) {
            return visitor.visit(this);
        }
    }

    /** Returns to the calling chain. */
    record Return() implements Target {
        @Override
        public <R extends @Nullable Object> R accept(TargetVisitor<R> visitor) {
            return visitor.visit(this);
        }
    }

    /**
     * Discards the packet and notifies the sender; only in filter.
     *
     * @param with the answer to the sender
     */
    record Reject(RejectWith with) implements Target {
        @Override
        public <R extends @Nullable Object> R accept(TargetVisitor<R> visitor) {
            return visitor.visit(this);
        }
    }

    /**
     * Continues in another chain, and returns after its end.
     *
     * @param chain a user-defined chain of the same table
     */
    record Jump(String chain) implements Target {
        /**
         * Checks the name.
         *
         * @param chain a user-defined chain of the same table
         * @throws IllegalArgumentException if it is not the name of a user-defined chain
         */
        public Jump {
            Chain.checkOwnName(chain);
        }

        @Override
        public Optional<String> destination() {
            return Optional.of(chain);
        }

        @Override
        public <R extends @Nullable Object> R accept(TargetVisitor<R> visitor) {
            return visitor.visit(this);
        }
    }

    /**
     * Continues in another chain, whose end is also the end of this chain.
     *
     * @param chain a user-defined chain of the same table
     */
    record Goto(String chain) implements Target {
        /**
         * Checks the name.
         *
         * @param chain a user-defined chain of the same table
         * @throws IllegalArgumentException if it is not the name of a user-defined chain
         */
        public Goto {
            Chain.checkOwnName(chain);
        }

        @Override
        public Optional<String> destination() {
            return Optional.of(chain);
        }

        @Override
        public <R extends @Nullable Object> R accept(TargetVisitor<R> visitor) {
            return visitor.visit(this);
        }
    }

    /**
     * Conditions and target of a whole rule in the form of one kind of back end, for what the other kinds of conditions and targets can't
     * express. Its rule has no other condition, except {@link FamilyMatch} with {@link RawForm#IPTABLES}, and with
     * {@link RawForm#NETLINK} a comment and, in the tables of iptables, {@link FamilyMatch}.
     *
     * <p>What it does is unknown: only the tool and the kernel check it. A back end that takes another form refuses it before anything is
     * changed. It counts as applied only if it is listed exactly as it was given. For text, {@link RawForm} says which form that is;
     * otherwise applying and verifying fail with both texts in the error.
     *
     * @param form the form
     * @param text the rule in that form, in one line
     */
    record Raw(RawForm form, String text) implements Target {
        /**
         * Checks that the text stays within its rule.
         *
         * @param form the form
         * @param text the rule in that form
         * @throws IllegalArgumentException if something else could begin within it
         */
        public Raw {
            switch (form) {
                case IPTABLES -> RawText.iptables(text);
                case NFT -> RawText.nft(text);
                case NETLINK -> RawText.netlink(text);
            }
        }

        /** Returns the comment within the text, or an empty one. */
        String comment() {
            return switch (form) {
                case IPTABLES -> RawText.commentOfIptables(text);
                case NFT -> RawText.commentOfNft(text);
                case NETLINK -> "";
            };
        }

        @Override
        public <R extends @Nullable Object> R accept(TargetVisitor<R> visitor) {
            return visitor.visit(this);
        }
    }

    /**
     * Sends the connection to a local port; only in nat PREROUTING and OUTPUT, for TCP or UDP.
     *
     * @param ports the port or a range of ports
     * @param options how a port is chosen: {@link NatOption#RANDOM}, which needs a range, or none; in their order
     */
    record Redirect(Ports ports, Set<NatOption> options) implements Target {
        /**
         * Checks ports and options.
         *
         * @param ports the ports
         * @param options how a port is chosen
         * @throws IllegalArgumentException if port 0 is among the ports, or an option doesn't fit
         */
        public Redirect {
            Ports.check(ports.first());
            options = NatOption.checked("Redirect", options, EnumSet.of(NatOption.RANDOM));
            NatOption.checkDrawn("Redirect", options, ports);
        }

        /**
         * Checks the ports.
         *
         * @param ports the ports
         * @throws IllegalArgumentException if port 0 is among them
         */
        public Redirect(Ports ports) {
            this(ports, Set.of());
        }

        @Override
        public <R extends @Nullable Object> R accept(TargetVisitor<R> visitor) {
            return visitor.visit(this);
        }
    }

    /**
     * Changes the destination of the connection; only in nat PREROUTING and OUTPUT. Of several addresses, the kernel takes one by the
     * addresses of the connection, or with {@link NatOption#PERSISTENT} by the client's alone.
     *
     * @param addresses the new destination, or a range of them
     * @param ports the new port or a range of ports, which needs a protocol with ports; if empty, the port stays the same
     * @param options how address and port are chosen: {@link NatOption#RANDOM}, which needs a range of ports, and
     *     {@link NatOption#PERSISTENT}; in their order
     */
    record Dnat(AddressRange addresses, Optional<Ports> ports, Set<NatOption> options) implements Target {
        /**
         * Checks ports and options.
         *
         * @param addresses the new destination, or a range of them
         * @param ports the new ports
         * @param options how address and port are chosen
         * @throws IllegalArgumentException if port 0 is among the ports, or an option doesn't fit
         */
        public Dnat {
            ports.ifPresent(range -> Ports.check(range.first()));
            options = NatOption.checked("Dnat", options, EnumSet.of(NatOption.RANDOM, NatOption.PERSISTENT));
            NatOption.checkDrawn("Dnat", options, ports.orElse(null));
        }

        /**
         * Checks the ports; the address is one.
         *
         * @param address the new destination
         * @param ports the new ports
         * @throws IllegalArgumentException if port 0 is among them
         */
        public Dnat(InetAddress address, Optional<Ports> ports) {
            this(new AddressRange(address, address), ports, Set.of());
        }

        @Override
        public FamilyScope families() {
            return FamilyScope.of(addresses.family());
        }

        @Override
        public String toString() {
            return "Dnat[to " + addresses.text() + ports.map(p -> " port " + p.text('-')).orElse("") + NatOption.words(options) + "]";
        }

        @Override
        public <R extends @Nullable Object> R accept(TargetVisitor<R> visitor) {
            return visitor.visit(this);
        }
    }

    /**
     * Changes the source of the connection, {@code SNAT}; only in nat POSTROUTING and INPUT. Of several addresses, the kernel takes one by
     * the addresses of the connection, or with {@link NatOption#PERSISTENT} by the client's alone. Modules: xt_nat, in {@code inet} tables
     * nft_nat.
     *
     * @param addresses the new source, or a range of them
     * @param ports the new port or a range of ports, which needs a protocol with ports; if empty, the port stays the same if possible
     * @param options how address and port are chosen, in their order
     */
    record Snat(AddressRange addresses, Optional<Ports> ports, Set<NatOption> options) implements Target {
        /**
         * Checks the ports.
         *
         * @param addresses the new source, or a range of them
         * @param ports the new ports
         * @param options how address and port are chosen
         * @throws IllegalArgumentException if port 0 is among the ports
         */
        public Snat {
            ports.ifPresent(range -> Ports.check(range.first()));
            options = NatOption.checked("Snat", options, EnumSet.allOf(NatOption.class));
        }

        /**
         * Checks the ports; the address is one.
         *
         * @param address the new source
         * @param ports the new ports
         * @param randomPort whether the source port is drawn, see {@link NatOption#RANDOM_FULLY}
         * @throws IllegalArgumentException if port 0 is among them
         */
        public Snat(InetAddress address, Optional<Ports> ports, boolean randomPort) {
            this(new AddressRange(address, address), ports, randomPort ? Set.of(NatOption.RANDOM_FULLY) : Set.of());
        }

        /**
         * Checks the ports, of which none is drawn; the address is one.
         *
         * @param address the new source
         * @param ports the new ports
         * @throws IllegalArgumentException if port 0 is among them
         */
        public Snat(InetAddress address, Optional<Ports> ports) {
            this(address, ports, false);
        }

        @Override
        public FamilyScope families() {
            return FamilyScope.of(addresses.family());
        }

        @Override
        public String toString() {
            return "Snat[to " + addresses.text() + ports.map(p -> " port " + p.text('-')).orElse("") + NatOption.words(options) + "]";
        }

        @Override
        public <R extends @Nullable Object> R accept(TargetVisitor<R> visitor) {
            return visitor.visit(this);
        }
    }

    /**
     * Changes the source of the connection to the address of the interface through which it leaves, {@code MASQUERADE}; only in nat
     * POSTROUTING. Modules: xt_MASQUERADE, in {@code inet} tables nft_masq.
     *
     * @param ports the ports from which the source port is taken, which need a protocol with ports; if empty, the port stays the same if
     *     possible
     * @param options how the port is chosen: {@link NatOption#RANDOM}, {@link NatOption#RANDOM_FULLY}; in their order
     */
    record Masquerade(Optional<Ports> ports, Set<NatOption> options) implements Target {
        /**
         * Checks ports and options.
         *
         * @param ports the ports from which the source port is taken
         * @param options how the port is chosen
         * @throws IllegalArgumentException if port 0 is among the ports, or an option doesn't fit
         */
        public Masquerade {
            ports.ifPresent(range -> Ports.check(range.first()));
            options = NatOption.checked("Masquerade", options, EnumSet.of(NatOption.RANDOM, NatOption.RANDOM_FULLY));
        }

        /**
         * Checks the ports.
         *
         * @param ports the ports from which the source port is taken
         * @param randomPort whether the source port is drawn, see {@link NatOption#RANDOM_FULLY}
         * @throws IllegalArgumentException if port 0 is among them
         */
        public Masquerade(Optional<Ports> ports, boolean randomPort) {
            this(ports, randomPort ? Set.of(NatOption.RANDOM_FULLY) : Set.of());
        }

        /** Leaves the source port as it is if possible. */
        public Masquerade() {
            this(Optional.empty(), false);
        }

        @Override
        public <R extends @Nullable Object> R accept(TargetVisitor<R> visitor) {
            return visitor.visit(this);
        }
    }

    /**
     * Delivers the packet to a transparent local socket without changing it; only in mangle PREROUTING, for TCP or UDP.
     *
     * @param port the socket's port, 1 to 65535
     * @param mark the mark that the packet gets, for policy routing
     */
    record Tproxy(int port, Mark mark) implements Target {
        /**
         * Checks the port.
         *
         * @param port the socket's port
         * @param mark the packet's mark
         * @throws IllegalArgumentException if it is out of range
         */
        public Tproxy {
            Ports.check(port);
        }

        @Override
        public <R extends @Nullable Object> R accept(TargetVisitor<R> visitor) {
            return visitor.visit(this);
        }
    }

    /**
     * Marks the packet, {@code MARK --set-xmark}; in mangle OUTPUT the kernel then routes it again.
     *
     * @param mark the bits to set and their mask; other bits stay
     */
    record SetMark(Mark mark) implements Target {
        @Override
        public <R extends @Nullable Object> R accept(TargetVisitor<R> visitor) {
            return visitor.visit(this);
        }
    }

    /**
     * Marks the connection, {@code CONNMARK --set-xmark}.
     *
     * @param mark the bits to set and their mask; other bits stay
     */
    record SetConnmark(Mark mark) implements Target {
        @Override
        public <R extends @Nullable Object> R accept(TargetVisitor<R> visitor) {
            return visitor.visit(this);
        }
    }

    /**
     * Copies the connection's mark to the packet, {@code CONNMARK --restore-mark}; only in mangle.
     *
     * @param packetMask the packet's bits that are replaced
     * @param connectionMask the connection's bits that are copied
     */
    record RestoreConnmark(int packetMask, int connectionMask) implements Target {
        @Override
        public <R extends @Nullable Object> R accept(TargetVisitor<R> visitor) {
            return visitor.visit(this);
        }
    }

    /**
     * Copies the packet's mark to the connection, {@code CONNMARK --save-mark}; only in mangle.
     *
     * @param packetMask the packet's bits that are copied
     * @param connectionMask the connection's bits that are replaced
     */
    record SaveConnmark(int packetMask, int connectionMask) implements Target {
        @Override
        public <R extends @Nullable Object> R accept(TargetVisitor<R> visitor) {
            return visitor.visit(this);
        }
    }

    /**
     * Tracks the connection in a separate zone, {@code CT --zone}; only in raw.
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

        @Override
        public <R extends @Nullable Object> R accept(TargetVisitor<R> visitor) {
            return visitor.visit(this);
        }
    }

    /** Exempts the packet from connection tracking, {@code CT --notrack}; only in raw. */
    record NoTrack() implements Target {
        @Override
        public <R extends @Nullable Object> R accept(TargetVisitor<R> visitor) {
            return visitor.visit(this);
        }
    }

    /**
     * Writes a line to the kernel's log and continues, {@code LOG}.
     *
     * @param prefix the beginning of the line, at most 29 bytes of UTF-8 without control characters or double quotes; may be empty
     * @param level the severity, 0 (emergency) to 7 (debug), see syslog(3)
     */
    record Log(String prefix, int level) implements Target {
        /**
         * Checks prefix and level.
         *
         * @param prefix the beginning of the line
         * @param level the severity
         * @throws IllegalArgumentException if a value is anything else
         */
        public Log {
            Names.text("log prefix", prefix, 29);
            if (level < 0 || level > 7) {
                throw new IllegalArgumentException("log level " + level + " is not 0 to 7");
            }
        }

        @Override
        public <R extends @Nullable Object> R accept(TargetVisitor<R> visitor) {
            return visitor.visit(this);
        }
    }

    /**
     * Sends a copy of the packet to a program that listens on netlink, and continues, {@code NFLOG}.
     *
     * @param group the netlink group, 0 to 65535
     * @param prefix a text for the program, at most 63 bytes of UTF-8 without control characters or double quotes; may be empty
     */
    record Nflog(int group, String prefix) implements Target {
        /**
         * Checks group and prefix.
         *
         * @param group the netlink group
         * @param prefix the text for the program
         * @throws IllegalArgumentException if a value is anything else
         */
        public Nflog {
            Names.text("nflog prefix", prefix, 63);
            if (group < 0 || group > 65535) {
                throw new IllegalArgumentException("nflog group " + group + " is not 0 to 65535");
            }
        }

        @Override
        public <R extends @Nullable Object> R accept(TargetVisitor<R> visitor) {
            return visitor.visit(this);
        }
    }

    /**
     * Hands the packet to a program that listens on netlink and decides about it, {@code NFQUEUE} of iptables-extensions(8), {@code queue}
     * of nft(8). A packet for whose queue no program listens is dropped. Modules: xt_NFQUEUE, in {@code inet} tables nft_queue.
     *
     * @param first the first queue, 0 to 65535
     * @param last the last queue, {@code first} to 65535; several queues, 65535 at most, share the connections
     * @param bypass whether packets for whose queue no program listens continue as if this rule were not there
     * @param fanout whether the processor that handles a packet selects its queue; needs several queues
     */
    record Nfqueue(int first, int last, boolean bypass, boolean fanout) implements Target {
        private static final int LAST = 65535;

        /**
         * Checks the queues.
         *
         * @param first the first queue
         * @param last the last queue
         * @param bypass whether packets without a program continue
         * @param fanout whether the processor selects the queue
         * @throws IllegalArgumentException if a queue is out of range, there are too many of them, or one alone is to be selected
         */
        public Nfqueue {
            if (first < 0 || last > LAST || first > last) {
                throw new IllegalArgumentException(
                        "queues " + first + " to " + last + " are not within 0 to " + LAST + " in ascending order");
            }
            if (last - first == LAST) {
                throw new IllegalArgumentException("queues 0 to " + LAST + " are more than the " + LAST + " that the kernel can count");
            }
            if (fanout && first == last) {
                throw new IllegalArgumentException("fanout needs several queues, not queue " + first + " alone");
            }
        }

        /**
         * Selects one queue; packets are dropped while no program listens to it.
         *
         * @param queue the queue, 0 to 65535
         * @throws IllegalArgumentException if it is out of range
         */
        public Nfqueue(int queue) {
            this(queue, queue, false, false);
        }

        @Override
        public <R extends @Nullable Object> R accept(TargetVisitor<R> visitor) {
            return visitor.visit(this);
        }
    }

    /**
     * Lowers the maximum segment size that a SYN announces, {@code TCPMSS --set-mss}; in a rule for TCP packets with SYN.
     *
     * @param mss the size in bytes, 1 to 65495: what fits into a packet of IPv6
     */
    record SetTcpMss(int mss) implements Target {
        private static final int MOST = 65495; // iptables refuses more, and the kernel takes 65535 for the size of the path

        /**
         * Checks the size.
         *
         * @param mss the size
         * @throws IllegalArgumentException if it is out of range
         */
        public SetTcpMss {
            if (mss < 1 || mss > MOST) {
                throw new IllegalArgumentException("maximum segment size " + mss + " is not 1 to " + MOST);
            }
        }

        @Override
        public <R extends @Nullable Object> R accept(TargetVisitor<R> visitor) {
            return visitor.visit(this);
        }
    }

    /**
     * Lowers the maximum segment size that a SYN announces to that of the path, {@code TCPMSS --clamp-mss-to-pmtu}; in a rule for
     * TCP packets with SYN, only in FORWARD, OUTPUT and POSTROUTING.
     */
    record ClampTcpMss() implements Target {
        @Override
        public <R extends @Nullable Object> R accept(TargetVisitor<R> visitor) {
            return visitor.visit(this);
        }
    }

    /**
     * Calls the visitor's method for this kind of target.
     *
     * @param <R> the type of the result
     * @param visitor handles every kind
     * @return its result
     */
    <R extends @Nullable Object> R accept(TargetVisitor<R> visitor);

    /** {@return the chain in which packets continue, for {@link Jump} and {@link Goto}} */
    default Optional<String> destination() {
        return Optional.empty();
    }

    /** {@return the families whose packets this target applies to} */
    default FamilyScope families() {
        return FamilyScope.BOTH;
    }
}
