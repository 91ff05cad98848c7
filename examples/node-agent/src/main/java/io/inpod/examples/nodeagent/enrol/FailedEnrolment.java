package io.inpod.examples.nodeagent.enrol;

/** What becomes of a pod that the agent can't enrol. In both cases the agent retries. */
public enum FailedEnrolment {
    /** It keeps its routing and rules, so its connections are refused. */
    CLOSED,
    /** What was installed is undone, so its connections leave in plaintext. */
    OPEN
}
