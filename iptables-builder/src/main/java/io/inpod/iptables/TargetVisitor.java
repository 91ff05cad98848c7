package io.inpod.iptables;

import org.jspecify.annotations.Nullable;

/**
 * Handles every kind of {@link Target}, see {@link Target#accept}. A new kind is a new method here, so that no code that renders, checks or
 * translates targets compiles until it handles that kind.
 *
 * @param <R> the type of the results
 */
public interface TargetVisitor<R extends @Nullable Object> {
    /**
     * {@return the result for letting packets pass}
     *
     * @param target the target
     */
    R visit(Target.Accept target);

    /**
     * {@return the result for discarding packets}
     *
     * @param target the target
     */
    R visit(Target.Drop target);

    /**
     * {@return the result for returning to the calling chain}
     *
     * @param target the target
     */
    R visit(Target.Return target);

    /**
     * {@return the result for rejecting packets}
     *
     * @param target the target
     */
    R visit(Target.Reject target);

    /**
     * {@return the result for a jump to a chain}
     *
     * @param target the target
     */
    R visit(Target.Jump target);

    /**
     * {@return the result for continuing in a chain}
     *
     * @param target the target
     */
    R visit(Target.Goto target);

    /**
     * {@return the result for a whole rule in the form of one kind of back end}
     *
     * @param target the target
     */
    R visit(Target.Raw target);

    /**
     * {@return the result for redirecting connections to a local port}
     *
     * @param target the target
     */
    R visit(Target.Redirect target);

    /**
     * {@return the result for changing the destination of connections}
     *
     * @param target the target
     */
    R visit(Target.Dnat target);

    /**
     * {@return the result for changing the source of connections}
     *
     * @param target the target
     */
    R visit(Target.Snat target);

    /**
     * {@return the result for masquerading connections}
     *
     * @param target the target
     */
    R visit(Target.Masquerade target);

    /**
     * {@return the result for handing packets to a transparent socket}
     *
     * @param target the target
     */
    R visit(Target.Tproxy target);

    /**
     * {@return the result for marking packets}
     *
     * @param target the target
     */
    R visit(Target.SetMark target);

    /**
     * {@return the result for marking connections}
     *
     * @param target the target
     */
    R visit(Target.SetConnmark target);

    /**
     * {@return the result for copying the connection's mark to the packet}
     *
     * @param target the target
     */
    R visit(Target.RestoreConnmark target);

    /**
     * {@return the result for copying the packet's mark to the connection}
     *
     * @param target the target
     */
    R visit(Target.SaveConnmark target);

    /**
     * {@return the result for tracking in a zone}
     *
     * @param target the target
     */
    R visit(Target.ConntrackZone target);

    /**
     * {@return the result for exemption from tracking}
     *
     * @param target the target
     */
    R visit(Target.NoTrack target);

    /**
     * {@return the result for logging}
     *
     * @param target the target
     */
    R visit(Target.Log target);

    /**
     * {@return the result for logging to a program}
     *
     * @param target the target
     */
    R visit(Target.Nflog target);

    /**
     * {@return the result for handing packets to a program}
     *
     * @param target the target
     */
    R visit(Target.Nfqueue target);

    /**
     * {@return the result for setting the maximum segment size}
     *
     * @param target the target
     */
    R visit(Target.SetTcpMss target);

    /**
     * {@return the result for clamping the maximum segment size}
     *
     * @param target the target
     */
    R visit(Target.ClampTcpMss target);
}
