/** TCP connections as Netty channels that ask the kernel for as little as possible, for proxies that open and accept many. */
@NullMarked
package io.inpod.netns.tcp;

import org.jspecify.annotations.NullMarked;
