/**
 * The kernel's netlink sockets: requests with acknowledgements, dumps, and the part of rtnetlink that building networks and policy
 * routing need. See netlink(7), rtnetlink(7) and the kernel's Documentation/userspace-api/netlink.
 */
@NullMarked
package io.inpod.netlink;

import org.jspecify.annotations.NullMarked;
