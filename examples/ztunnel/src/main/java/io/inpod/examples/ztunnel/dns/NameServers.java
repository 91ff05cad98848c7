package io.inpod.examples.ztunnel.dns;

import io.netty.util.NetUtil;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The name servers that a file such as {@code /etc/resolv.conf} lists. Thread-safe; {@link #refresh} is called on one thread, from time to
 * time.
 *
 * @see <a href="https://man7.org/linux/man-pages/man5/resolv.conf.5.html">resolv.conf(5)</a>
 */
public final class NameServers {
    private static final int PORT = 53;
    private final Path file;
    private volatile List<InetSocketAddress> servers = List.of();
    private @Nullable FileTime modified;

    /**
     * Creates a list, which is empty until it is refreshed.
     *
     * @param file the file
     */
    public NameServers(Path file) {
        this.file = file;
    }

    /**
     * Reads the file if it has changed. If it can't be read, the servers stay as they are.
     *
     * @throws IOException if it can't be read
     */
    public void refresh() throws IOException {
        FileTime now = Files.getLastModifiedTime(file);
        if (!now.equals(modified)) {
            servers = parse(Files.readString(file));
            modified = now;
        }
    }

    /** Returns those of a file's text that are addresses. */
    static List<InetSocketAddress> parse(String text) {
        List<InetSocketAddress> found = new ArrayList<>();
        for (String line : text.split("\n")) {
            String[] words = line.strip().split("\\s+");
            byte[] address =
                    words.length > 1 && words[0].equals("nameserver") ? NetUtil.createByteArrayFromIpAddressString(words[1]) : null;
            if (address != null) {
                try {
                    found.add(new InetSocketAddress(InetAddress.getByAddress(address), PORT));
                } catch (UnknownHostException e) {
                    throw new AssertionError("it has the length of an address", e);
                }
            }
        }
        return List.copyOf(found);
    }

    /** {@return the servers as they are written in logs} */
    @Override
    public String toString() {
        return servers.isEmpty() ? "none" : String.join(", ", servers.stream().map(NetUtil::toSocketAddressString).toList());
    }

    /** {@return the servers in the order in which they are asked; none if the file has none} */
    public List<InetSocketAddress> servers() {
        return servers;
    }
}
