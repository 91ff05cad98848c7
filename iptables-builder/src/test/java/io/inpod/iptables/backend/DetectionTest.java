package io.inpod.iptables.backend;

import static org.assertj.core.api.Assertions.assertThat;

import io.inpod.iptables.Kernel;
import io.inpod.iptables.ManagedNames;
import io.inpod.iptables.backend.tools.IptablesTools;
import io.inpod.netns.NetworkNamespace;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The choice of a back end, depending on the rules in the real kernel. */
class DetectionTest {
    private static final ManagedNames NAMES = new ManagedNames(Set.of("CT_IN", "CT_OUT", "CT_OLD"), "contract-", Set.of());
    private final List<Backend> backends = List.of(IptablesBackend.nft(), NftBackend.system(), IptablesBackend.legacy());
    private NetworkNamespace namespace;

    @BeforeEach
    void open() throws Exception {
        namespace = Kernel.namespace();
    }

    @AfterEach
    void close() {
        if (namespace != null) {
            namespace.close();
        }
    }

    private static String script(String table) {
        return "*" + table + "\n:CT_OUT - [0:0]\n-A OUTPUT -j CT_OUT\nCOMMIT\n";
    }

    @Test
    void inAnEmptyNamespaceTheFirstUsable() throws Exception {
        Detection detection = Detection.among(backends, namespace, NAMES);
        assertThat(detection.chosen()).contains(backends.get(0));
        assertThat(detection.reason()).startsWith("iptables-nft is the first that is usable");
        assertThat(detection.candidates()).noneMatch(Detection.Candidate::holdsRules).allMatch(candidate -> candidate.usability().usable());
    }

    /** Detection must not create anything: merely asking iptables-legacy for a table would create that table. */
    @Test
    void lookingLeavesNothing() throws Exception {
        Detection.among(backends, namespace, NAMES);
        assertThat(Kernel.run(namespace, "", "iptables-legacy-save")).isEmpty();
        assertThat(Kernel.run(namespace, "", "nft", "list", "ruleset")).isEmpty();
    }

    @Test
    void whereRulesAreThoseAreReplaced() throws Exception {
        Kernel.run(namespace, script("nat"), "iptables-legacy-restore", "--noflush");
        Detection detection = Detection.among(backends, namespace, NAMES);
        assertThat(detection.chosen()).contains(backends.get(2));
        assertThat(detection.reason()).isEqualTo("iptables-legacy already holds rules here");
        Kernel.run(namespace, script("raw"), "ip6tables-nft-restore", "--noflush");
        assertThat(Detection.among(backends, namespace, NAMES).reason()).isEqualTo("iptables-nft already holds rules here, and so do other tables: iptables-legacy");
    }

    /** netlink and iptables-nft see the same rules, which doesn't count as two back ends with rules. */
    @Test
    void whoSeesTheSameTablesHoldsNoOthers() throws Exception {
        Kernel.run(namespace, script("nat"), "iptables-nft-restore", "--noflush");
        Detection detection = Detection.among(Backends.all(), namespace, NAMES);
        assertThat(detection.candidates().stream().filter(Detection.Candidate::holdsRules).map(candidate -> candidate.backend().name())).contains("netlink", "iptables-nft");
        assertThat(detection.reason()).isEqualTo("netlink already holds rules here");
    }

    @Test
    void otherPeoplesRulesDontCount() throws Exception {
        Kernel.run(namespace, script("nat").replace("CT_OUT", "OTHER"), "iptables-legacy-restore", "--noflush");
        assertThat(Detection.among(backends, namespace, NAMES).chosen()).contains(backends.get(0));
    }

    @Test
    void withoutToolsNothingIsChosenAndTheReasonNamesThem() throws Exception {
        IptablesTools none = IptablesTools.system().withDirectories(List.of());
        Detection detection = Detection.among(List.of(new IptablesBackend(none), new NftBackend(none)), namespace, NAMES);
        assertThat(detection.chosen()).isEmpty();
        assertThat(detection.reason()).startsWith("no back end is usable").contains("on Debian it is in the package iptables").contains("nftables");
    }

    @Test
    void allKnownBackEndsAreNamed() throws Exception {
        assertThat(Backends.all()).extracting(Backend::name).contains("iptables-nft", "nft", "iptables-legacy").doesNotHaveDuplicates();
        assertThat(Backends.named("nft")).isPresent();
        assertThat(Backend.detect(namespace, NAMES).chosen()).isPresent();
    }
}
