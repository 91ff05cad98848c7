/**
 * The command {@code ./inpod doctor} for a pod: what agent, proxy, kernel and certificate say of it, compared, and tried with connections
 * that carry no data.
 */
@NullMarked
package io.inpod.examples.nodeagent.doctor;

import org.jspecify.annotations.NullMarked;
