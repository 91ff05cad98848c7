package io.inpod.tproxy;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/** Thrown when a {@link Redirection} can't be installed, verified or removed. The cause is the error of the first step that failed. */
public final class RedirectionException extends IOException {
    private static final long serialVersionUID = 1L;

    /** The steps that failed. */
    private final ArrayList<String> failed;

    /** The steps that were removed again. */
    private final ArrayList<String> undone;

    /** The steps that could not be removed again. */
    private final ArrayList<String> left;

    RedirectionException(String action, List<String> failed, UndoLog.Result undo, Exception cause) {
        super("can't " + action + " " + String.join(", ", failed) + ": " + cause.getMessage() + undo.words(), cause);
        this.failed = new ArrayList<>(failed);
        this.undone = new ArrayList<>(undo.undone());
        this.left = new ArrayList<>(undo.left());
        undo.failures().forEach(this::addSuppressed);
    }

    /** {@return the names of the steps that failed} */
    public List<String> failed() {
        return List.copyOf(failed);
    }

    /** {@return the names of the steps that had been installed and were removed again, in the order of removal} */
    public List<String> undone() {
        return List.copyOf(undone);
    }

    /** {@return the names of the steps that had been installed and could not be removed again} */
    public List<String> left() {
        return List.copyOf(left);
    }
}
