package io.inpod.examples.ztunnel.policy;

/**
 * Whether a connection is accepted.
 *
 * @param allowed whether it is
 * @param reason why it isn't, in the words of log, metric and answer, or by which policy it is
 */
public record Verdict(boolean allowed, String reason) {}
