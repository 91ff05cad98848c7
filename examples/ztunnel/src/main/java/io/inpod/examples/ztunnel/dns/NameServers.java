package io.inpod.examples.ztunnel.dns;

import io.inpod.netns.dns.DnsConfig;
import io.netty.util.NetUtil;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * The name servers that a file such as {@code /etc/resolv.conf} lists. Thread-safe; {@link #refresh} is called on one thread, from time to
 * time.
 *
 * @see <a href="https://man7.org/linux/man-pages/man5/resolv.conf.5.html">resolv.conf(5)</a>
 */
public final class NameServers {
    private static final Path NO_HOSTS = Path.of("/dev/null");
    private final Path file;
    private volatile List<InetSocketAddress> servers = List.of();
    private volatile boolean found;

    /**
     * Creates a list, which is empty until it is refreshed.
     *
     * @param file the file
     */
    public NameServers(Path file) {
        this.file = file;
    }

    /**
     * Reads the file. If it can't be used, or is gone, the servers stay as they are.
     *
     * @throws IOException if it can't be read, or has an address that isn't one; the message names the line
     */
    public void refresh() throws IOException {
        if (Files.exists(file)) {
            found = true;
        } else if (found) {
            throw new NoSuchFileException(file + " is gone, the name servers stay as they were");
        }
        servers = DnsConfig.read(file, NO_HOSTS).servers();
    }

    /**
     * Returns what is wrong with the servers, although the file could be read: that pods don't reach those at a loopback address. Without a
     * file there is such a one.
     *
     * @return a sentence that names the file and the remedy; empty if nothing is wrong
     */
    public Optional<String> problem() {
        List<InetSocketAddress> loopback = servers.stream().filter(server -> server.getAddress().isLoopbackAddress()).toList();
        if (loopback.isEmpty()) {
            return Optional.empty();
        }
        return Optional.of("INPOD_RESOLV_CONF: " + file + (found ? " has the name server " : " doesn't exist, so the name server is ")
                + NetUtil.toSocketAddressString(loopback.get(0))
                + ", which for a pod is the pod itself: names outside the mesh won't be found;"
                + " name a file with a server that pods can reach");
    }

    /** {@return the servers as they are written in logs} */
    @Override
    public String toString() {
        return String.join(", ", servers.stream().map(NetUtil::toSocketAddressString).toList());
    }

    /** {@return the servers in the order in which they are asked} */
    public List<InetSocketAddress> servers() {
        return servers;
    }
}
