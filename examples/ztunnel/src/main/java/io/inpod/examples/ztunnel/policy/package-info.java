/**
 * Which connections a workload accepts. Pure functions of one state of the mesh and one connection; they fail closed: what can't be decided
 * is denied, with the reason.
 */
@NullMarked
package io.inpod.examples.ztunnel.policy;

import org.jspecify.annotations.NullMarked;
