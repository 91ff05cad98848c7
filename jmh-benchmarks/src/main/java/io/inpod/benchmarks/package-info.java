/** Benchmarks of inpod's libraries; RESULTS.md beside the sources says how they are run. */
@NullMarked
package io.inpod.benchmarks;

import org.jspecify.annotations.NullMarked;
