package io.inpod.netns.unix;

import io.inpod.netns.OwnedFd;
import java.nio.ByteBuffer;
import java.util.List;

/**
 * A message from a {@link SeqpacketSocket}, or a part of the stream of a {@link UnixStreamSocket}, with its descriptors. It owns the
 * descriptors until they are {@linkplain #take taken}.
 */
public final class UnixMessage implements AutoCloseable {
    private final ByteBuffer data;
    private final List<OwnedFd> descriptors;

    /** Takes ownership of the descriptors, and of the list. */
    UnixMessage(ByteBuffer data, List<OwnedFd> descriptors) {
        this.data = data;
        this.descriptors = descriptors;
    }

    /** {@return the message's bytes, read-only} */
    public ByteBuffer data() {
        return data.asReadOnlyBuffer();
    }

    /** {@return the number of descriptors that it still owns} */
    public int descriptors() {
        return descriptors.size();
    }

    /**
     * Takes the next descriptor, in the order in which they were sent.
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

    /** Closes the descriptors that haven't been taken. */
    @Override
    public void close() {
        descriptors.forEach(OwnedFd::close);
        descriptors.clear();
    }
}
