/**
 * Rules that hold for all modules: who may import whom, how large a package is, and what no library does. The tests of this module hold
 * them.
 */
@NullMarked
package io.inpod.architecture;

import org.jspecify.annotations.NullMarked;
