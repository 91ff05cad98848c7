package io.inpod.examples.nodeagent.find;

import io.inpod.netlink.Link;
import io.inpod.netlink.LinkAddress;
import io.inpod.netlink.Rtnetlink;
import io.inpod.netns.IpFamily;
import io.inpod.netns.NetworkNamespace;
import java.io.IOException;
import java.net.InetAddress;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** Which addresses a namespace has: a process may be in a namespace that isn't its pod's, but the runtime gives each pod addresses. */
final class Ownership {
    /** A pod may give itself any number of interfaces and addresses. */
    private static final int MOST = 1000;

    private Ownership() {}

    /**
     * Returns the addresses of all interfaces, as far as there are no more than a thousand of each; none if the namespace can't be entered.
     */
    static Set<InetAddress> addresses(NetworkNamespace namespace) {
        Set<InetAddress> addresses = new HashSet<>();
        try (Rtnetlink network = Rtnetlink.open(namespace)) {
            List<Link> links = network.links().first(MOST);
            for (IpFamily family : IpFamily.values()) {
                network.addresses().first(family, links, MOST).stream().map(LinkAddress::address).forEach(addresses::add);
            }
        } catch (IOException e) {
            // what can't be asked is nobody's
        }
        return addresses;
    }
}
