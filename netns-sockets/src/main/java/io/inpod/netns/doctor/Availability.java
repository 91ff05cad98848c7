package io.inpod.netns.doctor;

import java.time.Instant;

/**
 * Whether this process may do something, as found by trying it once. It depends on the namespace, the kernel's modules and settings, and
 * the process's capabilities, and may change with them.
 *
 * @param capability what was tried
 * @param available whether it works
 * @param cause the kind of reason why it doesn't; {@link Cause#NONE} if it works
 * @param reason the reason in words, with the kernel's error; empty if it works
 * @param advice what a person can do about it; empty if it works
 * @param checkedAt when it was tried
 */
public record Availability(Capability capability, boolean available, Cause cause, String reason, String advice, Instant checkedAt) {
    /** The obstacle. */
    public enum Cause {
        /** Nothing: it works. */
        NONE,
        /** The process lacks a Linux capability over the namespace, see capabilities(7). */
        MISSING_CAPABILITY,
        /** A system call filter forbids it, see seccomp(2); usually that of a container runtime. */
        SECCOMP,
        /** The kernel was built without it, or its module isn't loaded. */
        KERNEL_CONFIGURATION,
        /** A setting in {@code /proc/sys} forbids or limits it. */
        SYSCTL,
        /** Anything else, such as too many open files. */
        OTHER
    }

    static Availability yes(Capability capability) {
        return new Availability(capability, true, Cause.NONE, "", "", Instant.now());
    }

    static Availability no(Capability capability, Cause cause, String reason, String advice) {
        return new Availability(capability, false, cause, reason, advice, Instant.now());
    }
}
