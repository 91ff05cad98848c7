package io.inpod.netlink;

import java.io.IOException;

/** Thrown when an answer doesn't have the format that netlink(7) prescribes, or is shorter than its type requires. */
public final class MalformedAnswerException extends IOException {
    private static final long serialVersionUID = 1L;

    /**
     * Describes the answer.
     *
     * @param message what is wrong with it
     */
    public MalformedAnswerException(String message) {
        super(message);
    }
}
