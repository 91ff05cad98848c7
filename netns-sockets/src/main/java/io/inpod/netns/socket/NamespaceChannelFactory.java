package io.inpod.netns.socket;

import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.internal.Native;
import io.netty.channel.Channel;
import io.netty.channel.ChannelException;
import io.netty.channel.ChannelFactory;
import io.netty.channel.socket.ServerSocketChannel;
import io.netty.channel.socket.SocketProtocolFamily;
import io.netty.channel.unix.Errors.NativeIoException;
import java.io.IOException;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Constructs a channel, and with it its socket, inside a namespace, and sets the socket's options outside it. */
final class NamespaceChannelFactory<C extends Channel> implements ChannelFactory<C> {
    private final NetworkNamespace namespace;
    private final SocketOptions options;
    private final PreparedOptions prepared;
    private final String subject;
    private final Function<@Nullable SocketProtocolFamily, ? extends C> constructor;

    NamespaceChannelFactory(
            NetworkNamespace namespace, SocketOptions options, Function<@Nullable SocketProtocolFamily, ? extends C> constructor) {
        this.namespace = namespace;
        this.options = options;
        this.prepared = new PreparedOptions(options, options.family());
        this.subject = "a new socket in " + namespace;
        this.constructor = constructor;
    }

    @Override
    public C newChannel() {
        try {
            C channel = construct();
            try {
                prepared.apply(LinuxSocketOption.descriptor(channel), subject);
                if (channel instanceof ServerSocketChannel listener && options.backlog() > 0) {
                    listener.config().setBacklog(options.backlog());
                }
                return channel;
            } catch (IOException | RuntimeException e) {
                channel.unsafe().closeForcibly();
                throw e;
            }
        } catch (IOException e) {
            throw new ChannelException("no socket in " + namespace + ": " + e.getMessage(), e);
        }
    }

    private C construct() throws IOException {
        SocketProtocolFamily family = Transport.family(options.family());
        try {
            return namespace.call(() -> constructor.apply(family));
        } catch (ChannelException e) {
            if (e.getCause() instanceof NativeIoException refused) {
                throw Native.failure("socket", namespace, -refused.expectedErr());
            }
            throw e;
        }
    }

    @Override
    public String toString() {
        return "sockets in " + namespace;
    }
}
