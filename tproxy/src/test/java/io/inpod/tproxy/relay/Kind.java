package io.inpod.tproxy.relay;

import io.inpod.netns.IpFamily;
import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.socket.SocketOptions;
import io.inpod.netns.tcp.TcpListener;
import io.inpod.netns.tcp.TcpSockets;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFactory;
import io.netty.channel.ServerChannel;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.epoll.EpollSocketChannel;
import java.io.IOException;
import java.io.UncheckedIOException;

/** Channels for sockets that are relayed. */
enum Kind {
    /** As {@link io.inpod.tproxy.listen.AcceptLoop} and {@link io.inpod.tproxy.upstream.UpstreamConnector} create them. */
    OURS {
        @Override
        ChannelFactory<ServerChannel> listeners() {
            return () -> {
                try {
                    return TcpListener.of(new EpollServerSocketChannel(), false);
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            };
        }

        @Override
        ChannelFactory<Channel> sockets() throws IOException {
            TcpSockets sockets = new TcpSockets(NetworkNamespace.current(), IpFamily.V4, SocketOptions.NONE);
            return sockets::newChannel;
        }
    },
    NETTYS {
        @Override
        ChannelFactory<ServerChannel> listeners() {
            return EpollServerSocketChannel::new;
        }

        @Override
        ChannelFactory<Channel> sockets() {
            return EpollSocketChannel::new;
        }
    };

    abstract ChannelFactory<ServerChannel> listeners();

    abstract ChannelFactory<Channel> sockets() throws IOException;
}
