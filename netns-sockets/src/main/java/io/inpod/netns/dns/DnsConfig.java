package io.inpod.netns.dns;

import io.inpod.netns.NetworkNamespace;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * How a namespace looks names up: the contents of resolv.conf(5) and hosts(5). Immutable.
 *
 * @param servers the name servers, in the order in which they are asked; at least one
 * @param search the domains in which names with few dots are looked up first
 * @param ndots a name with at least this many dots is looked up as it is first; 0 to 15
 * @param timeout how long a server may take to answer, more than 0
 * @param hosts the addresses of names that no server is asked for; the names in lower case
 */
public record DnsConfig(List<InetSocketAddress> servers, List<String> search, int ndots, Duration timeout,
        Map<String, List<InetAddress>> hosts) {
    private static final Path ETC = Path.of("/etc");

    /**
     * Checks and copies the values.
     *
     * @param servers see {@link DnsConfig}
     * @param search see {@link DnsConfig}
     * @param ndots see {@link DnsConfig}
     * @param timeout see {@link DnsConfig}
     * @param hosts see {@link DnsConfig}
     * @throws IllegalArgumentException naming the value that is out of range
     */
    public DnsConfig {
        if (servers.isEmpty()) {
            throw new IllegalArgumentException("at least one name server is needed");
        }
        if (ndots < 0 || ndots > 15) {
            throw new IllegalArgumentException("ndots must be 0 to 15, not " + ndots);
        }
        if (timeout.isZero() || timeout.isNegative()) {
            throw new IllegalArgumentException("the timeout must be more than 0, not " + timeout);
        }
        servers = List.copyOf(servers);
        search = List.copyOf(search);
        hosts = hosts.entrySet().stream().collect(
                Collectors.toUnmodifiableMap(entry -> entry.getKey().toLowerCase(Locale.ROOT), entry -> List.copyOf(entry.getValue())));
    }

    /**
     * Asks given servers, and has neither search domains nor hosts.
     *
     * @param servers at least one; with the usual port 53
     * @return the configuration
     */
    public static DnsConfig ofServers(InetSocketAddress... servers) {
        return new DnsConfig(List.of(servers), List.of(), ResolvConf.NDOTS, ResolvConf.TIMEOUT, Map.of());
    }

    /**
     * Reads the files that {@code ip netns exec} shows in a namespace: {@code /etc/netns/NAME/resolv.conf} and {@code hosts} if the
     * namespace has a name and the file exists, otherwise {@code /etc/resolv.conf} and {@code /etc/hosts}, see ip-netns(8).
     *
     * <p>A server on a loopback address, as systemd-resolved has it, is that of the namespace, not that of the machine.
     *
     * @param namespace the namespace, see {@link NetworkNamespace#names()}
     * @return the configuration
     * @throws IOException if a file can't be read or understood, or the namespace has several names with such files
     */
    public static DnsConfig of(NetworkNamespace namespace) throws IOException {
        return of(namespace, ETC);
    }

    static DnsConfig of(NetworkNamespace namespace, Path etc) throws IOException {
        List<String> names = namespace.names().stream().filter(name -> Files.isDirectory(etc.resolve("netns").resolve(name))).toList();
        if (names.size() > 1) {
            throw new IOException(namespace + " has several names with files in " + etc.resolve("netns") + ": " + names
                    + "; read those of one of them with DnsConfig.read");
        }
        Path own = names.isEmpty() ? etc : etc.resolve("netns").resolve(names.get(0));
        return read(existing(own, etc, "resolv.conf"), existing(own, etc, "hosts"));
    }

    private static Path existing(Path own, Path etc, String file) {
        return Files.exists(own.resolve(file)) ? own.resolve(file) : etc.resolve(file);
    }

    /**
     * Reads two files, for instance {@code /proc/PID/root/etc/resolv.conf} and {@code hosts} of a process in a container.
     *
     * @param resolvConf a file as in resolv.conf(5): of its options, {@code ndots} and {@code timeout} are used. Without a name server, or
     *     if there is no such file, the server is 127.0.0.1
     * @param hosts a file as in hosts(5); none if there is no such file
     * @return the configuration
     * @throws IOException if a file can't be read, or has an address that isn't one; the message names the line
     */
    public static DnsConfig read(Path resolvConf, Path hosts) throws IOException {
        return ResolvConf.read(resolvConf).with(HostsFile.read(hosts));
    }
}
