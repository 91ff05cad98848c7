package io.inpod.netns.socket;

import io.netty.channel.ChannelException;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.socket.DatagramChannel;
import io.netty.channel.socket.ServerSocketChannel;
import io.netty.channel.socket.SocketChannel;
import io.netty.channel.socket.SocketProtocolFamily;
import org.jspecify.annotations.Nullable;

/**
 * The constructors of one transport's channels, which make the socket on the calling thread and nothing else; a null family is
 * what the system has. An implementation has made one of each before it can be reached, so that no class is loaded inside a
 * foreign namespace.
 */
interface TransportChannels {
    IoHandlerFactory handlers();

    ServerSocketChannel server(@Nullable SocketProtocolFamily family);

    SocketChannel client(@Nullable SocketProtocolFamily family);

    DatagramChannel datagram(@Nullable SocketProtocolFamily family);

    /** Makes and drops one of each. */
    default void warmUp() {
        try {
            server(null).unsafe().closeForcibly();
            client(null).unsafe().closeForcibly();
            datagram(null).unsafe().closeForcibly();
        } catch (ChannelException e) {
            // Too many files open: the classes are loaded all the same, and the next call says it.
        }
    }
}
