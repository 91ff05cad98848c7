package io.inpod.iptables;

import java.util.Collections;
import java.util.EnumSet;
import java.util.Locale;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** How the kernel chooses among the addresses and ports of a NAT target, see iptables-extensions(8) and nft(8). */
public enum NatOption {
    /**
     * Draws the port, {@code --random}, {@code random} of nft. A new destination's port is drawn only from several given ones. Since Linux
     * 5.0 it does the same as {@link #RANDOM_FULLY}.
     */
    RANDOM,
    /** Draws the source port ({@code --random-fully}): connections at the same time seldom want the same one. */
    RANDOM_FULLY,
    /** Gives a client the same address for all of its connections, whatever their destination, {@code --persistent}. */
    PERSISTENT;

    /** {@return its option of iptables(8), such as {@code --random-fully}} */
    public String text() {
        return "--" + name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    /** Returns options in their order, and checks that a target has them. */
    static Set<NatOption> checked(String target, Set<NatOption> options, Set<NatOption> known) {
        Set<NatOption> sorted = EnumSet.noneOf(NatOption.class);
        for (NatOption option : options) {
            if (!known.contains(option)) {
                throw new IllegalArgumentException("option " + option + " of " + target + " is not among " + EnumSet.copyOf(known));
            }
            sorted.add(option);
        }
        return Collections.unmodifiableSet(sorted);
    }

    /** Checks that the port of a new destination can be drawn if it is to be. */
    static void checkDrawn(String target, Set<NatOption> options, @Nullable Ports ports) {
        if (options.contains(RANDOM) && (ports == null || ports.first() == ports.last())) {
            throw new IllegalArgumentException("option RANDOM of " + target + " needs a range of ports, not "
                    + (ports == null ? "none" : "port " + ports.first() + " alone") + ": the kernel would ignore it");
        }
    }

    /** Returns options in words, each after a blank. */
    static String words(Set<NatOption> options) {
        StringBuilder words = new StringBuilder();
        options.forEach(option -> words.append(' ').append(option.text()));
        return words.toString();
    }
}
