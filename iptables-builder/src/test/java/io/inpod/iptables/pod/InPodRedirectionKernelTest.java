package io.inpod.iptables.pod;

import static org.assertj.core.api.Assertions.assertThat;

import io.inpod.iptables.Goldens;
import io.inpod.iptables.IpPrefix;
import io.inpod.iptables.Kernel;
import io.inpod.iptables.RuleSet;
import io.inpod.iptables.backend.IptablesRules;
import io.inpod.iptables.backend.internal.tools.Programs;
import io.inpod.iptables.backend.tools.IptablesTools;
import io.inpod.iptables.backend.tools.IptablesTools.Variant;
import io.inpod.iptables.pod.InPodRedirection.Profile;
import io.inpod.netns.IpFamily;
import io.inpod.netns.NetworkNamespace;
import java.util.Locale;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** The real kernel lists the presets exactly as the golden files, rule for rule. */
class InPodRedirectionKernelTest {
    @ParameterizedTest
    @CsvSource({
        "SYSTEM, V4, true, false, default.golden",
        "SYSTEM, V4, false, false, dns_pod_disabled_and_on_globally.golden",
        "SYSTEM, V4, false, true, ingress.golden",
        "SYSTEM, V6, true, false, default_ipv6.golden",
        "LEGACY, V4, true, false, default.golden",
        "LEGACY, V4, false, true, ingress.golden",
        "LEGACY, V6, true, false, default_ipv6.golden",
    })
    void redirectListsLikeTheGolden(Variant variant, IpFamily family, boolean dns, boolean ingress, String golden) throws Exception {
        InPodRedirection preset = InPodRedirection.of(family).withDnsCapture(dns).withIngress(ingress);
        if (family == IpFamily.V6) {
            preset = preset.withHostProbe(IpPrefix.parse("e9ac:1e77:90ca:399f:4d6d:ece2:2f9b:3164").address());
        }
        String tool = Programs.iptables(family) + (variant == Variant.SYSTEM ? "" : "-" + variant.name().toLowerCase(Locale.ROOT));
        try (NetworkNamespace ours = Kernel.namespace(); NetworkNamespace theirs = Kernel.namespace()) {
            Kernel.run(theirs, Goldens.script(golden, family), tool + "-restore", "--noflush");
            new IptablesRules(preset.ruleSet(), IptablesTools.system().withVariant(variant)).install(ours);
            assertThat(Kernel.listing(ours, tool + "-save")).isNotEmpty().isEqualTo(Kernel.listing(theirs, tool + "-save"));
        }
    }

    @ParameterizedTest
    @EnumSource(value = Variant.class, names = {"NFT", "LEGACY"})
    void tproxyListsLikeThePublicDocumentation(Variant variant) throws Exception {
        RuleSet rules = InPodRedirection.of(IpFamily.V4).withProfile(Profile.TPROXY).ruleSet();
        try (NetworkNamespace ours = Kernel.namespace()) {
            new IptablesRules(rules, IptablesTools.system().withVariant(variant)).install(ours);
            assertThat(Kernel.listing(ours, "iptables-" + variant.name().toLowerCase(Locale.ROOT) + "-save"))
                    .isEqualTo(Kernel.listing(Goldens.read("tproxy/public-doc-listing.iptables-save")));
        }
    }

    /** The documentation shows only IPv4; IPv6 differs only in the addresses. */
    @ParameterizedTest
    @EnumSource(value = Variant.class, names = {"NFT", "LEGACY"})
    void tproxyForIpv6IsItsTwin(Variant variant) throws Exception {
        RuleSet rules = InPodRedirection.of(IpFamily.V6).withProfile(Profile.TPROXY).ruleSet();
        String twin = Goldens.read("tproxy/public-doc-listing.iptables-save").replace("127.0.0.1/32", "::1/128")
                .replace("169.254.7.127/32", "fd16:9254:7127:1337:ffff:ffff:ffff:ffff/128").replace("--on-ip 0.0.0.0", "--on-ip ::");
        try (NetworkNamespace ours = Kernel.namespace()) {
            new IptablesRules(rules, IptablesTools.system().withVariant(variant)).install(ours);
            assertThat(Kernel.listing(ours, "ip6tables-" + variant.name().toLowerCase(Locale.ROOT) + "-save")).isEqualTo(Kernel.listing(twin));
        }
    }

    @ParameterizedTest
    @EnumSource(IpFamily.class)
    void everyProfileInstallsVerifiesAndVanishes(IpFamily family) throws Exception {
        for (Profile profile : Profile.values()) {
            try (NetworkNamespace namespace = Kernel.namespace()) {
                IptablesRules rules = new IptablesRules(InPodRedirection.of(family).withProfile(profile).withDnsCapture(true).ruleSet());
                rules.install(namespace);
                rules.verify(namespace);
                rules.remove(namespace);
                assertThat(Kernel.listing(namespace, Programs.iptables(family) + "-save")).isEmpty();
            }
        }
    }

    @Test
    void virtualInterfacesComeFirst() throws Exception {
        try (NetworkNamespace namespace = Kernel.namespace()) {
            new IptablesRules(InPodRedirection.of(IpFamily.V4).withVirtualInterfaces(java.util.List.of("br0", "tap-1")).ruleSet()).install(namespace);
            assertThat(Kernel.listing(namespace, "iptables-save").get("nat ISTIO_PRERT")).startsWith(
                    "-i br0 -p tcp -j REDIRECT --to-ports 15001", "-i br0 -p tcp -j RETURN",
                    "-i tap-1 -p tcp -j REDIRECT --to-ports 15001", "-i tap-1 -p tcp -j RETURN");
        }
    }
}
