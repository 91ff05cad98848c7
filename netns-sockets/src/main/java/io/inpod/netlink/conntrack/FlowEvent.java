package io.inpod.netlink.conntrack;

/** A change of what connection tracking knows, as reported by {@link ConntrackWatch}. */
public sealed interface FlowEvent {
    /**
     * A flow has begun: its first packet has passed.
     *
     * @param flow the flow
     */
    record Began(Flow flow) implements FlowEvent {}

    /**
     * A flow has changed: its state, its mark, or what is known about it.
     *
     * @param flow the flow as it is now
     */
    record Changed(Flow flow) implements FlowEvent {}

    /**
     * A flow has been forgotten: it has ended, no packets have come for too long, or somebody has deleted it.
     *
     * @param flow the flow as it was, with its final counters
     */
    record Ended(Flow flow) implements FlowEvent {}

    /**
     * Changes arrived faster than they were read, and some were lost: a caller that tracks the state must list it again.
     *
     * @param reason which buffer was too small, in words
     */
    record Missed(String reason) implements FlowEvent {}
}
