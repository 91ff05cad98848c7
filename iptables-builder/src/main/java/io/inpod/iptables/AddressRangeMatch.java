package io.inpod.iptables;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Whether an address is in a range, {@code -m iprange}; see iptables-extensions(8). A range that is one block is a {@link SourceMatch} or
 * {@link DestinationMatch}.
 *
 * @param side the source or the destination address
 * @param range the range, which is no single block
 * @param negated whether the address must lie outside the range
 */
public record AddressRangeMatch(Side side, AddressRange range, boolean negated) implements Match {
    /**
     * Checks that the range is no single block.
     *
     * @param side the source or the destination address
     * @param range the range
     * @param negated whether the address must lie outside the range
     * @throws IllegalArgumentException if the range is a single block
     */
    public AddressRangeMatch {
        List<IpPrefix> prefixes = range.prefixes();
        if (prefixes.size() == 1) {
            throw new IllegalArgumentException("the address range " + range + " is the block " + prefixes.get(0)
                    + ": use AddressRangeMatch.of");
        }
    }

    /**
     * Returns the simplest condition on a range.
     *
     * @param side the source or the destination address
     * @param range the range
     * @param negated whether the address must lie outside the range
     * @return the condition; a {@link SourceMatch} or {@link DestinationMatch} if the range is a single block
     */
    public static Match of(Side side, AddressRange range, boolean negated) {
        List<IpPrefix> prefixes = range.prefixes();
        if (prefixes.size() > 1) {
            return new AddressRangeMatch(side, range, negated);
        }
        return side == Side.SOURCE ? new SourceMatch(prefixes.get(0), negated) : new DestinationMatch(prefixes.get(0), negated);
    }

    @Override
    public Match not() {
        return new AddressRangeMatch(side, range, !negated);
    }

    @Override
    public FamilyScope families() {
        return FamilyScope.of(range.family());
    }

    @Override
    public <R extends @Nullable Object> R accept(MatchVisitor<R> visitor) {
        return visitor.visit(this);
    }
}
