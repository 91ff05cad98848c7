/** Benchmarks of inpod's libraries. RESULTS.md beside the sources says how to run them. */
@NullMarked
package io.inpod.benchmarks;

import org.jspecify.annotations.NullMarked;
