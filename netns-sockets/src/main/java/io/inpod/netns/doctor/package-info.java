/** Reports what this process may do in a network namespace, and why not. */
@NullMarked
package io.inpod.netns.doctor;

import org.jspecify.annotations.NullMarked;
