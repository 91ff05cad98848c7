package io.inpod.netns.socket;

import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.OwnedFd;
import io.inpod.netns.internal.Constants;
import io.inpod.netns.internal.Native;
import io.inpod.netns.internal.Poll;
import io.inpod.netns.internal.SocketStructs.SockaddrLl;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;

/**
 * Receives every frame that passes a network interface, in both directions, see packet(7). Needs CAP_NET_RAW. Blocking; for one thread at a
 * time.
 */
public final class PacketSocket implements AutoCloseable {
    private static final int ETH_P_ALL_NETWORK_ORDER = 0x0300;
    private static final int BUFFER_BYTES = 4 * 1024 * 1024;

    private final OwnedFd fd;
    private final String subject;

    private PacketSocket(OwnedFd fd, String subject) {
        this.fd = fd;
        this.subject = subject;
    }

    /**
     * Starts to watch an interface.
     *
     * @param namespace the namespace of the interface
     * @param interfaceIndex its index there, or 0 for all interfaces
     * @return the socket, to be closed by the caller
     * @throws IOException if there is no such interface or CAP_NET_RAW is missing
     */
    public static PacketSocket open(NetworkNamespace namespace, int interfaceIndex) throws IOException {
        String subject = "interface " + interfaceIndex + " of " + namespace;
        int type = Constants.SOCK_RAW | Constants.SOCK_CLOEXEC;
        // with protocol 0 it receives nothing until it is bound, and so no frame of another interface
        int socket = namespace.call(() -> Native.LIBC.socket(Constants.AF_PACKET, type, 0));
        OwnedFd fd = OwnedFd.adopt(Native.check(socket, "socket(AF_PACKET)", subject), "packet socket on " + subject);
        try {
            Native.LIBC.setsockopt(socket, Constants.SOL_SOCKET, Constants.SO_RCVBUF, Native.buffer(4).putInt(0, BUFFER_BYTES), 4);
            ByteBuffer address = Native.buffer(SockaddrLl.STRUCT.size());
            SockaddrLl.FAMILY.put(address, 0, Constants.AF_PACKET);
            SockaddrLl.PROTOCOL.put(address, 0, ETH_P_ALL_NETWORK_ORDER);
            SockaddrLl.INDEX.put(address, 0, interfaceIndex);
            Native.check(Native.LIBC.bind(socket, address, SockaddrLl.STRUCT.size()), "bind(AF_PACKET)", subject);
            return new PacketSocket(fd, subject);
        } catch (IOException e) {
            fd.close();
            throw e;
        }
    }

    /**
     * Waits for a frame.
     *
     * @param frame a direct buffer; filled from its position on, and flipped; a longer frame is truncated
     * @param timeout how long to wait; zero waits indefinitely
     * @throws java.net.SocketTimeoutException if none arrived in time
     * @throws IOException if the interface is gone or this socket has been closed
     */
    public void receive(ByteBuffer frame, Duration timeout) throws IOException {
        int number = fd.acquire();
        try {
            Poll.readable(number, timeout, subject);
            long length = Native.LIBC.recv(number, frame, frame.remaining(), 0);
            fd.requireOpen();
            frame.position(frame.position() + Native.check((int) length, "recv(AF_PACKET)", subject)).flip();
        } finally {
            fd.release();
        }
    }

    /** Stops watching. Closing twice does nothing; a waiting {@link #receive} ends with the next frame or its timeout. */
    @Override
    public void close() {
        fd.close();
    }
}
