/** Pods as the agent speaks of them: which should be in the mesh, where that is known from, and whether they are served. */
@NullMarked
package io.inpod.examples.nodeagent.pod;

import org.jspecify.annotations.NullMarked;
