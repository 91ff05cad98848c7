package io.inpod.tproxy.relay;

/** One of the two channels of a {@link Relay}. */
public enum RelaySide {
    /** The channel that the client is at. */
    DOWNSTREAM,
    /** The channel that the server is at. */
    UPSTREAM
}
