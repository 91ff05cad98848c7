package io.inpod.tproxy.upstream;

/** Decides whether an {@link UpstreamConnector} connects from the client's address. */
public enum SpoofPolicy {
    /** Connects from the client's address, or fails. */
    REQUIRE,
    /** Connects from the client's address or, if that isn't possible, from an address of the namespace; the result says why. */
    PREFER,
    /** Always connects from an address of the namespace. */
    NEVER
}
