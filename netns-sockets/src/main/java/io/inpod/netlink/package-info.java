/**
 * The kernel's netlink sockets: requests with acknowledgements, dumps, and the part of rtnetlink that building networks and policy
 * routing need. See netlink(7), rtnetlink(7) and the kernel's Documentation/userspace-api/netlink.
 *
 * <p>The package is this large because each kind of netlink object has a file for its value and another for its messages, which only
 * this package sees.
 */
@NullMarked
package io.inpod.netlink;

import org.jspecify.annotations.NullMarked;
