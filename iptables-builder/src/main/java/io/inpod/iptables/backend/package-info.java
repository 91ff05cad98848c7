/**
 * Back ends that load rules into the kernel, read them back and remove them; which of them to use; and rule sets as changes of a namespace.
 */
@NullMarked
package io.inpod.iptables.backend;

import org.jspecify.annotations.NullMarked;
