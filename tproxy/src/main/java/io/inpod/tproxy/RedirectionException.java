package io.inpod.tproxy;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/** A {@link Redirection} could not be installed, verified or removed; the cause is the first failed step's own error. */
public final class RedirectionException extends IOException {
    private static final long serialVersionUID = 1L;

    private final ArrayList<String> failed;
    private final ArrayList<String> undone;
    private final ArrayList<String> left;

    RedirectionException(String action, List<String> failed, List<String> undone, List<String> left, Exception cause) {
        super("can't " + action + " " + String.join(", ", failed) + ": " + cause.getMessage()
                + (undone.isEmpty() ? "" : "; undone: " + String.join(", ", undone))
                + (left.isEmpty() ? "" : "; could not be undone: " + String.join(", ", left)), cause);
        this.failed = new ArrayList<>(failed);
        this.undone = new ArrayList<>(undone);
        this.left = new ArrayList<>(left);
    }

    /** {@return the steps that failed, as text} */
    public List<String> failed() {
        return List.copyOf(failed);
    }

    /** {@return the steps that had been installed and were removed again, as text, in the order of removal} */
    public List<String> undone() {
        return List.copyOf(undone);
    }

    /** {@return the steps that had been installed and could not be removed again, as text} */
    public List<String> left() {
        return List.copyOf(left);
    }
}
