package io.inpod.examples.ztunnel.proxy;

import static org.assertj.core.api.Assertions.assertThat;

import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.testing.Pod;
import io.inpod.netns.testing.PodNetwork;
import io.inpod.netns.testing.Pods;
import io.inpod.netns.testing.Tool;
import java.net.InetAddress;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Which addresses of a pod other pods don't reach in plaintext. */
@Pods(2)
class LocalAddressesTest {
    private final LocalAddresses addresses = new LocalAddresses();

    private boolean contains(String address) throws Exception {
        return addresses.contains(InetAddress.getByName(address));
    }

    @Test
    void thoseOfTheInterfaceThatLeadsOut(PodNetwork network) throws Exception {
        Pod pod = network.pod(0);
        Tool.run(pod.namespace(), "ip", "address", "add", "fd00:5::7/64", "dev", "eth0", "nodad");

        addresses.read(pod.namespace());

        assertThat(contains(pod.address().getHostAddress())).isTrue();
        assertThat(contains("fd00:5::7")).isTrue();
        assertThat(contains(network.pod(1).address().getHostAddress())).isFalse();
        addresses.forget(pod.namespace());
        assertThat(contains("fd00:5::7")).isFalse();
    }

    /** Otherwise a pod would take the address away from all others on the node. */
    @ParameterizedTest
    @ValueSource(strings = {"lo", "bridge", "veth"})
    void noneThatOnlyThePodItselfReaches(String kind, PodNetwork network) throws Exception {
        NetworkNamespace pod = network.pod(0).namespace();
        if (!kind.equals("lo")) {
            Tool.run(pod, "ip", "link", "add", "own", "type", kind);
        }
        Tool.run(pod, "ip", "address", "add", "10.77.0.1/24", "dev", kind.equals("lo") ? "lo" : "own");
        Tool.run(pod, "ip", "address", "add", "fd00:77::1/64", "dev", kind.equals("lo") ? "lo" : "own", "nodad");

        addresses.read(pod);

        assertThat(contains("10.77.0.1")).isFalse();
        assertThat(contains("fd00:77::1")).isFalse();
        assertThat(contains(network.pod(0).address().getHostAddress())).isTrue();
    }
}
