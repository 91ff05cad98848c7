package io.inpod.tproxy.upstream;

import io.netty.channel.socket.SocketChannel;
import org.jspecify.annotations.Nullable;

/**
 * A connection that an {@link UpstreamConnector} has opened.
 *
 * @param channel the connected channel, to be closed by the caller; automatic reading is off unless its handler switched it on
 * @param spoofed whether its source is the client's address
 * @param fallbackReason why its source isn't the client's address although that was preferred, or null
 */
public record UpstreamConnection(SocketChannel channel, boolean spoofed, @Nullable Throwable fallbackReason) {}
