package io.inpod.tproxy.upstream;

/** What {@link UpstreamConnector} does about the client's address. */
public enum SpoofPolicy {
    /** Connects from it, or fails. */
    REQUIRE,
    /** Connects from it, or, if that isn't possible here, from an own address, and says so in the result. */
    PREFER,
    /** Always connects from an own address. */
    NEVER
}
