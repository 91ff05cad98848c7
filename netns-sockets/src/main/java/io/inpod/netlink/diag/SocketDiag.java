package io.inpod.netlink.diag;

import io.inpod.netlink.NetlinkException;
import io.inpod.netlink.NetlinkMessage;
import io.inpod.netlink.NetlinkRequest;
import io.inpod.netlink.NetlinkSocket;
import io.inpod.netns.IpFamily;
import io.inpod.netns.NetworkNamespace;
import java.io.IOException;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The sockets of one namespace, whichever process they belong to, see sock_diag(7) and ss(8). Thread-safe; every call blocks until the
 * kernel has answered. {@link io.inpod.netns.SocketHolders} finds the processes of a socket by its inode.
 *
 * <p>A list isn't a snapshot: a socket that is opened or closed while the kernel writes it may be listed or not, and in rare cases another
 * one be missed or listed twice, as in {@code ss}.
 */
public final class SocketDiag implements AutoCloseable {
    private static final int ENOENT = 2;
    private static final int EOPNOTSUPP = 95;

    private final NetlinkSocket socket;
    private final @Nullable NetworkNamespace namespace;

    private SocketDiag(NetlinkSocket socket, @Nullable NetworkNamespace namespace) {
        this.socket = socket;
        this.namespace = namespace;
    }

    /**
     * Opens the sockets of a namespace. Listing needs no privilege there, destroying needs CAP_NET_ADMIN.
     *
     * @param namespace the namespace; may be closed afterwards
     * @return its sockets, to be closed by the caller
     * @throws IOException if the namespace can't be entered
     */
    public static SocketDiag open(NetworkNamespace namespace) throws IOException {
        NetworkNamespace held = namespace.duplicate();
        try {
            return new SocketDiag(NetlinkSocket.open(held, NetlinkSocket.SOCK_DIAG), held);
        } catch (IOException | RuntimeException e) {
            held.close();
            throw e;
        }
    }

    /**
     * Uses a netlink socket of the caller's, such as one of the namespace that the thread is in. With it, the rest of a list of which only
     * the first sockets are wanted is read before the next call.
     *
     * @param socket a socket of {@link NetlinkSocket#SOCK_DIAG}, which {@link #close} closes
     * @return the sockets of its namespace, to be closed by the caller
     */
    public static SocketDiag over(NetlinkSocket socket) {
        return new SocketDiag(socket, null);
    }

    /**
     * Lists sockets of TCP or UDP.
     *
     * @param query which ones
     * @return the sockets, those of IPv4 first, otherwise in the kernel's order
     * @throws NetlinkException if the kernel refuses: it can't list sockets of this protocol, or knows a condition of the filter only in a
     *     later version (EINVAL)
     * @throws IOException if the socket is closed or the kernel doesn't answer
     */
    public List<InetSocket> list(SocketQuery query) throws IOException {
        List<InetSocket> found = new ArrayList<>();
        for (IpFamily family : IpFamily.values()) {
            if (query.families().contains(family)) {
                for (NetlinkMessage message : dump(InetMessages.list(query, family), query.most(), query.protocol().toString())) {
                    InetSocket parsed = InetMessages.parse(query.protocol(), message);
                    if (parsed != null) {
                        found.add(parsed);
                    }
                }
            }
        }
        return List.copyOf(found);
    }

    /**
     * Lists all unix sockets. They belong to a network namespace too: that in which they were created.
     *
     * @return the sockets, in the kernel's order
     * @throws IOException as for {@link #list}
     */
    public List<UnixSocket> unix() throws IOException {
        return unix(EnumSet.allOf(SocketState.class), Integer.MAX_VALUE);
    }

    /**
     * Lists unix sockets.
     *
     * @param states their states, at least one
     * @param most how many are listed at most, at least 1
     * @return the sockets, in the kernel's order
     * @throws IOException as for {@link #list}
     * @throws IllegalArgumentException naming the argument that is out of range
     */
    public List<UnixSocket> unix(Set<SocketState> states, int most) throws IOException {
        if (states.isEmpty() || most < 1) {
            throw new IllegalArgumentException("states " + states + " must not be empty, and most " + most + " must be at least 1");
        }
        List<UnixSocket> found = new ArrayList<>();
        for (NetlinkMessage message : dump(UnixMessages.list(states), most, "UNIX")) {
            UnixSocket parsed = UnixMessages.parse(message);
            if (parsed != null) {
                found.add(parsed);
            }
        }
        return List.copyOf(found);
    }

    private List<NetlinkMessage> dump(NetlinkRequest request, int most, String kind) throws IOException {
        try {
            return most == Integer.MAX_VALUE ? socket.dump(request) : first(request, most);
        } catch (NetlinkException e) {
            throw e.errno() != ENOENT ? e
                    : explained(e, "list sockets", kind + " sockets",
                            "this kernel can't list them: it needs CONFIG_" + (kind.equals("UNIX") ? "" : "INET_") + kind + "_DIAG");
        }
    }

    private List<NetlinkMessage> first(NetlinkRequest request, int most) throws IOException {
        if (namespace == null) {
            return socket.beginningOfDump(request, most);
        }
        // closing the socket ends a list that isn't read to its end
        try (NetlinkSocket own = NetlinkSocket.open(namespace, NetlinkSocket.SOCK_DIAG)) {
            return own.beginningOfDump(request, most);
        }
    }

    /**
     * Ends a connection or a listener as {@code ss --kill} does: its process gets ECONNABORTED, and the peer of TCP a reset. Ends exactly
     * the socket that was listed, never another one that has its addresses meanwhile.
     *
     * @param listed the socket, from {@link #list}
     * @return whether it was ended; false if there is no such socket any more, or if the kernel finds another one by its addresses, as it
     *     may where several listeners share a port (SO_REUSEPORT)
     * @throws NetlinkException if the kernel refuses: this process lacks CAP_NET_ADMIN, or the kernel has no CONFIG_INET_DIAG_DESTROY
     * @throws IOException if the socket is closed or the kernel doesn't answer
     */
    public boolean destroy(InetSocket listed) throws IOException {
        try {
            socket.execute(InetMessages.destroy(listed));
            return true;
        } catch (NetlinkException e) {
            if (e.errno() == EOPNOTSUPP) {
                throw explained(e, "destroy socket", listed.toString(),
                        "this kernel can't end sockets: it needs CONFIG_INET_DIAG_DESTROY");
            }
            if (e.errno() == ENOENT) {
                return false;
            }
            throw e;
        }
    }

    /**
     * Lists sockets and ends them, see {@link #destroy(InetSocket)}.
     *
     * @param query which ones
     * @return those that were ended
     * @throws IOException as for {@link #list} and {@link #destroy(InetSocket)}; those before have been ended
     */
    public List<InetSocket> destroy(SocketQuery query) throws IOException {
        List<InetSocket> ended = new ArrayList<>();
        for (InetSocket listed : list(query)) {
            if (destroy(listed)) {
                ended.add(listed);
            }
        }
        return List.copyOf(ended);
    }

    private static NetlinkException explained(NetlinkException refusal, String operation, String subject, String explanation) {
        NetlinkException explained = new NetlinkException(operation, subject, refusal.errno(), refusal.symbol(), explanation);
        explained.initCause(refusal);
        return explained;
    }

    /** Closes the netlink socket and ends all waiting calls. Closing twice does nothing. */
    @Override
    public void close() {
        socket.close();
        if (namespace != null) {
            namespace.close();
        }
    }
}
