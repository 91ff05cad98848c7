/**
 * For tests against the real kernel: pods made of network namespaces, and checks that nothing is left behind.
 *
 * <p>Making namespaces takes CAP_SYS_ADMIN. As an ordinary user start the tests' JVM through the wrapper script
 * {@code inpod-sandbox/bin/java} in this library's jar, which builds a user namespace around it; its first lines say how Surefire
 * and Gradle do that.
 */
@NullMarked
package io.inpod.netns.testing;

import org.jspecify.annotations.NullMarked;
