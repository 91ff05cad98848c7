package io.inpod.examples.ztunnel.explain;

import io.inpod.examples.ztunnel.policy.Attempt;

/**
 * A connection that a pod on this node has accepted.
 *
 * @param uid the key of the pod in the mesh
 * @param attempt what policies look at
 */
public record OpenConnection(String uid, Attempt attempt) {}
