/** The two questions that a kubelet asks: whether the agent lives, and whether it is ready to enrol pods. */
@NullMarked
package io.inpod.examples.nodeagent.health;

import org.jspecify.annotations.NullMarked;
