package io.inpod.netns.tcp;

import io.inpod.netns.socket.LinuxSocketOptions;
import io.inpod.netns.socket.NamespaceCookies;
import io.inpod.netns.socket.PassedListener;
import io.netty.channel.Channel;
import io.netty.channel.epoll.AbstractEpollServerChannel;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.socket.ServerSocketChannel;
import io.netty.channel.unix.FileDescriptor;
import io.netty.channel.unix.NativeInetAddress;
import io.netty.channel.unix.Socket;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;

/**
 * A listener whose connections are {@link TcpChannel}s. They inherit its options, with TCP_NODELAY, and those that it has when it is
 * created are known of them without a question. With {@code SO_LINGER} 0 among these, each is reset if the process dies, from its first
 * moment on.
 */
public final class TcpListener extends AbstractEpollServerChannel implements ServerSocketChannel {
    private final TcpListenerConfig config;
    private final long namespaceCookie;
    private final int linger;
    /** Those that had come before have the options that it had then. */
    private final boolean passed;

    private TcpListener(int fd, boolean listens, int backlog, int linger) throws IOException {
        super(fd);
        active = listens;
        this.config = new TcpListenerConfig(this, backlog);
        this.namespaceCookie = new NamespaceCookies().of(fd());
        this.linger = linger;
        this.passed = listens;
        TcpCalls.linger(fd(), linger);
        LinuxSocketOptions.NO_DELAY.set(this, true);
    }

    /**
     * Takes a listener over.
     *
     * @param made a listener that isn't registered with an event loop, bound or not; closed afterwards
     * @param resetAtDeath whether connections are reset when they are closed, in whatever way, until their SO_LINGER is set to -1
     * @return the same socket as another channel
     * @throws IOException if the process has too many files open, or the kernel refuses an option
     */
    public static TcpListener of(EpollServerSocketChannel made, boolean resetAtDeath) throws IOException {
        try {
            return of(PassedListener.duplicateNumber(made), made, resetAtDeath);
        } finally {
            made.unsafe().closeForcibly();
        }
    }

    private static TcpListener of(int fd, EpollServerSocketChannel made, boolean resetAtDeath) throws IOException {
        try {
            return new TcpListener(fd, made.isActive(), made.config().getBacklog(), resetAtDeath ? 0 : -1);
        } catch (IOException | RuntimeException e) {
            new FileDescriptor(fd).close();
            throw e;
        }
    }

    @Override
    public TcpListenerConfig config() {
        return config;
    }

    @Override
    public InetSocketAddress localAddress() {
        return (InetSocketAddress) super.localAddress();
    }

    @Override
    public InetSocketAddress remoteAddress() {
        return (InetSocketAddress) super.remoteAddress();
    }

    @Override
    protected void doBind(SocketAddress address) throws Exception {
        super.doBind(address);
        ((Socket) fd()).listen(config.getBacklog());
        active = true; // and so it begins to accept
    }

    /** One that was bound before has to be asked. */
    @Override
    protected SocketAddress localAddress0() {
        SocketAddress bound = super.localAddress0();
        return bound == null && isActive() && fd().isOpen() ? ((Socket) fd()).localAddress() : bound;
    }

    @Override
    protected Channel newChildChannel(int fd, byte[] remote, int offset, int length) {
        return new TcpChannel(this, fd, NativeInetAddress.address(remote, offset, length), namespaceCookie,
                passed ? TcpConfig.UNKNOWN : linger, !passed);
    }
}
