package io.inpod.examples.nodeagent;

/** What becomes of a pod that the agent can't enrol. */
enum FailedEnrolment {
    /** It keeps its routing and rules, so its connections are refused, and the agent retries. */
    CLOSED,
    /** What was installed is undone, so its connections leave in plaintext; nothing is retried. */
    OPEN
}
