package io.inpod.netns.internal;

import io.inpod.netns.internal.SocketStructs.SockaddrIn;
import io.inpod.netns.internal.SocketStructs.SockaddrIn6;
import java.net.Inet4Address;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;

/** Reads and writes struct sockaddr_in and sockaddr_in6. Ports are in network byte order. */
public final class InetSockaddr {
    /** Enough bytes for either. */
    public static final int BYTES = SockaddrIn6.STRUCT.size();

    private static final int MAPPED_MARK = 10;

    private InetSockaddr() {}

    /**
     * Writes an address for a socket of a family, and returns its length in bytes. For an IPv6 socket, an IPv4 address is written as
     * mapped.
     */
    public static int write(ByteBuffer buffer, int at, InetSocketAddress address, int family) {
        byte[] ip = address.getAddress().getAddress();
        buffer.put(at + SockaddrIn.PORT.offset(), (byte) (address.getPort() >> 8)).put(at + SockaddrIn.PORT.offset() + 1,
                (byte) address.getPort());
        if (family == Constants.AF_INET) {
            if (!(address.getAddress() instanceof Inet4Address)) {
                throw new IllegalArgumentException(address + " isn't an IPv4 address, as the socket is");
            }
            SockaddrIn.FAMILY.put(buffer, at, Constants.AF_INET);
            buffer.put(at + SockaddrIn.ADDRESS.offset(), ip);
            return SockaddrIn.STRUCT.size();
        }
        SockaddrIn6.FAMILY.put(buffer, at, Constants.AF_INET6);
        SockaddrIn6.FLOW.put(buffer, at, 0);
        SockaddrIn6.SCOPE.put(buffer, at, address.getAddress() instanceof Inet6Address six ? six.getScopeId() : 0);
        int place = at + SockaddrIn6.ADDRESS.offset();
        if (ip.length == 4) {
            boolean any = address.getAddress().isAnyLocalAddress(); // then the wildcard of both families, not ::ffff:0.0.0.0
            byte[] mapped = new byte[SockaddrIn6.ADDRESS.size()];
            if (!any) {
                mapped[MAPPED_MARK] = -1;
                mapped[MAPPED_MARK + 1] = -1;
                System.arraycopy(ip, 0, mapped, MAPPED_MARK + 2, 4);
            }
            ip = mapped;
        }
        buffer.put(place, ip);
        return SockaddrIn6.STRUCT.size();
    }

    /** Reads an address. An IPv4-mapped one is returned as the IPv4 address. */
    public static InetSocketAddress read(ByteBuffer buffer, int at) {
        boolean v4 = SockaddrIn.FAMILY.get(buffer, at) == Constants.AF_INET;
        byte[] ip = new byte[v4 ? SockaddrIn.ADDRESS.size() : SockaddrIn6.ADDRESS.size()];
        buffer.get(at + (v4 ? SockaddrIn.ADDRESS.offset() : SockaddrIn6.ADDRESS.offset()), ip);
        int port = (buffer.get(at + SockaddrIn.PORT.offset()) & 0xff) << 8 | buffer.get(at + SockaddrIn.PORT.offset() + 1) & 0xff;
        int scope = v4 ? 0 : SockaddrIn6.SCOPE.get(buffer, at);
        try {
            InetAddress address = scope == 0 ? InetAddress.getByAddress(ip) : Inet6Address.getByAddress(null, ip, scope);
            return new InetSocketAddress(address, port);
        } catch (UnknownHostException e) {
            throw new IllegalStateException(e); // only for a wrong length
        }
    }
}
