/** The node's own network namespace: the rules and address sets by which health probes reach the pods. */
@NullMarked
package io.inpod.examples.nodeagent.host;

import org.jspecify.annotations.NullMarked;
