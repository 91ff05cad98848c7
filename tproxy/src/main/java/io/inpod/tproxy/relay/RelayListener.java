package io.inpod.tproxy.relay;

/** Is told when a {@link Relay} has ended. */
@FunctionalInterface
public interface RelayListener {
    /**
     * Called exactly once, on the channels' event loop, when both channels are closed. Must not block.
     *
     * @param result how it went
     */
    void relayEnded(RelayResult result);
}
