package io.inpod.examples.ztunnel.dns;

import io.inpod.netns.dns.DnsConfig;
import io.netty.util.NetUtil;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.List;

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

    /**
     * Creates a list, which is empty until it is refreshed.
     *
     * @param file the file
     */
    public NameServers(Path file) {
        this.file = file;
    }

    /**
     * Reads the file. If it can't be used, the servers stay as they are.
     *
     * @throws IOException if it can't be read, or has an address that isn't one; the message names the line
     */
    public void refresh() throws IOException {
        servers = DnsConfig.read(file, NO_HOSTS).servers();
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
