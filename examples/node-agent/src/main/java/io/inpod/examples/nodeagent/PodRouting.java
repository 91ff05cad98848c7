package io.inpod.examples.nodeagent;

import io.inpod.netlink.IpFamily;
import io.inpod.netns.NamespaceChange;
import io.inpod.netns.NetworkNamespace;
import io.inpod.tproxy.PolicyRouting;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Set;

/** Policy routing for the address families that a pod's loopback interface has: where IPv6 is off the kernel takes no such route. */
final class PodRouting implements NamespaceChange {
    private static final Path IPV6_OFF = Path.of("/proc/sys/net/ipv6/conf/lo/disable_ipv6");
    private static final PolicyRouting V4 = PolicyRouting.DEFAULT;
    private static final PolicyRouting BOTH = V4.withFamilies(Set.of(IpFamily.V4, IpFamily.V6));

    private final boolean ipv6;

    PodRouting(boolean ipv6) {
        this.ipv6 = ipv6;
    }

    private PolicyRouting of(NetworkNamespace namespace) throws IOException {
        return ipv6 && ipv6On(namespace) ? BOTH : V4;
    }

    /** The file shows the namespace of the thread that opens it, see namespaces(7). */
    private static boolean ipv6On(NetworkNamespace namespace) throws IOException {
        try {
            return namespace.<String, IOException>call(() -> Files.readString(IPV6_OFF)).startsWith("0");
        } catch (NoSuchFileException e) {
            return false;
        }
    }

    @Override
    public void install(NetworkNamespace namespace) throws IOException {
        of(namespace).install(namespace);
    }

    @Override
    public void verify(NetworkNamespace namespace) throws IOException {
        of(namespace).verify(namespace);
    }

    @Override
    public void remove(NetworkNamespace namespace) throws IOException {
        of(namespace).remove(namespace);
    }

    @Override
    public String toString() {
        return "policy routing";
    }
}
