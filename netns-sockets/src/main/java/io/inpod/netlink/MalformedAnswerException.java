package io.inpod.netlink;

import java.io.IOException;

/** An answer doesn't have the form that netlink(7) prescribes, or is shorter than its type demands. */
public final class MalformedAnswerException extends IOException {
    private static final long serialVersionUID = 1L;

    MalformedAnswerException(String message) {
        super(message);
    }
}
