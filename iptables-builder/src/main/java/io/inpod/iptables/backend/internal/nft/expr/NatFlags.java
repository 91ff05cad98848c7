package io.inpod.iptables.backend.internal.nft.expr;

import io.inpod.iptables.NatOption;
import io.inpod.iptables.Ports;
import java.util.EnumSet;
import java.util.Optional;
import java.util.Set;

/** What is given in a NAT target, and how the kernel chooses: NF_NAT_RANGE_ of linux/netfilter/nf_nat.h. */
public final class NatFlags {
    private static final int ADDRESSES = 1;
    private static final int PORTS = 2;

    private NatFlags() {}

    /** Returns the flags of a target without addresses. */
    public static int of(Optional<Ports> ports, Set<NatOption> options) {
        int flags = ports.isPresent() ? PORTS : 0;
        for (NatOption option : options) {
            flags |= bit(option);
        }
        return flags;
    }

    /** Returns the flags of a target with addresses. */
    public static int withAddresses(Optional<Ports> ports, Set<NatOption> options) {
        return ADDRESSES | of(ports, options);
    }

    /** Returns the options among some flags. */
    public static Set<NatOption> options(int flags) {
        Set<NatOption> options = EnumSet.noneOf(NatOption.class);
        for (NatOption option : NatOption.values()) {
            if ((flags & bit(option)) != 0) {
                options.add(option);
            }
        }
        return options;
    }

    private static int bit(NatOption option) {
        return switch (option) {
            case RANDOM -> 4;
            case PERSISTENT -> 8;
            case RANDOM_FULLY -> 16;
        };
    }
}
