package io.inpod.examples.nodeagent.find;

import io.inpod.netlink.LinkAddress;
import io.inpod.netlink.Rtnetlink;
import io.inpod.netns.IpFamily;
import io.inpod.netns.NetworkNamespace;
import java.io.IOException;
import java.net.InetAddress;
import java.util.HashSet;
import java.util.Set;

/** Which addresses a namespace has: a process may be in a namespace that isn't its pod's, but the runtime gives each pod addresses. */
final class Ownership {
    /** A pod may give itself any number of interfaces and addresses. */
    private static final int MOST = 1000;

    private Ownership() {}

    /** Returns the addresses of all interfaces, as far as there are no more than a thousand; none if the namespace can't be entered. */
    static Set<InetAddress> addresses(NetworkNamespace namespace) {
        Set<InetAddress> addresses = new HashSet<>();
        for (IpFamily family : IpFamily.values()) {
            try (Rtnetlink links = Rtnetlink.open(namespace); Rtnetlink network = Rtnetlink.open(namespace)) {
                network.addresses().first(family, links.links().first(MOST), MOST).stream().map(LinkAddress::address)
                        .forEach(addresses::add);
            } catch (IOException e) {
                // what can't be asked is nobody's
            }
        }
        return addresses;
    }
}
