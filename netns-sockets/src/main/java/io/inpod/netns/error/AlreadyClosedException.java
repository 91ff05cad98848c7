package io.inpod.netns.error;

import java.nio.channels.ClosedChannelException;

/** Thrown when something is used that has been closed, before or meanwhile by another thread. The message says what. */
public final class AlreadyClosedException extends ClosedChannelException {
    private static final long serialVersionUID = 1L;

    /** What is closed, in words. */
    private final String what;

    /**
     * Describes the use of something closed.
     *
     * @param what what is closed, in words, such as {@code "UDP socket in network namespace net:[4026532008]"}
     */
    public AlreadyClosedException(String what) {
        this.what = what;
    }

    /** {@return what is closed, and that it is} */
    @Override
    public String getMessage() {
        return what + " is closed";
    }
}
