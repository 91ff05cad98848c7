package io.inpod.examples.ztunnel.limit;

import static io.inpod.netns.socket.LinuxSocketOptions.NOTSENT_LOWAT;
import static io.inpod.netns.socket.LinuxSocketOptions.RECEIVE_BUFFER;
import static io.inpod.netns.socket.LinuxSocketOptions.SEND_BUFFER;

import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.error.SystemCallException;
import io.inpod.netns.socket.LinuxSocketOption;
import io.inpod.netns.socket.NettyChannels;
import io.inpod.netns.socket.SocketOptions;
import io.netty.channel.Channel;
import io.netty.channel.ChannelException;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.socket.SocketChannel;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The buffers of the proxy's sockets in the kernel. The kernel sizes them by the data that passes, so that a connection that nobody reads
 * has less of the memory that all pods share than with fixed sizes. How far it goes, tcp_rmem and tcp_wmem of the pod say, which a
 * process of the pod with user 0 can change at any time where {@code /proc/sys} is writable: then each connection could hold a gigabyte
 * of the proxy's memory. So in a pod that allows more than the node and the kernel's own defaults do, the sizes are fixed: from the
 * start, or within seconds.
 */
public final class KernelBuffers {
    private static final int SOL_SOCKET = 1; // asm-generic/socket.h
    private static final int SO_SNDBUF = 7;
    private static final int SO_RCVBUF = 8;
    private static final Path RECEIVE = Path.of("/proc/sys/net/ipv4/tcp_rmem");
    private static final Path SEND = Path.of("/proc/sys/net/ipv4/tcp_wmem");
    /** What the process can't get is cut off at net.core.rmem_max and wmem_max, which no pod can change. */
    private static final LinuxSocketOption<Integer> SMALL_RECEIVE_BUFFER = LinuxSocketOption.integer("SO_RCVBUF", SOL_SOCKET, SO_RCVBUF);
    private static final LinuxSocketOption<Integer> SMALL_SEND_BUFFER = LinuxSocketOption.integer("SO_SNDBUF", SOL_SOCKET, SO_SNDBUF);
    /** The usual maximum of tcp_rmem, see tcp(7). */
    private static final int MOST_RECEIVED = 6 << 20;
    /** The usual maximum of tcp_wmem, see tcp(7). */
    private static final int MOST_SENT = 4 << 20;
    /** As much as a relay reads at once. */
    private static final int MOST_UNSENT = 256 << 10;

    private static final Logger LOG = LoggerFactory.getLogger("proxy");

    private KernelBuffers() {}

    /**
     * Returns options with which sockets and connections of a pod have bounded buffers.
     *
     * @param common other options
     * @param pod the pod's namespace
     * @return the options
     * @throws IOException if the namespace can't be entered
     */
    public static SocketOptions bound(SocketOptions common, NetworkNamespace pod) throws IOException {
        SocketOptions options = common.with(NOTSENT_LOWAT, MOST_UNSENT);
        if (!areRaised(pod)) {
            return options;
        }
        SocketOptions bounded = options.with(RECEIVE_BUFFER, MOST_RECEIVED / 2).with(SEND_BUFFER, MOST_SENT / 2); // the kernel doubles them
        return isAllowed(bounded, pod)
                ? bounded : options.with(SMALL_RECEIVE_BUFFER, MOST_RECEIVED / 2).with(SMALL_SEND_BUFFER, MOST_SENT / 2);
    }

    /**
     * Bounds the buffers of open connections that have grown because the pod allows it since. Tunnels have none of their own. A pod
     * without connections isn't looked at, which would take a fifth of a millisecond for each of the kernel's files.
     *
     * @param connections the connections
     * @param pod the pod's namespace
     * @throws IOException if the namespace can't be entered
     */
    public static void bound(Collection<Channel> connections, NetworkNamespace pod) throws IOException {
        if (!connections.isEmpty() && areRaised(pod)) {
            connections.stream().filter(SocketChannel.class::isInstance).forEach(socket -> socket.eventLoop().execute(() -> {
                bound(socket, RECEIVE_BUFFER, SMALL_RECEIVE_BUFFER, MOST_RECEIVED);
                bound(socket, SEND_BUFFER, SMALL_SEND_BUFFER, MOST_SENT);
            }));
        }
    }

    private static void bound(Channel connection, LinuxSocketOption<Integer> option, LinuxSocketOption<Integer> small, int most) {
        try {
            if (connection.isOpen() && option.get(connection) > most) {
                small.set(connection, most / 2); // first, for those who may not do more
                option.set(connection, most / 2);
            }
        } catch (IOException e) {
            LOG.debug("can't bound the buffers of {}: {}", connection, e.getMessage());
        }
    }

    private static boolean areRaised(NetworkNamespace pod) throws IOException {
        Maxima node = Maxima.read(); // also loads all classes before the thread enters the namespace
        Maxima there = pod.<Maxima, IOException>call(Maxima::read);
        return there.received > Math.max(MOST_RECEIVED, node.received) || there.sent > Math.max(MOST_SENT, node.sent);
    }

    /** How large buffers become in the namespace of the thread that reads it. */
    private record Maxima(int received, int sent) {
        static Maxima read() throws IOException {
            return new Maxima(maximum(RECEIVE), maximum(SEND));
        }
    }

    /** Whether sockets may exceed net.core.rmem_max and wmem_max: never in a user namespace of an ordinary user, see socket(7). */
    private static boolean isAllowed(SocketOptions options, NetworkNamespace pod) throws IOException {
        try {
            EpollSocketChannel socket = NettyChannels.client(pod, options).newChannel();
            socket.unsafe().closeForcibly();
            return true;
        } catch (ChannelException e) {
            if (e.getCause() instanceof SystemCallException failure && failure.symbol().equals("EPERM")) {
                return false;
            }
            throw new IOException("can't open a socket in " + pod + ": " + e.getMessage(), e);
        }
    }

    /** Reads a setting of the thread's namespace, a minimum, a default and a maximum, and returns the larger of the latter. */
    private static int maximum(Path setting) throws IOException {
        String text;
        try (InputStream file = Files.newInputStream(setting)) {
            byte[] bytes = new byte[128];
            text = new String(bytes, 0, Math.max(0, file.read(bytes)), StandardCharsets.US_ASCII); // the kernel answers one read, not more
        }
        try {
            String[] numbers = text.strip().split("\\s+");
            return Math.max(Integer.parseInt(numbers[1]), Integer.parseInt(numbers[2]));
        } catch (RuntimeException e) {
            throw new IOException(setting + " doesn't contain three numbers: " + text.strip(), e);
        }
    }
}
