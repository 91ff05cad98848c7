/**
 * Names looked up in a network namespace, with Netty's resolver: the JVM's own looks them up in the process's namespace and keeps the
 * answer for every other one. Needs {@code io.netty:netty-resolver-dns}, which is an optional dependency.
 */
@NullMarked
package io.inpod.netns.dns;

import org.jspecify.annotations.NullMarked;
