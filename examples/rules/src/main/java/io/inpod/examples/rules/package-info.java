/** The command {@code ./inpod rules}: prints, applies, compares, removes and tries the redirection rules of a pod or of the node. */
@NullMarked
package io.inpod.examples.rules;

import org.jspecify.annotations.NullMarked;
