package io.inpod.hbone;

import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandler;
import io.netty.channel.EventLoop;

/** Makes the TCP connection to a peer; the caller's code, so that it can use another network namespace or special socket options. */
@FunctionalInterface
public interface Connector {
    /**
     * Starts to connect. Called on the event loop; must not block.
     *
     * @param loop the event loop the channel must be registered with
     * @param destination whom to connect to ({@link HboneDestination#address()}), and from which address
     * @param initializer the handler to put into the channel's pipeline before it becomes active, as the only one
     * @return completes when the channel is connected, or fails
     */
    ChannelFuture connect(EventLoop loop, HboneDestination destination, ChannelHandler initializer);
}
