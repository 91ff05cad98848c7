package io.inpod.iptables.backend;

import static org.assertj.core.api.Assertions.assertThat;

import io.inpod.iptables.Goldens;
import io.inpod.iptables.InPodRedirection;
import io.inpod.iptables.IpFamily;
import io.inpod.iptables.IpPrefix;
import io.inpod.iptables.Kernel;
import io.inpod.iptables.backend.IptablesTools.Variant;
import io.inpod.netns.NetworkNamespace;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Every combination of the options gives the kernel the same listing as Istio's own plan. */
class OptionCombinationsKernelTest {
    private static final List<List<String>> INTERFACES = List.of(List.of(), List.of("br0"), List.of("br0", "tap-1"));

    private static String probe(IpFamily family, boolean own) {
        if (family == IpFamily.V4) {
            return own ? "192.0.2.9" : "169.254.7.127";
        }
        return own ? "e9ac:1e77:90ca:399f:4d6d:ece2:2f9b:3164" : "fd16:9254:7127:1337:ffff:ffff:ffff:ffff";
    }

    /** The plan that all combinations are held against is itself held against the golden files. */
    @Test
    void thePlanIsThatOfTheGoldens() throws Exception {
        Map<String, String> goldens = Map.of("default.golden", "V4 true false", "ingress.golden", "V4 false true",
                "dns_pod_disabled_and_on_globally.golden", "V4 false false", "default_ipv6.golden", "V6 true false");
        for (Map.Entry<String, String> golden : goldens.entrySet()) {
            String[] inputs = golden.getValue().split(" ");
            IpFamily family = IpFamily.valueOf(inputs[0]);
            String plan = UpstreamPlan.script(family, Boolean.parseBoolean(inputs[1]), Boolean.parseBoolean(inputs[2]), List.of(),
                    probe(family, family == IpFamily.V6));
            assertThat(perChain(plan)).as(golden.getKey()).isEqualTo(perChain(Goldens.script(golden.getKey(), family)));
        }
    }

    private static Map<String, List<String>> perChain(String script) {
        return Kernel.listing(script.replace("* ", "*"));
    }

    @ParameterizedTest
    @CsvSource({"NFT, V4", "NFT, V6", "LEGACY, V4", "LEGACY, V6"})
    void everyCombination(Variant variant, IpFamily family) throws Exception {
        String tool = family.tool() + "-" + variant.name().toLowerCase(Locale.ROOT);
        IptablesTools tools = IptablesTools.system().withVariant(variant);
        List<String> seen = new ArrayList<>();
        try (NetworkNamespace ours = Kernel.namespace()) {
            for (boolean dns : new boolean[] {true, false}) {
                for (boolean ingress : new boolean[] {true, false}) {
                    for (List<String> interfaces : INTERFACES) {
                        boolean own = interfaces.size() == 1;
                        InPodRedirection preset = InPodRedirection.of(family).withDnsCapture(dns).withIngress(ingress)
                                .withVirtualInterfaces(interfaces).withHostProbe(IpPrefix.parse(probe(family, own)).address());
                        new IptablesRules(preset.ruleSet(), tools).install(ours); // over the combination before
                        try (NetworkNamespace theirs = Kernel.namespace()) {
                            Kernel.run(theirs, UpstreamPlan.script(family, dns, ingress, interfaces, probe(family, own)), tool + "-restore", "--noflush");
                            assertThat(Kernel.listing(ours, tool + "-save")).as(preset.toString()).isEqualTo(Kernel.listing(theirs, tool + "-save"));
                            seen.add(Kernel.listing(theirs, tool + "-save").toString());
                        }
                    }
                }
            }
        }
        assertThat(seen).doesNotHaveDuplicates();
    }
}
