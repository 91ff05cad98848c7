package io.inpod.iptables.backend.pod;

import static org.assertj.core.api.Assertions.assertThat;

import io.inpod.iptables.Goldens;
import io.inpod.iptables.IpPrefix;
import io.inpod.iptables.Kernel;
import io.inpod.iptables.backend.Backends;
import io.inpod.iptables.backend.internal.tools.Programs;
import io.inpod.iptables.backend.tools.IptablesTools;
import io.inpod.iptables.backend.NetlinkBackend;
import io.inpod.iptables.pod.InPodRedirection;
import io.inpod.iptables.pod.PodRules;
import io.inpod.netns.IpFamily;
import io.inpod.netns.NetworkNamespace;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** With every combination of options, the kernel lists the same rules as for Istio's own plan. */
class OptionCombinationsKernelTest {
    private static final List<List<String>> INTERFACES = List.of(List.of(), List.of("br0"), List.of("br0", "tap-1"));

    private static String probe(IpFamily family, boolean own) {
        if (family == IpFamily.V4) {
            return own ? "192.0.2.9" : "169.254.7.127";
        }
        return own ? "e9ac:1e77:90ca:399f:4d6d:ece2:2f9b:3164" : "fd16:9254:7127:1337:ffff:ffff:ffff:ffff";
    }

    /** The plan with which all combinations are compared is itself compared with the golden files. */
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

    /** One combination of the options. */
    private record Options(boolean dns, boolean ingress, List<String> interfaces) {
        static List<Options> all() {
            List<Options> all = new ArrayList<>();
            for (boolean dns : new boolean[] {true, false}) {
                for (boolean ingress : new boolean[] {true, false}) {
                    INTERFACES.forEach(interfaces -> all.add(new Options(dns, ingress, interfaces)));
                }
            }
            return all;
        }

        String address(IpFamily family) {
            return probe(family, interfaces.size() == 1);
        }

        InPodRedirection preset(IpFamily family) {
            return InPodRedirection.of(family).withDnsCapture(dns).withIngress(ingress).withVirtualInterfaces(interfaces)
                    .withHostProbe(IpPrefix.parse(address(family)).address());
        }
    }

    @ParameterizedTest
    @CsvSource({"iptables-nft, V4, nft", "netlink, V4, nft", "netlink, V6, nft", "iptables-legacy, V6, legacy"})
    void everyCombination(String backend, IpFamily family, String variant) throws Exception {
        String tool = Programs.iptables(family) + "-" + variant;
        List<String> seen = new ArrayList<>();
        try (NetworkNamespace ours = Kernel.namespace()) {
            for (Options options : Options.all()) {
                // replaces the previous combination
                Backends.named(backend).orElseThrow().apply(ours, PodRules.NAMES, options.preset(family).ruleSet());
                try (NetworkNamespace theirs = Kernel.namespace()) {
                    Kernel.run(theirs, UpstreamPlan.script(family, options.dns, options.ingress, options.interfaces, options.address(family)),
                            tool + "-restore", "--noflush");
                    assertThat(Kernel.listing(ours, tool + "-save")).as(options.toString()).isEqualTo(Kernel.listing(theirs, tool + "-save"));
                    seen.add(Kernel.listing(theirs, tool + "-save").toString());
                }
            }
        }
        assertThat(seen).hasSize(12).doesNotHaveDuplicates();
    }

    /** Without IPv6 and with it. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void everyCombinationInTablesOfItsOwn(boolean ipv6) throws Exception {
        List<String> seen = new ArrayList<>();
        try (NetworkNamespace ours = Kernel.namespace()) {
            for (Options options : Options.all()) {
                List<InPodRedirection> families = new ArrayList<>(List.of(options.preset(IpFamily.V4)));
                if (ipv6) {
                    families.add(options.preset(IpFamily.V6));
                }
                NetlinkBackend.inet().apply(ours, PodRules.NAMES, InPodRedirection.inet(families));
                try (NetworkNamespace theirs = Kernel.namespace()) {
                    Kernel.run(theirs, UpstreamNftPlan.script(ipv6, options.dns, options.ingress, options.interfaces, options.address(IpFamily.V4),
                            options.address(IpFamily.V6)), "nft", "-f", "-");
                    assertThat(tables(ours)).as(options.toString()).isEqualTo(tables(theirs));
                    seen.add(tables(theirs));
                }
            }
        }
        assertThat(seen).hasSize(12).doesNotHaveDuplicates();
    }

    @Test
    void thePlanForNftIsThatOfTheGoldens() throws Exception {
        Map<String, String> goldens = Map.of("default.golden", "false true false", "ingress.golden", "false false true",
                "dns_pod_disabled_and_on_globally.golden", "false false false", "default_ipv6.golden", "true true false");
        for (Map.Entry<String, String> golden : goldens.entrySet()) {
            String[] inputs = golden.getValue().split(" ");
            String plan = UpstreamNftPlan.script(Boolean.parseBoolean(inputs[0]), Boolean.parseBoolean(inputs[1]), Boolean.parseBoolean(inputs[2]),
                    List.of(), probe(IpFamily.V4, false), probe(IpFamily.V6, true));
            try (NetworkNamespace ours = Kernel.namespace(); NetworkNamespace theirs = Kernel.namespace()) {
                Kernel.run(ours, plan, "nft", "-f", "-");
                Kernel.run(theirs, Goldens.read("nftables/" + golden.getKey()), "nft", "-f", "-");
                assertThat(tables(ours)).as(golden.getKey()).isEqualTo(tables(theirs));
            }
        }
    }

    /** Returns all tables, each with its chains in alphabetical order, because the order in which chains were created is irrelevant. */
    private static String tables(NetworkNamespace namespace) throws Exception {
        Map<String, StringBuilder> chains = new TreeMap<>();
        String table = "";
        StringBuilder chain = new StringBuilder();
        for (String line : Kernel.run(namespace, "", "nft", "-s", "list", "ruleset").split("\n")) {
            if (line.startsWith("table")) {
                table = line;
            } else if (line.startsWith("\tchain")) {
                chain = chains.computeIfAbsent(table + line, key -> new StringBuilder());
            }
            chain.append(line).append('\n');
        }
        return chains.toString().replaceAll("(?m)^}?\n|^table.*\n|^}", "");
    }
}
