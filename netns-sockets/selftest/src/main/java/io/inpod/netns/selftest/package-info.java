/** A program that tests on a node whether {@code io.inpod.netns} works there. */
@NullMarked
package io.inpod.netns.selftest;

import org.jspecify.annotations.NullMarked;
