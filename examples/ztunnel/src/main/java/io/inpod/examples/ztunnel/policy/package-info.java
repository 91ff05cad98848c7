/**
 * Which connections a workload accepts. Pure functions of one state of the mesh and one connection; they fail closed: what can't be decided
 * is denied, with the reason. {@code Authorization} decides at once; {@code Policies} is what a pod keeps to decide about each connection.
 */
@NullMarked
package io.inpod.examples.ztunnel.policy;

import org.jspecify.annotations.NullMarked;
