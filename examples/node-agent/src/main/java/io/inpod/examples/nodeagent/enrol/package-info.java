/**
 * Enrolment: what should be in the mesh is compared with what is, pod by pod, and the difference is made up for. It begins in
 * {@link io.inpod.examples.nodeagent.enrol.Reconciler}.
 */
@NullMarked
package io.inpod.examples.nodeagent.enrol;

import org.jspecify.annotations.NullMarked;
