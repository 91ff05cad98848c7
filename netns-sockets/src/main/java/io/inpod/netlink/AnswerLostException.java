package io.inpod.netlink;

import java.io.IOException;

/**
 * Thrown when the kernel's answer is lost because there was no room for it. Lists are requested again before this is thrown. A change that
 * fails with it <em>has been either executed or refused</em>; which of the two is unknown.
 */
public final class AnswerLostException extends IOException {
    private static final long serialVersionUID = 1L;

    AnswerLostException(String message) {
        super(message);
    }
}
