package io.inpod.iptables;

import org.jspecify.annotations.Nullable;

/**
 * The requirements of a kind of match on the rule that contains it.
 *
 * @param place where it stands among the conditions; only {@link #SEVERAL} holds more than one
 * @param hooks the hooks in which the kernel supports it, one bit each; iptables-extensions(8) and the checkentry functions of its modules
 * @param protocol the protocol that the rule must name, or null
 */
record MatchTraits(int place, int hooks, @Nullable Protocol protocol) {
    /** The place of the conditions of which a rule may have several of a kind. */
    static final int SEVERAL = 6;

    private static final MatchTraits FAMILY = new MatchTraits(0, HookCheck.EVERYWHERE, null);
    private static final MatchTraits SOURCE = new MatchTraits(1, HookCheck.EVERYWHERE, null);
    private static final MatchTraits DESTINATION = new MatchTraits(2, HookCheck.EVERYWHERE, null);
    private static final MatchTraits IN_INTERFACE = new MatchTraits(3, HookCheck.EVERYWHERE, null);
    private static final MatchTraits OUT_INTERFACE = new MatchTraits(4, HookCheck.EVERYWHERE, null);
    private static final MatchTraits PROTOCOL = new MatchTraits(5, HookCheck.EVERYWHERE, null);
    private static final MatchTraits ANYWHERE = new MatchTraits(SEVERAL, HookCheck.EVERYWHERE, null);
    private static final MatchTraits SENDING = new MatchTraits(SEVERAL, HookCheck.SENDING, null);
    private static final MatchTraits RECEIVING = new MatchTraits(SEVERAL, HookCheck.RECEIVING, null);
    private static final MatchTraits AT_SOCKETS = new MatchTraits(SEVERAL, HookCheck.SENDING | HookCheck.bit(Hook.INPUT), null);
    private static final MatchTraits TCP = new MatchTraits(SEVERAL, HookCheck.EVERYWHERE, Protocol.TCP);
    private static final MatchTraits UDP = new MatchTraits(SEVERAL, HookCheck.EVERYWHERE, Protocol.UDP);
    private static final MatchTraits ICMP = new MatchTraits(SEVERAL, HookCheck.EVERYWHERE, Protocol.ICMP);
    private static final MatchTraits ICMPV6 = new MatchTraits(SEVERAL, HookCheck.EVERYWHERE, Protocol.ICMPV6);
    private static final MatchTraits COMMENT = new MatchTraits(SEVERAL + 1, HookCheck.EVERYWHERE, null);

    private static final MatchVisitor<MatchTraits> BY_KIND = new ByKind();

    static MatchTraits of(Match match) {
        return match.accept(BY_KIND);
    }

    private static MatchTraits within(Protocol protocol) {
        return switch (protocol) {
            case TCP -> TCP;
            case UDP -> UDP;
            case ICMP -> ICMP;
            case ICMPV6 -> ICMPV6;
        };
    }

    private static final class ByKind implements MatchVisitor<MatchTraits> {
        @Override
        public MatchTraits visit(FamilyMatch match) {
            return FAMILY;
        }

        @Override
        public MatchTraits visit(SourceMatch match) {
            return SOURCE;
        }

        @Override
        public MatchTraits visit(DestinationMatch match) {
            return DESTINATION;
        }

        @Override
        public MatchTraits visit(InInterfaceMatch match) {
            return IN_INTERFACE;
        }

        @Override
        public MatchTraits visit(OutInterfaceMatch match) {
            return OUT_INTERFACE;
        }

        @Override
        public MatchTraits visit(ProtocolMatch match) {
            return PROTOCOL;
        }

        @Override
        public MatchTraits visit(ProtocolNumberMatch match) {
            return PROTOCOL;
        }

        @Override
        public MatchTraits visit(TransportMatch match) {
            return within(match.protocol());
        }

        @Override
        public MatchTraits visit(MultiportMatch match) {
            return within(match.protocol());
        }

        @Override
        public MatchTraits visit(IcmpMatch match) {
            return within(match.protocol());
        }

        @Override
        public MatchTraits visit(MarkMatch match) {
            return ANYWHERE;
        }

        @Override
        public MatchTraits visit(ConnmarkMatch match) {
            return ANYWHERE;
        }

        @Override
        public MatchTraits visit(ConntrackStateMatch match) {
            return ANYWHERE;
        }

        @Override
        public MatchTraits visit(ConntrackStatusMatch match) {
            return ANYWHERE;
        }

        @Override
        public MatchTraits visit(SetMatch match) {
            return ANYWHERE;
        }

        @Override
        public MatchTraits visit(PortSetMatch match) {
            return within(match.protocol());
        }

        @Override
        public MatchTraits visit(AddressRangeMatch match) {
            return ANYWHERE;
        }

        @Override
        public MatchTraits visit(AddressTypeMatch match) {
            return ANYWHERE;
        }

        @Override
        public MatchTraits visit(OwnerUserMatch match) {
            return SENDING;
        }

        @Override
        public MatchTraits visit(OwnerGroupMatch match) {
            return SENDING;
        }

        @Override
        public MatchTraits visit(OwnerSocketMatch match) {
            return SENDING;
        }

        @Override
        public MatchTraits visit(CgroupMatch match) {
            return AT_SOCKETS;
        }

        @Override
        public MatchTraits visit(SocketMatch match) {
            return RECEIVING;
        }

        @Override
        public MatchTraits visit(LimitMatch match) {
            return ANYWHERE;
        }

        @Override
        public MatchTraits visit(RandomMatch match) {
            return ANYWHERE;
        }

        @Override
        public MatchTraits visit(NthMatch match) {
            return ANYWHERE;
        }

        @Override
        public MatchTraits visit(ConnlimitMatch match) {
            return ANYWHERE;
        }

        @Override
        public MatchTraits visit(CommentMatch match) {
            return COMMENT;
        }
    }
}
