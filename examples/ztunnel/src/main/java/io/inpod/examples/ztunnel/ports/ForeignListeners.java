package io.inpod.examples.ztunnel.ports;

import io.inpod.netlink.TcpSocket;
import io.inpod.netns.NetworkNamespace;
import java.io.IOException;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Foreign sockets of a pod that listen on the proxy's ports, at other addresses. Each is reported once. For one thread at a time.
 */
public final class ForeignListeners {
    private static final Logger LOG = LoggerFactory.getLogger("proxy");

    private final NetworkNamespace namespace;
    private final HolderSearch holders;
    /** The inodes of those that have been reported and still listen. */
    private final Set<Long> known = new HashSet<>();

    /**
     * Prepares the search in a pod.
     *
     * @param namespace the pod's namespace
     * @param holders is asked for the processes that have these sockets
     */
    public ForeignListeners(NetworkNamespace namespace, HolderSearch holders) {
        this.namespace = namespace;
        this.holders = holders;
    }

    /**
     * Looks for them, and logs those that are new.
     *
     * @param own the inodes of the proxy's own listeners, by port
     * @throws IOException if the sockets can't be listed
     */
    public void check(Map<Integer, Set<Long>> own) throws IOException {
        List<PortSocket> found = TcpSocket.listening(namespace, own.keySet()).stream().filter(socket -> {
            Set<Long> inodes = own.get(socket.port());
            return inodes != null && !inodes.contains(socket.inode());
        }).map(PortSocket::of).toList();
        known.retainAll(found.stream().map(PortSocket::inode).collect(Collectors.toSet()));
        List<PortSocket> added = found.stream().filter(socket -> known.add(socket.inode())).toList();
        report(added);
        found.stream().collect(Collectors.groupingBy(PortSocket::port))
                .forEach((port, sockets) -> holders.request(namespace, port, sockets));
    }

    private void report(List<PortSocket> added) {
        for (String words : PortHolders.words(added)) {
            LOG.warn("a foreign socket listens on a port of the proxy in {}: {}", namespace, words);
        }
        if (added.size() > PortHolders.MOST) {
            LOG.warn("{} more foreign sockets listen on ports of the proxy in {}", added.size() - PortHolders.MOST, namespace);
        }
    }
}
