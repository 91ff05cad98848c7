/** Benchmarks of what isn't public. */
@org.jspecify.annotations.NullMarked
package io.inpod.hbone.internal;
