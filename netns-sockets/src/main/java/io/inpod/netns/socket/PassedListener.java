package io.inpod.netns.socket;

import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.OwnedFd;
import io.inpod.netns.internal.Constants;
import io.inpod.netns.internal.Native;
import io.netty.channel.Channel;
import io.netty.channel.epoll.EpollDatagramChannel;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.util.NetUtil;
import java.io.IOException;
import java.net.InetSocketAddress;

/**
 * A listening TCP socket, or a bound UDP socket, that one process passes to another, see SCM_RIGHTS in unix(7). Both then take from the
 * same queue, so either may close its descriptor at any time: no client is refused or reset, and no datagram is lost. Unlike with
 * SO_REUSEPORT, no other process can join.
 */
public final class PassedListener {
    private static final int TCP = 6;
    private static final int UDP = 17;
    private static final LinuxSocketOption<Integer> ACCEPTS = LinuxSocketOption.integer("SO_ACCEPTCONN", 1, 30);
    private static final LinuxSocketOption<Integer> PROTOCOL = LinuxSocketOption.integer("SO_PROTOCOL", 1, 38);

    private PassedListener() {}

    /**
     * Duplicates the descriptor of a socket, to be sent to another process. To be called where the channel can't be closed meanwhile,
     * such as on its event loop.
     *
     * @param listener a channel on epoll
     * @return a descriptor of the same socket, to be closed by the caller
     * @throws IOException if the channel is closed or the process has too many files open
     */
    public static OwnedFd duplicate(Channel listener) throws IOException {
        return OwnedFd.adopt(duplicate(LinuxSocketOption.descriptor(listener), listener));
    }

    /**
     * Duplicates the descriptor of a socket, as {@link #duplicate} does.
     *
     * @param listener a channel on epoll
     * @return a descriptor of the same socket, which nobody owns yet
     * @throws IOException see {@link #duplicate}
     */
    public static int duplicateNumber(Channel listener) throws IOException {
        return duplicate(LinuxSocketOption.descriptor(listener), listener);
    }

    private static int duplicate(int fd, Object subject) throws IOException {
        return Native.check(Native.LIBC.fcntl(fd, Constants.F_DUPFD_CLOEXEC, 0), "fcntl(F_DUPFD_CLOEXEC)", subject);
    }

    /**
     * Creates a channel from a UDP socket that another process has passed, after checking that it is one.
     *
     * @param namespace the namespace in which the socket must have been created
     * @param address the address and port to which it must be bound
     * @param passed the descriptor; remains the caller's
     * @return a channel that hasn't been registered; it receives as soon as it is
     * @throws IOException if the descriptor is anything else
     */
    public static EpollDatagramChannel adoptDatagram(NetworkNamespace namespace, InetSocketAddress address, OwnedFd passed)
            throws IOException {
        if (PROTOCOL.get(passed) != UDP) {
            throw new IOException(passed + " is not a UDP socket");
        }
        if (!namespace.containsSocket(passed)) {
            throw new IOException(passed + " is not a socket of " + namespace);
        }
        int fd = passed.acquire();
        EpollDatagramChannel channel;
        try {
            channel = new EpollDatagramChannel(duplicate(fd, passed));
        } finally {
            passed.release();
        }
        if (!address.equals(channel.localAddress())) {
            String bound = NetUtil.toSocketAddressString(channel.localAddress());
            channel.unsafe().closeForcibly();
            throw new IOException(passed + " is bound to " + bound + ", not to " + NetUtil.toSocketAddressString(address));
        }
        return channel;
    }

    /**
     * Creates a channel from a listener that another process has passed, after checking that it is one. Sets the options, which the other
     * process's descriptor shares.
     *
     * @param namespace the namespace in which the socket must have been created
     * @param address the address and port on which it must listen
     * @param options its options
     * @param passed the descriptor; remains the caller's
     * @return a channel that hasn't been registered; it accepts as soon as it is
     * @throws IOException if the descriptor is anything else, or an option is refused
     */
    public static EpollServerSocketChannel adopt(NetworkNamespace namespace, InetSocketAddress address, SocketOptions options,
            OwnedFd passed)
            throws IOException {
        if (PROTOCOL.get(passed) != TCP || ACCEPTS.get(passed) != 1) {
            throw new IOException(passed + " is not a listening TCP socket");
        }
        if (!namespace.containsSocket(passed)) {
            throw new IOException(passed + " is not a socket of " + namespace);
        }
        int fd = passed.acquire();
        EpollServerSocketChannel channel;
        try {
            channel = new EpollServerSocketChannel(duplicate(fd, passed));
        } finally {
            passed.release();
        }
        try {
            boolean anyFamily = options.family() == null && address.getAddress().isAnyLocalAddress()
                    && channel.localAddress().getAddress().isAnyLocalAddress() && address.getPort() == channel.localAddress().getPort();
            if (!anyFamily && !address.equals(channel.localAddress())) {
                throw new IOException(passed + " listens on " + NetUtil.toSocketAddressString(channel.localAddress()) + ", not on "
                        + NetUtil.toSocketAddressString(address));
            }
            new PreparedOptions(options, options.family()).apply(LinuxSocketOption.descriptor(channel), channel);
            return channel;
        } catch (IOException | RuntimeException e) {
            channel.unsafe().closeForcibly();
            throw e;
        }
    }
}
