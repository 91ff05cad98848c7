package io.inpod.iptables.backend;

import static org.assertj.core.api.Assertions.assertThat;

import io.inpod.iptables.Goldens;
import io.inpod.iptables.IpPrefix;
import io.inpod.iptables.Kernel;
import io.inpod.iptables.ManagedNames;
import io.inpod.iptables.RuleSet;
import io.inpod.iptables.pod.InPodRedirection;
import io.inpod.iptables.pod.InPodRedirection.Profile;
import io.inpod.iptables.pod.PodRules;
import io.inpod.netns.IpFamily;
import io.inpod.netns.NetworkNamespace;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The tools list the rules that netlink puts into the kernel exactly as the golden files, rule for rule. */
class NetlinkGoldensKernelTest {
    private static final IpPrefix PROBE = IpPrefix.parse("e9ac:1e77:90ca:399f:4d6d:ece2:2f9b:3164");

    private static InPodRedirection preset(IpFamily family, boolean dns, boolean ingress) {
        InPodRedirection preset = InPodRedirection.of(family).withDnsCapture(dns).withIngress(ingress);
        return family == IpFamily.V4 ? preset : preset.withHostProbe(PROBE.address());
    }

    @ParameterizedTest
    @CsvSource({
        "V4, true, false, default.golden",
        "V4, false, false, dns_pod_disabled_and_on_globally.golden",
        "V4, false, true, ingress.golden",
        "V6, true, false, default_ipv6.golden",
    })
    void iptablesSaveListsTheGolden(IpFamily family, boolean dns, boolean ingress, String golden) throws Exception {
        RuleSet rules = preset(family, dns, ingress).ruleSet();
        String tool = family == IpFamily.V4 ? "iptables-nft" : "ip6tables-nft";
        try (NetworkNamespace ours = Kernel.namespace(); NetworkNamespace theirs = Kernel.namespace()) {
            Kernel.run(theirs, Goldens.script(golden, family), tool + "-restore", "--noflush");
            NetlinkBackend.iptables().apply(ours, ManagedNames.of(rules, "golden-"), rules);
            assertThat(Kernel.listing(ours, tool + "-save")).isNotEmpty().isEqualTo(Kernel.listing(theirs, tool + "-save"));
        }
    }

    @Test
    void iptablesSaveListsThePublicDocumentationsRules() throws Exception {
        RuleSet rules = InPodRedirection.of(IpFamily.V4).withProfile(Profile.TPROXY).ruleSet();
        try (NetworkNamespace ours = Kernel.namespace()) {
            NetlinkBackend.iptables().apply(ours, ManagedNames.of(rules, "golden-"), rules);
            assertThat(Kernel.listing(ours, "iptables-nft-save")).isEqualTo(Kernel.listing(Goldens.read("tproxy/public-doc-listing.iptables-save")));
        }
    }

    @ParameterizedTest
    @CsvSource({
        "false, true, false, default.golden",
        "false, false, false, dns_pod_disabled_and_on_globally.golden",
        "false, false, true, ingress.golden",
        "true, true, false, default_ipv6.golden",
    })
    void nftListsTheGolden(boolean v6, boolean dns, boolean ingress, String golden) throws Exception {
        List<InPodRedirection> families = new ArrayList<>(List.of(preset(IpFamily.V4, dns, ingress)));
        if (v6) {
            families.add(preset(IpFamily.V6, dns, ingress));
        }
        RuleSet rules = new PodRules(families, false, List.of()).inet();
        for (Backend backend : List.of(NetlinkBackend.inet(), NftBackend.system())) {
            try (NetworkNamespace ours = Kernel.namespace(); NetworkNamespace theirs = Kernel.namespace()) {
                Kernel.run(theirs, Goldens.read("nftables/" + golden), "nft", "-f", "-");
                backend.apply(ours, PodRules.NAMES, rules);
                Map<String, List<String>> expected = chains(theirs);
                assertThat(expected).containsKeys("istio-ambient-nat istio-output", "istio-ambient-mangle istio-prerouting");
                assertThat(chains(ours)).containsAllEntriesOf(expected);
                if (v6) { // otherwise the table that rejects the other family is listed too
                    assertThat(chains(ours)).isEqualTo(expected);
                }
            }
        }
    }

    /** Returns the lines of each chain, by table and chain. */
    private static Map<String, List<String>> chains(NetworkNamespace namespace) throws Exception {
        Map<String, List<String>> chains = new LinkedHashMap<>();
        String table = "";
        String chain = "";
        for (String line : Kernel.run(namespace, "", "nft", "-s", "list", "ruleset").lines().map(String::strip).toList()) {
            if (line.startsWith("table inet ")) {
                table = line.split(" ")[2];
            } else if (line.startsWith("chain ")) {
                chain = table + " " + line.split(" ")[1];
                chains.put(chain, new ArrayList<>());
            } else if (!line.equals("}") && !line.isEmpty()) {
                chains.get(chain).add(line);
            }
        }
        return chains;
    }
}
