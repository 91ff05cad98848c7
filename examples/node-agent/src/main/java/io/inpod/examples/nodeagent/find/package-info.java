/**
 * Finds the network namespaces of pods that run already: by their processes, by asking the container runtime, and by the files that keep
 * namespaces open. {@link io.inpod.examples.nodeagent.find.NamespaceFinders} combines them.
 */
@NullMarked
package io.inpod.examples.nodeagent.find;

import org.jspecify.annotations.NullMarked;
