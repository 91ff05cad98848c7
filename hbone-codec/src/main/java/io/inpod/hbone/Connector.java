package io.inpod.hbone;

import io.netty.bootstrap.Bootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFactory;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.util.concurrent.Future;
import java.net.InetSocketAddress;

/** Makes the TCP connection to a peer; the caller's code, so that it can use another network namespace or special socket options. */
@FunctionalInterface
public interface Connector {
    /**
     * Starts to connect. Called on the event loop; must not block.
     *
     * @param loop the event loop the channel must be registered with
     * @param destination whom to connect to ({@link HboneDestination#address()}), and from which address
     * @param initializer the handler to put into the channel's pipeline before it becomes active, as the only one
     * @return completes when the channel is connected, or fails; its value doesn't matter. What {@code Bootstrap.connect} gives will do, and so
     *     does {@link HbonePool#open}: that is a tunnel through another tunnel ("double HBONE")
     */
    Future<?> connect(EventLoop loop, HboneDestination destination, ChannelHandler initializer);

    /**
     * Ordinary sockets, ten seconds for each to connect.
     *
     * @param sockets makes an unconnected TCP channel, for example {@code EpollSocketChannel::new}
     * @return a connector
     */
    static Connector of(ChannelFactory<? extends Channel> sockets) {
        return (loop, destination, initializer) -> {
            Bootstrap bootstrap = new Bootstrap().group(loop).channelFactory(sockets).option(ChannelOption.CONNECT_TIMEOUT_MILLIS, 10_000)
                    .handler(initializer);
            return destination.sourceAddress() == null
                    ? bootstrap.connect(destination.address())
                    : bootstrap.connect(destination.address(), new InetSocketAddress(destination.sourceAddress(), 0));
        };
    }
}
