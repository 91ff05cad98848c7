package io.inpod.tproxy.relay;

/** One of the two channels of a {@link Relay}. */
public enum RelaySide {
    /** The client's channel. */
    DOWNSTREAM,
    /** The server's channel. */
    UPSTREAM
}
