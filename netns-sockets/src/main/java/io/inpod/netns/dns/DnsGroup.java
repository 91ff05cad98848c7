package io.inpod.netns.dns;

import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.socket.SocketOptions;
import io.inpod.netns.socket.Transport;
import io.netty.resolver.AddressResolverGroup;
import io.netty.resolver.HostsFileEntriesResolver;
import io.netty.resolver.ResolvedAddressTypes;
import io.netty.resolver.dns.DnsAddressResolverGroup;
import io.netty.resolver.dns.DnsNameResolverBuilder;
import io.netty.resolver.dns.SequentialDnsServerAddressStreamProvider;
import io.netty.util.NetUtil;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Makes Netty's resolvers. The only class that names those of the optional dependency netty-resolver-dns. */
final class DnsGroup {
    private static final int MOST_QUERIES = 16;

    private DnsGroup() {}

    static AddressResolverGroup<InetSocketAddress> of(Transport transport, NetworkNamespace namespace, DnsConfig config) {
        return new DnsAddressResolverGroup(new DnsNameResolverBuilder()
                .datagramChannelFactory(transport.datagram(namespace, SocketOptions.NONE))
                .socketChannelFactory(transport.client(namespace, SocketOptions.NONE))
                .nameServerProvider(new SequentialDnsServerAddressStreamProvider(config.servers()))
                .searchDomains(config.search()).ndots(config.ndots())
                .hostsFileEntriesResolver(new Hosts(config))
                .queryTimeoutMillis(config.timeout().toMillis()).maxQueriesPerResolve(MOST_QUERIES)
                // Netty's default depends on the addresses of the process's own namespace.
                .resolvedAddressTypes(ResolvedAddressTypes.IPV4_PREFERRED));
    }

    private record Hosts(DnsConfig config) implements HostsFileEntriesResolver {
        @Override
        public @Nullable InetAddress address(String name, ResolvedAddressTypes types) {
            String key = name.toLowerCase(Locale.ROOT);
            List<InetAddress> known = config.hosts().getOrDefault(key, List.of());
            return known.stream().filter(Inet4Address.class::isInstance).findFirst()
                    .or(() -> known.stream().findFirst()).orElse(key.equals("localhost") ? NetUtil.LOCALHOST4 : null);
        }
    }
}
