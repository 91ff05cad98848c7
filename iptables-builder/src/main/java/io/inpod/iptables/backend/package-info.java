/**
 * Ways to bring rules into the kernel, read them back and remove them. Only this package and those below it need
 * {@code netns-sockets}.
 */
@NullMarked
package io.inpod.iptables.backend;

import org.jspecify.annotations.NullMarked;
