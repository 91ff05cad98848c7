package io.inpod.examples.nodeagent;

import static org.assertj.core.api.Assertions.assertThat;

import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.testing.Tool;
import java.io.IOException;

/** The traces of a redirection that the system's tools show in a namespace. */
final class Traces {
    private Traces() {}

    static void assertRedirected(NetworkNamespace namespace) throws IOException {
        for (String family : new String[] {"-4", "-6"}) {
            assertThat(Tool.run(namespace, "ip", family, "rule")).containsPattern("32764:\\s+from all fwmark 0x111/0xfff lookup 100");
            assertThat(Tool.run(namespace, "ip", family, "route", "show", "table", "100")).contains("local default dev lo");
        }
        assertThat(Tool.run(namespace, "iptables-save")).contains("-A PREROUTING -j ISTIO_PRERT", "-A OUTPUT -j ISTIO_OUTPUT", "15001", "15006");
        assertThat(Tool.run(namespace, "ip6tables-save")).contains("-A PREROUTING -j ISTIO_PRERT", "-A OUTPUT -j ISTIO_OUTPUT", "15001", "15006");
    }

    static void assertClean(NetworkNamespace namespace) throws IOException {
        for (String family : new String[] {"-4", "-6"}) {
            assertThat(Tool.run(namespace, "ip", family, "rule")).doesNotContain("0x111");
            assertThat(Tool.run(namespace, "ip", family, "route", "show", "table", "all")).doesNotContain("table 100");
        }
        assertThat(Tool.run(namespace, "iptables-save")).doesNotContain("ISTIO", "INPOD");
        assertThat(Tool.run(namespace, "ip6tables-save")).doesNotContain("ISTIO", "INPOD");
    }
}
