package io.inpod.iptables;

import org.jspecify.annotations.Nullable;

/**
 * The number of connections at the same time, this one included, {@code -m connlimit} of iptables-extensions(8), {@code ct count} of
 * nft(8). A connection counts from the first of its packets that meets the conditions before this one, until connection tracking forgets
 * it or knows that it has ended. A rule for both families has one count for each in the tables of iptables, and one for both in {@code
 * inet} tables. Modules: xt_connlimit, in {@code inet} tables nft_connlimit.
 *
 * <p>In {@code inet} tables a count of each address takes a dynamic set, which is part of the rule, and a rule for both families becomes
 * two rules. A set has room for 65535 addresses that have connections at the same time; a connection of another address doesn't meet the
 * condition, whether it asks for more or for at most some.
 *
 * @param counted which connections are counted together
 * @param most the number of connections, 1 to 4294967295
 * @param above whether there must be more than that number ({@code --connlimit-above}), or at most ({@code --connlimit-upto})
 */
public record ConnlimitMatch(Counted counted, long most, boolean above) implements Match {
    /** The connections that are counted together. */
    public enum Counted {
        /** All connections that reach the condition, {@code --connlimit-mask 0}. */
        ALL,
        /** Those with the same source address, {@code --connlimit-saddr}. */
        SOURCE,
        /** Those with the same destination address, {@code --connlimit-daddr}. */
        DESTINATION
    }

    private static final long LAST = 0xffff_ffffL;

    /** {@return whether each address has a count of its own} */
    public boolean isPerAddress() {
        return counted != Counted.ALL;
    }

    /**
     * Checks the number.
     *
     * @param counted which connections are counted together
     * @param most the number of connections
     * @param above whether there must be more, or at most
     * @throws IllegalArgumentException if the number is out of range
     */
    public ConnlimitMatch {
        if (most < 1 || most > LAST) {
            throw new IllegalArgumentException("number of connections " + most + " is not 1 to " + LAST
                    + (most == 0 ? ": there always is one" : ""));
        }
    }

    @Override
    public boolean isCounting() {
        return true;
    }

    @Override
    public Match not() {
        return new ConnlimitMatch(counted, most, !above);
    }

    @Override
    public <R extends @Nullable Object> R accept(MatchVisitor<R> visitor) {
        return visitor.visit(this);
    }
}
