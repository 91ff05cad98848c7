/** The network namespaces of a machine: which there are, and when one appears or is gone. */
@NullMarked
package io.inpod.netns.watch;

import org.jspecify.annotations.NullMarked;
