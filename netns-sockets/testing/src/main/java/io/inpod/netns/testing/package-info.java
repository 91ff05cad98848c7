/**
 * Support for tests against the real kernel: pods that consist of network namespaces, programs that run in them, faults between them, and
 * checks that nothing is left behind. {@link io.inpod.netns.testing.Pods} is the beginning.
 *
 * <p>Creating namespaces needs CAP_SYS_ADMIN. An ordinary user starts the tests' JVM through the wrapper script
 * {@code inpod-sandbox/bin/java} in this library's jar, which creates a user namespace around it. Its first lines explain how to do that
 * with Surefire and Gradle.
 */
@NullMarked
package io.inpod.netns.testing;

import org.jspecify.annotations.NullMarked;
