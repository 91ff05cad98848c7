package io.inpod.tproxy.relay;

/** Notified when a {@link Relay} has ended. */
@FunctionalInterface
public interface RelayListener {
    /**
     * Called exactly once, on the channels' event loop, when both channels are closed. Must not block.
     *
     * @param result the result
     */
    void relayEnded(RelayResult result);
}
