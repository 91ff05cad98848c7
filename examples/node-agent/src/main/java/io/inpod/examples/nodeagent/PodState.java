package io.inpod.examples.nodeagent;

import org.jspecify.annotations.Nullable;

/**
 * Whether a pod is served.
 *
 * @param kind the state
 * @param reason why it isn't served; null if it is
 */
record PodState(Kind kind, @Nullable String reason) {
    static final PodState SERVED = new PodState(Kind.SERVED, null);

    /** The proxies that have acknowledged the pod are gone. */
    static final PodState UNCONNECTED = new PodState(Kind.CLOSED, "no ztunnel is connected");

    /** The states. */
    enum Kind {
        /** A proxy has acknowledged the pod. */
        SERVED,
        /** No proxy serves it. Its rules are installed, so its connections are refused. */
        CLOSED,
        /** Its rules couldn't be installed: its connections leave in plaintext. */
        OPEN
    }

    boolean served() {
        return kind == Kind.SERVED;
    }

    /** Returns the kind as it is written in answers. */
    String word() {
        return kind.name().toLowerCase(java.util.Locale.ROOT);
    }
}
