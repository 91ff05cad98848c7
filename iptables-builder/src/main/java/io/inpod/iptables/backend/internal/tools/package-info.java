/** What the back ends need beside netlink: running programs, locks, address sets of ipset, tables as iptables-restore reads them. */
@NullMarked
package io.inpod.iptables.backend.internal.tools;

import org.jspecify.annotations.NullMarked;
