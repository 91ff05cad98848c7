package io.inpod.netns.unix;

import io.inpod.netns.OwnedFd;
import java.nio.ByteBuffer;
import java.util.List;

/**
 * A message from a {@link SeqpacketSocket}, or a piece from a {@link UnixStreamSocket}, with the descriptors that came with it.
 * Closing it closes those that nobody took.
 */
public final class UnixMessage implements AutoCloseable {
    private final ByteBuffer data;
    private final List<OwnedFd> descriptors;

    /** Owns the descriptors, and the list. */
    UnixMessage(ByteBuffer data, List<OwnedFd> descriptors) {
        this.data = data;
        this.descriptors = descriptors;
    }

    /** {@return the message's bytes, read-only} */
    public ByteBuffer data() {
        return data.asReadOnlyBuffer();
    }

    /** {@return how many descriptors it still holds} */
    public int descriptors() {
        return descriptors.size();
    }

    /**
     * Takes a descriptor out, in the order they were sent.
     *
     * @return the descriptor, to be closed by the caller
     * @throws java.util.NoSuchElementException if there is none left
     */
    public OwnedFd take() {
        if (descriptors.isEmpty()) {
            throw new java.util.NoSuchElementException("no file descriptor came with the message");
        }
        return descriptors.remove(0);
    }

    /** Closes the descriptors that nobody took. */
    @Override
    public void close() {
        descriptors.forEach(OwnedFd::close);
        descriptors.clear();
    }
}
