package io.inpod.netns.socket;

import io.netty.channel.ChannelException;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.socket.DatagramChannel;
import io.netty.channel.socket.ServerSocketChannel;
import io.netty.channel.socket.SocketChannel;
import io.netty.channel.socket.SocketProtocolFamily;
import org.jspecify.annotations.Nullable;

/**
 * The constructors of one transport's channels. They create the socket on the calling thread and do nothing else; a null family means the
 * system's default. An implementation creates one channel of each kind before it becomes reachable, so that no class is loaded inside a
 * foreign namespace.
 */
interface TransportChannels {
    IoHandlerFactory handlers();

    ServerSocketChannel server(@Nullable SocketProtocolFamily family);

    SocketChannel client(@Nullable SocketProtocolFamily family);

    DatagramChannel datagram(@Nullable SocketProtocolFamily family);

    /** Creates and closes one channel of each kind. */
    default void warmUp() {
        try {
            server(null).unsafe().closeForcibly();
            client(null).unsafe().closeForcibly();
            datagram(null).unsafe().closeForcibly();
        } catch (ChannelException e) {
            // Too many files open: the classes are loaded nevertheless, and the next call reports it.
        }
    }
}
