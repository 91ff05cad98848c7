package io.inpod.examples.demo;

import static org.assertj.core.api.Assertions.assertThat;

import io.inpod.netns.testing.Tool;
import org.junit.jupiter.api.Test;

/** The older profile: TPROXY diverts inbound connections to 15006 and 15008. */
class TproxyEndToEndTest extends EndToEnd {
    TproxyEndToEndTest() {
        super("tproxy", false);
    }

    /** A route, or forged ARP, may bring another pod's connections here. Their tunnels must not be carried on in plaintext. */
    @Test
    void aTunnelForAnotherPodsAddressIsRefusedWhereverItArrives() throws Exception {
        Tool.run(node.c.namespace(), "ip", "route", "add", "10.99.0.9/32", "via", node.b.address().getHostAddress());

        assertThat(foreignConnect("10.99.0.9", "sa-foreign", "10.99.0.9:8087")).isEqualTo("400");
    }
}
