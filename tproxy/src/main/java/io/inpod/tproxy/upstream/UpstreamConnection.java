package io.inpod.tproxy.upstream;

import io.netty.channel.epoll.EpollSocketChannel;
import org.jspecify.annotations.Nullable;

/**
 * A connection that {@link UpstreamConnector} has made.
 *
 * @param channel the connected channel, now the caller's to close; automatic reading is off unless its initializer switched it on
 * @param spoofed whether it comes from the client's address
 * @param fallbackReason why it doesn't although that was preferred, or null
 */
public record UpstreamConnection(EpollSocketChannel channel, boolean spoofed, @Nullable Throwable fallbackReason) {}
