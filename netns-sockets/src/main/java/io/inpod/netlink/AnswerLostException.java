package io.inpod.netlink;

import java.io.IOException;

/**
 * The kernel answered, but the answer got lost for lack of room. Lists are asked for again before this is thrown; a change that ends
 * with it <em>has been executed or refused</em>, only which is unknown.
 */
public final class AnswerLostException extends IOException {
    private static final long serialVersionUID = 1L;

    AnswerLostException(String message) {
        super(message);
    }
}
