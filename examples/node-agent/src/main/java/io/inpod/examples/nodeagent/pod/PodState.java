package io.inpod.examples.nodeagent.pod;

import org.jspecify.annotations.Nullable;

/**
 * Whether a pod is served.
 *
 * @param kind the state
 * @param reason why it isn't served, or what is wrong although it is served; null if nothing is
 */
public record PodState(Kind kind, @Nullable String reason) {
    /** A proxy has acknowledged the pod. */
    public static final PodState SERVED = new PodState(Kind.SERVED, null);

    /** The proxies that have acknowledged the pod are gone. */
    public static final PodState UNCONNECTED = new PodState(Kind.CLOSED, "no ztunnel is connected");

    /** The states. */
    public enum Kind {
        /** A proxy has acknowledged the pod. */
        SERVED,
        /** No proxy serves it. Its rules are installed, so its connections are refused. */
        CLOSED,
        /** Its rules couldn't be installed: its connections leave in plaintext. */
        OPEN,
        /** Its network namespace isn't known yet, so nothing is known of its rules. It is searched for until it is found. */
        WAITING
    }

    /** {@return whether a proxy serves the pod} */
    public boolean served() {
        return kind == Kind.SERVED;
    }

    /** {@return the kind as it is written in answers} */
    public String word() {
        return kind.name().toLowerCase(java.util.Locale.ROOT);
    }
}
