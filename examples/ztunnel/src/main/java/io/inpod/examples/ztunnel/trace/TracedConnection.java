package io.inpod.examples.ztunnel.trace;

import io.inpod.examples.ztunnel.traffic.ResponseFlag;
import io.inpod.examples.ztunnel.traffic.TrafficKey;
import java.net.InetSocketAddress;
import org.jspecify.annotations.Nullable;

/**
 * What a span says of a connection that has ended.
 *
 * @param key both ends
 * @param source the client's address
 * @param destination the address that was connected to, or should have been; perhaps a name
 * @param authority the tunnel's destination, or null without a tunnel
 * @param passedOver how many endpoints were tried before
 * @param fromClient how many bytes the client has sent
 * @param toClient how many bytes the client was sent
 * @param flag how it has ended
 * @param error why it failed or was cut, or null
 */
public record TracedConnection(TrafficKey key, InetSocketAddress source, InetSocketAddress destination, @Nullable String authority,
        int passedOver, long fromClient, long toClient, ResponseFlag flag, @Nullable String error) {}
