package io.inpod.examples.rules;

import io.inpod.netlink.NetlinkException;
import io.inpod.netlink.PolicyRule;
import io.inpod.netlink.Route;
import io.inpod.netlink.Rtnetlink;
import io.inpod.netns.IpFamily;
import io.inpod.netns.NamespaceChange;
import io.inpod.netns.NetworkNamespace;
import io.inpod.tproxy.PolicyRouting;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * The policy routing that a pod's rules need: they mark the app's answers to a client's address, and only routing brings these back to the
 * proxy.
 */
record PodRouting(List<IpFamily> families) implements NamespaceChange {
    private static final String LOOPBACK = "lo";

    private PolicyRouting routing() {
        return PolicyRouting.DEFAULT.withFamilies(Set.copyOf(families));
    }

    @Override
    public void install(NetworkNamespace namespace) throws IOException {
        routing().install(namespace);
    }

    @Override
    public void verify(NetworkNamespace namespace) throws IOException {
        routing().verify(namespace);
    }

    /** Returns in words what is missing or in the way. */
    List<String> diff(NetworkNamespace namespace) throws IOException {
        try {
            verify(namespace);
            return List.of();
        } catch (NetlinkException e) {
            throw e;
        } catch (IOException e) {
            return List.of(String.valueOf(e.getMessage()));
        }
    }

    /** Returns in words what {@link #remove} would remove. */
    List<String> held(NetworkNamespace namespace) throws IOException {
        PolicyRouting ours = PolicyRouting.DEFAULT;
        List<String> held = new ArrayList<>();
        try (Rtnetlink network = Rtnetlink.open(namespace)) {
            for (IpFamily family : families) {
                Route route = Route.localDefault(family, LOOPBACK, ours.table());
                PolicyRule rule = new PolicyRule(family, ours.priority(), ours.mark(), ours.mask(), ours.table());
                if (network.rules().list(family).contains(rule)) {
                    held.add("rule \"" + rule + "\"");
                }
                if (network.routes().list(family, ours.table()).contains(route)) {
                    held.add("route \"" + route + "\"");
                }
            }
        }
        return held;
    }

    @Override
    public void remove(NetworkNamespace namespace) throws IOException {
        routing().remove(namespace);
    }

    @Override
    public String toString() {
        return PolicyRouting.DEFAULT.toString();
    }
}
