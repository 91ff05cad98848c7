package io.inpod.hbone.client;

import io.netty.bootstrap.Bootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFactory;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.util.concurrent.Future;
import java.net.InetSocketAddress;

/** Opens the TCP connection to a peer. The caller implements it, so it can use another network namespace or special socket options. */
@FunctionalInterface
public interface Connector {
    /**
     * Starts connecting. Called on the event loop; must not block.
     *
     * @param loop the event loop with which the channel must be registered
     * @param destination the peer ({@link HboneDestination#address()}), and the local address
     * @param initializer the only handler of the channel's pipeline, to be added before the channel becomes active
     * @return completes when the channel is connected, or fails; its value is ignored. The future of {@code Bootstrap.connect} is suitable,
     *     and so is that of {@link HbonePool#open}, which creates a tunnel through another tunnel ("double HBONE")
     */
    Future<?> connect(EventLoop loop, HboneDestination destination, ChannelHandler initializer);

    /**
     * Returns a connector that opens ordinary sockets, with ten seconds to connect.
     *
     * @param sockets creates an unconnected TCP channel, for example {@code EpollSocketChannel::new}
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
