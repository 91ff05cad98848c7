/** A program that tries on a node what {@code io.inpod.netns} needs, and what it does. */
@NullMarked
package io.inpod.netns.selftest;

import org.jspecify.annotations.NullMarked;
