package io.inpod.examples.ztunnel.policy;

import org.jspecify.annotations.Nullable;

/**
 * Whether a connection is accepted.
 *
 * @param basis on what that is based
 * @param reason why it isn't accepted, in the words of log and metric, or why it is
 * @param dryRun what would be different if the policies that are only tried were enforced, or null if nothing would be
 */
public record Verdict(Basis basis, String reason, @Nullable String dryRun) {
    /** On what a verdict is based. */
    public enum Basis {
        /** It is accepted: no policy denies it, and one allows it or there is none that allows anything. */
        ALLOWED,
        /** A DENY policy matches it. */
        EXPLICITLY_DENIED,
        /** There are ALLOW policies, and none matches it. */
        NOT_ALLOWED,
        /** The workload names a policy that the mesh doesn't have. */
        POLICY_UNKNOWN,
        /** A policy can't be understood. */
        POLICY_UNREADABLE,
        /** The mesh doesn't have the workload. */
        WORKLOAD_UNKNOWN,
        /** The client's identity isn't trusted any more. */
        REVOKED
    }

    static Verdict of(Basis basis, String reason) {
        return new Verdict(basis, reason, null);
    }

    /** {@return whether the connection is accepted} */
    public boolean allowed() {
        return basis == Basis.ALLOWED;
    }

    Verdict withDryRun(@Nullable String dryRun) {
        return dryRun == null ? this : new Verdict(basis, reason, dryRun);
    }
}
