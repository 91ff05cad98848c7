package io.inpod.iptables;

import io.inpod.iptables.internal.Names;
import org.jspecify.annotations.Nullable;

/**
 * A note for readers, {@code -m comment}; every packet meets it. {@link RuleCounters} finds rules by it.
 *
 * @param text 1 to 128 bytes of UTF-8 without control characters or double quotes
 */
public record CommentMatch(String text) implements Match {
    /**
     * Checks the text.
     *
     * @param text 1 to 128 bytes of UTF-8 without control characters or double quotes
     * @throws IllegalArgumentException if it is empty, too long or would break its line
     */
    public CommentMatch {
        Names.text("comment", text, 128);
        if (text.isEmpty()) {
            throw new IllegalArgumentException("comment is empty");
        }
    }

    @Override
    public <R extends @Nullable Object> R accept(MatchVisitor<R> visitor) {
        return visitor.visit(this);
    }
}
