/**
 * System calls, and the structs and numbers of the kernel's interface. Not API.
 *
 * <p>{@code LibC} lists the C functions. On Java 22 and later {@code ForeignAccess} calls them through {@code java.lang.foreign}; before,
 * {@code JnrAccess} calls them through jffi. The system property {@code io.inpod.native}, {@code foreign} or {@code jnr}, chooses.
 *
 * <p>To add a function, add a method to {@code LibC}, to {@code JffiLibC}, and to {@code ForeignAccess} with a handle: the compiler asks
 * for both. There, {@code function(name, parameters)} is for a function of fixed parameters, and {@code variadic} for one whose man page
 * has "..."; pass an int as a long, a buffer as {@code at(buffer)}, and keep the buffer reachable, as the others do.
 * {@code NativeAccessTest} demands a call of every function through both, and compares {@code reachability-metadata.json}, which lists the
 * numbers of parameters for GraalVM.
 */
@NullMarked
package io.inpod.netns.internal;

import org.jspecify.annotations.NullMarked;
