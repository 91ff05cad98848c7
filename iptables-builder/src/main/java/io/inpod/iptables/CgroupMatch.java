package io.inpod.iptables;

import io.inpod.iptables.internal.Names;
import io.inpod.iptables.internal.Quote;
import org.jspecify.annotations.Nullable;

/**
 * The control group (version 2) of the socket's process, {@code -m cgroup --path}; only in INPUT, OUTPUT and POSTROUTING. The group must
 * exist when the rule is loaded: the kernel remembers the group, not the path. Packets without a socket meet neither the condition nor its
 * opposite. The opposite exists in the tables of iptables only: nft compares the ancestor at the path's depth, which control groups higher
 * up do not have. With nft, let packets of the group return to the calling chain and handle the others afterwards.
 *
 * @param path the path below the root of the hierarchy without a leading slash, 1 to 255 bytes of UTF-8 without control characters or
 *     double quotes; none of its components is empty, {@code .} or {@code ..}
 * @param negated whether it must be another group
 */
public record CgroupMatch(String path, boolean negated) implements Match {
    /**
     * Checks the path.
     *
     * @param path the path below the root of the hierarchy
     * @param negated whether it must be another group
     * @throws IllegalArgumentException if it is not such a path
     */
    public CgroupMatch {
        Names.text("cgroup path", path, 255);
        for (String component : path.split("/", -1)) {
            if (component.isEmpty() || component.equals(".") || component.equals("..")) {
                throw new IllegalArgumentException("cgroup path " + Quote.of(path) + " has the component " + Quote.of(component)
                        + ": write it from the root of the hierarchy, without leading, trailing or double slashes and without . and ..");
            }
        }
    }

    @Override
    public Match not() {
        return new CgroupMatch(path, !negated);
    }

    @Override
    public <R extends @Nullable Object> R accept(MatchVisitor<R> visitor) {
        return visitor.visit(this);
    }
}
