/** Support for back ends that don't use netlink: running programs, locks, address sets of ipset, and tables for iptables-restore. */
@NullMarked
package io.inpod.iptables.backend.internal.tools;

import org.jspecify.annotations.NullMarked;
