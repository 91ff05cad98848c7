package io.inpod.netns.socket;

import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.OwnedFd;
import io.inpod.netns.error.SystemCallException;
import io.inpod.netns.internal.InetSockaddr;
import io.inpod.netns.internal.Constants;
import io.inpod.netns.internal.Native;
import io.inpod.netns.internal.Poll;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.StandardProtocolFamily;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * A UDP socket in a network namespace, see udp(7). Unlike the JDK's sockets and (for IPv6) Netty's, it reports the address that a datagram
 * was sent to: {@link LinuxSocketOptions#RECEIVE_DESTINATION}.
 *
 * <p>Only {@link #receive} blocks. One thread may receive while others send; closing the socket ends all waiting calls.
 */
public final class UdpSocket implements AutoCloseable {
    private final OwnedFd fd;
    private final int family;
    private final NetworkNamespace namespace;
    private final DatagramHeader header = new DatagramHeader();

    private UdpSocket(OwnedFd fd, int family, NetworkNamespace namespace) {
        this.fd = fd;
        this.family = family;
        this.namespace = namespace;
    }

    /**
     * Describes a received datagram.
     *
     * @param bytes its length, 0 to 65527
     * @param truncated whether it was longer than the buffer; the rest is lost
     * @param sender the address that it was sent from; an IPv4-mapped address is converted to IPv4
     * @param destination the address that it was sent to, converted likewise; null without {@link LinuxSocketOptions#RECEIVE_DESTINATION}
     */
    public record Arrival(int bytes, boolean truncated, InetSocketAddress sender, @Nullable InetSocketAddress destination) {}

    /**
     * Creates a socket that is neither bound nor connected.
     *
     * @param namespace the namespace of the socket
     * @param options its options; without a family it is an IPv6 socket that also serves IPv4
     * @return the socket, to be closed by the caller
     * @throws SystemCallException naming an option that the kernel refuses
     * @throws IOException if the namespace is closed or can't be entered, or the process has too many files open
     */
    public static UdpSocket open(NetworkNamespace namespace, SocketOptions options) throws IOException {
        int family = options.family() == StandardProtocolFamily.INET ? Constants.AF_INET : Constants.AF_INET6;
        int type = Constants.SOCK_DGRAM | Constants.SOCK_CLOEXEC;
        int number = namespace.call(() -> Native.LIBC.socket(family, type, 0));
        OwnedFd fd = OwnedFd.adopt(Native.check(number, "socket", namespace), "UDP socket in " + namespace);
        try {
            options.apply(fd);
            return new UdpSocket(fd, family, namespace);
        } catch (IOException | RuntimeException e) {
            fd.close();
            throw e;
        }
    }

    private interface AddressCall {
        int on(int fd, ByteBuffer address, int length);
    }

    private void call(String operation, InetSocketAddress address, AddressCall call) throws IOException {
        if (address.isUnresolved()) {
            throw new IllegalArgumentException(address + " isn't resolved");
        }
        ByteBuffer sockaddr = Native.buffer(InetSockaddr.BYTES);
        int length = InetSockaddr.write(sockaddr, 0, address, family);
        int number = fd.acquire();
        try {
            Native.check(call.on(number, sockaddr, length), operation, address + " in " + namespace);
        } finally {
            fd.release();
        }
    }

    /**
     * Binds the socket.
     *
     * @param address the local address; port 0 for any port. Other hosts' addresses need {@link LinuxSocketOptions#TRANSPARENT}
     * @throws java.net.BindException if the address is in use or isn't this host's
     * @throws IOException if the socket is closed
     */
    public void bind(InetSocketAddress address) throws IOException {
        call("bind", address, Native.LIBC::bind);
    }

    /**
     * Connects the socket, so that it sends to this address and receives from no other. It may be connected already.
     *
     * @param address the peer
     * @throws IOException if it can't be reached from here or the socket is closed
     */
    public void connect(InetSocketAddress address) throws IOException {
        call("connect", address, Native.LIBC::connect);
    }

    /**
     * Returns the address that the socket is bound to.
     *
     * @return the address; its port is 0 if the socket isn't bound yet
     * @throws IOException if the socket is closed
     */
    public InetSocketAddress localAddress() throws IOException {
        ByteBuffer sockaddr = Native.buffer(InetSockaddr.BYTES);
        int number = fd.acquire();
        try {
            Native.check(Native.LIBC.getsockname(number, sockaddr, Native.buffer(4).putInt(0, InetSockaddr.BYTES)), "getsockname", this);
        } finally {
            fd.release();
        }
        return InetSockaddr.read(sockaddr, 0);
    }

    /**
     * Sends a datagram to the connected peer, without waiting for space in the send buffer.
     *
     * @param data the bytes from position to limit, which don't change; a buffer that isn't direct is copied
     * @throws java.net.PortUnreachableException if the peer has refused an earlier datagram; this one isn't sent
     * @throws IOException if the send buffer is full (EAGAIN), the datagram is too large (EMSGSIZE), or the socket is closed or not
     *     connected
     */
    public void send(ByteBuffer data) throws IOException {
        ByteBuffer direct = data.isDirect() ? data : Native.buffer(data.remaining()).put(data.duplicate()).flip();
        int number = fd.acquire();
        try {
            Native.check((int) Native.LIBC.send(number, direct, direct.remaining(), Constants.MSG_NOSIGNAL | Constants.MSG_DONTWAIT),
                    "send", this);
        } finally {
            fd.release();
        }
    }

    /**
     * Waits for a datagram.
     *
     * @param data a direct buffer; filled from its position to its limit; its position doesn't change
     * @param timeout how long to wait; zero waits indefinitely
     * @return a description of the datagram
     * @throws java.net.SocketTimeoutException if none arrived in time
     * @throws java.net.PortUnreachableException if the connected peer has refused an earlier datagram
     * @throws IOException if the socket was closed
     */
    public Arrival receive(ByteBuffer data, Duration timeout) throws IOException {
        for (;;) {
            int number = fd.acquire();
            try {
                Poll.readable(number, timeout, this);
            } finally {
                fd.release();
            }
            Arrival arrival = poll(data);
            if (arrival != null) {
                return arrival;
            }
        }
    }

    /**
     * Receives a datagram if one has arrived.
     *
     * @param data a buffer as for {@link #receive}
     * @return a description of the datagram; null if none has arrived
     * @throws java.net.PortUnreachableException if the connected peer has refused an earlier datagram
     * @throws IOException if the socket was closed
     */
    public @Nullable Arrival poll(ByteBuffer data) throws IOException {
        int number = fd.acquire();
        try {
            int received = header.receive(number, data);
            fd.requireOpen();
            if (received < 0 && (Native.errno() == Constants.EAGAIN || Native.errno() == Constants.EINTR)) {
                return null;
            }
            Native.check(received, "recvmsg", this);
            return new Arrival(received, header.truncated(), header.sender(), header.destination());
        } finally {
            fd.release();
        }
    }

    /** {@return the descriptor, still owned by this value} */
    public OwnedFd fd() {
        return fd;
    }

    /** Closes the socket and ends all waiting calls. Closing twice does nothing. */
    @Override
    public void close() {
        try {
            int number = fd.acquire();
            fd.close();
            Native.LIBC.shutdown(number, Constants.SHUT_RDWR); // wakes a thread that waits in poll, unconnected or not
            fd.release();
        } catch (ClosedChannelException e) {
            // closed before
        }
    }

    @Override
    public String toString() {
        return fd.toString();
    }
}
