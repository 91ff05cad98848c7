package io.inpod.netns.bpf;

import io.inpod.netns.OwnedFd;
import io.inpod.netns.internal.Native;
import io.netty.channel.socket.SocketChannel;
import io.netty.channel.unix.UnixChannel;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * Takes the network out of TCP connections whose two ends both belong to this process: what one end sends is put into the receive queue of
 * the other, also across network namespaces, without segments, acknowledgements, rules and devices in between. Connections begin and end as
 * before, in the network: its rules have let them through, and resets and ends arrive.
 *
 * <p>Nothing bounds how much waits to be received, so a protocol with flow control of its own is needed above it, such as HTTP/2. What is
 * sent this way is seen by no packet capture, and counted by no rule.
 *
 * <p>It is a hash map of sockets with a program that runs at each send, see the kernel's Documentation/bpf/map_sockmap.rst. Needs
 * CAP_BPF and CAP_NET_ADMIN, or CAP_SYS_ADMIN, in the initial user namespace. Thread-safe.
 */
public final class SockMap implements AutoCloseable {
    private static final String WHAT = "a sockmap";
    private static final int SOCKHASH = 18;
    private static final int SK_MSG = 16;
    private static final int SK_MSG_VERDICT = 7;
    private static final int MSG_REDIRECT_HASH = 71;
    private static final int INGRESS = 1;
    private static final int AF_INET = 2;

    /** Four words of the local address, in IPv6's form, four of the remote one, the local and the remote port. */
    private static final int KEY_LENGTH = 40;
    private static final byte[] MAPPED = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, (byte) 0xff, (byte) 0xff};

    // struct sk_msg_md
    private static final int FAMILY = 16;
    private static final int REMOTE_IP4 = 20;
    private static final int LOCAL_IP4 = 24;
    private static final int REMOTE_IP6 = 28;
    private static final int LOCAL_IP6 = 44;
    private static final int REMOTE_PORT = 60;
    private static final int LOCAL_PORT = 64;

    private final OwnedFd map;
    private final OwnedFd program;

    private SockMap(OwnedFd map, OwnedFd program) {
        this.map = map;
        this.program = program;
    }

    /**
     * Creates an empty map.
     *
     * @param connections how many connections it can have, at least 1
     * @return the map
     * @throws IOException if the kernel, its build or a missing privilege forbids it
     */
    public static SockMap open(int connections) throws IOException {
        OwnedFd map = Bpf.map(SOCKHASH, KEY_LENGTH, Integer.BYTES, Math.multiplyExact(connections, 2), WHAT);
        try {
            int fd = map.acquire();
            OwnedFd program = Bpf.program(SK_MSG, SK_MSG_VERDICT, toPeer(fd), WHAT);
            try {
                int code = program.acquire();
                Bpf.attach(fd, code, SK_MSG_VERDICT, WHAT);
                program.release();
            } catch (IOException | RuntimeException | Error e) {
                program.close();
                throw e;
            }
            map.release();
            return new SockMap(map, program);
        } catch (IOException | RuntimeException | Error e) {
            map.close();
            throw e;
        }
    }

    /** Hands what is sent to the socket whose local end is the sender's remote one, and the other way round. */
    private static Instructions toPeer(int map) {
        int context = 6;
        int key = 10; // the end of the stack
        int from = -KEY_LENGTH;
        Instructions v4 = new Instructions().set(3, 0).store(key, from, 3).store(key, from + 4, 3).store(key, from + 16, 3)
                .store(key, from + 20, 3)
                .setUnsigned(3, ByteBuffer.allocate(4).order(ByteOrder.nativeOrder()).put(MAPPED, 8, 4).getInt(0))
                .store(key, from + 8, 3).store(key, from + 24, 3)
                .load(3, context, REMOTE_IP4).store(key, from + 12, 3).load(3, context, LOCAL_IP4).store(key, from + 28, 3);
        Instructions program = new Instructions().copy(context, 1).load(2, context, FAMILY);
        program.skipIfEqual(2, AF_INET, 17); // 16 and the jump
        for (int i = 0; i < 16; i += 4) {
            program.load(3, context, REMOTE_IP6 + i).store(key, from + i, 3);
            program.load(3, context, LOCAL_IP6 + i).store(key, from + 16 + i, 3);
        }
        program.skip(v4.count()).append(v4);
        return program.load(3, context, REMOTE_PORT).fromNetwork(3).store(key, from + 32, 3)
                .load(3, context, LOCAL_PORT).store(key, from + 36, 3)
                .copy(1, context).map(2, map).copy(3, key).plus(3, from).set(4, INGRESS).call(MSG_REDIRECT_HASH).end();
    }

    /**
     * Takes the network out of a connection, until it ends. Nothing that one end has sent may still be unread when the other end reads what
     * it sends after this; the caller's protocol must ensure that. With TLS, it is so as long as the server hasn't read anything.
     *
     * @param client one end, an established connection
     * @param server the other end
     * @return whether it was done; otherwise the connection goes on through the network, for instance because the map is full
     */
    public boolean join(SocketChannel client, SocketChannel server) {
        ByteBuffer one = key(server.remoteAddress(), server.localAddress());
        ByteBuffer other = key(server.localAddress(), server.remoteAddress());
        try {
            int fd = map.acquire();
            try {
                if (!Bpf.update(fd, one, fd(client), Bpf.NO_EXIST)) {
                    return false;
                }
                if (Bpf.update(fd, other, fd(server), Bpf.NO_EXIST)) {
                    return true;
                }
                Bpf.delete(fd, one);
                return false;
            } finally {
                map.release();
            }
        } catch (IOException e) {
            return false; // closed
        }
    }

    private static ByteBuffer fd(SocketChannel channel) {
        return Native.buffer(Integer.BYTES).putInt(0, ((UnixChannel) channel).fd().intValue());
    }

    private static ByteBuffer key(InetSocketAddress local, InetSocketAddress remote) {
        ByteBuffer key = Native.buffer(KEY_LENGTH);
        put(key, local.getAddress());
        put(key, remote.getAddress());
        return key.putInt(local.getPort()).putInt(remote.getPort()).rewind();
    }

    private static void put(ByteBuffer key, InetAddress address) {
        byte[] bytes = address.getAddress();
        if (bytes.length == 4) {
            key.put(MAPPED);
        }
        key.put(bytes);
    }

    /** Closes the map. Its connections stay as they are. */
    @Override
    public void close() {
        program.close();
        map.close();
    }
}
