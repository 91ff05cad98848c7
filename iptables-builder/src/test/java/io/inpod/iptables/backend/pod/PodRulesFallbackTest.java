package io.inpod.iptables.backend.pod;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.inpod.iptables.Kernel;
import io.inpod.iptables.backend.Backend;
import io.inpod.iptables.backend.IptablesBackend;
import io.inpod.iptables.backend.tools.IptablesException;
import io.inpod.iptables.backend.tools.IptablesTools;
import io.inpod.iptables.backend.NetlinkBackend;
import io.inpod.iptables.backend.RulesDifferException;
import io.inpod.iptables.pod.InPodRedirection;
import io.inpod.iptables.pod.PodRules;
import io.inpod.netns.IpFamily;
import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.testing.PodNetwork;
import io.inpod.netns.testing.Pods;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The preferred back end, or one family, doesn't work: the rules are never half applied, and never silently absent. */
@Pods(1)
class PodRulesFallbackTest {
    private static final PodRules BOTH = PodRules.of(InPodRedirection.of(IpFamily.V4), InPodRedirection.of(IpFamily.V6));

    @TempDir
    private Path directory;
    private final List<String> reasons = new ArrayList<>();

    private PodRulesChange by(Backend... backends) {
        return new PodRulesChange(BOTH, List.of(backends), reasons::add);
    }

    /** Returns tools in which a shell script takes precedence over the real tool. */
    private IptablesTools with(String tool, String script) throws IOException {
        Path file = Files.writeString(directory.resolve(tool), "#!/bin/sh\n" + script + "\n");
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
        List<Path> directories = new ArrayList<>(List.of(directory));
        directories.addAll(IptablesTools.system().directories());
        return IptablesTools.system().withDirectories(directories).withVariant(IptablesTools.Variant.NFT);
    }

    @Test
    void whatIsMissingIsPassedOver(PodNetwork network) throws Exception {
        NetworkNamespace pod = network.pod(0).namespace();
        Backend missing = new IptablesBackend(IptablesTools.system().withDirectories(List.of(directory)));
        by(missing, NetlinkBackend.iptables()).install(pod);
        assertThat(reasons).singleElement().asString().contains("netlink is the first that is usable");
        assertThat(Kernel.run(pod, "", "iptables-save")).contains("15001");
        assertThatThrownBy(() -> by(missing).install(pod)).isInstanceOf(IOException.class).hasMessageContaining("no back end is usable")
                .hasMessageContaining("on Debian it is in the package iptables");
    }

    @Test
    void whatFailsIsToldAndTheNextIsTaken(PodNetwork network) throws Exception {
        NetworkNamespace pod = network.pod(0).namespace();
        Backend failing = new IptablesBackend(with("iptables-nft-restore", "echo broken >&2; exit 4"));
        by(failing, NetlinkBackend.inet()).install(pod);
        assertThat(reasons).hasSize(3);
        assertThat(reasons.get(1)).startsWith("iptables-nft failed: ").contains("broken");
        assertThat(reasons.get(2)).isEqualTo("netlink-inet was taken instead");
        assertThat(Kernel.run(pod, "", "iptables-save")).doesNotContain("15001");
        assertThat(Kernel.run(pod, "", "nft", "list", "ruleset")).contains("redirect to :15001");
        by(failing, NetlinkBackend.inet()).verify(pod);
    }

    /** The tool fails as it does on a kernel without REDIRECT for IPv6. */
    @Test
    void aFamilyThatCanNotBeRedirectedIsRejected(PodNetwork network) throws Exception {
        NetworkNamespace pod = network.pod(0).namespace();
        Backend without = new IptablesBackend(with("ip6tables-nft-restore",
                "cat >" + directory + "/script; if grep -q REDIRECT " + directory + "/script; then echo 'no REDIRECT' >&2; exit 2; fi; "
                        + "exec /usr/sbin/ip6tables-nft-restore \"$@\" <" + directory + "/script"));
        by(without).install(pod);
        assertThat(reasons).last().asString().contains("not every family can be redirected here");
        assertThat(Kernel.run(pod, "", "iptables-save")).contains("15001");
        assertThat(Kernel.run(pod, "", "ip6tables-save")).contains("REJECT --reject-with tcp-reset").doesNotContain("15001");
        by(without).verify(pod);
        by(without).install(pod);
        assertThatThrownBy(() -> by(new IptablesBackend(IptablesTools.system().withVariant(IptablesTools.Variant.NFT))).verify(pod))
                .as("a kernel that can redirect both").isInstanceOf(RulesDifferException.class);
    }

    @Test
    void whatCanNotBeDoneAtAllLeavesNothing(PodNetwork network) throws Exception {
        NetworkNamespace pod = network.pod(0).namespace();
        Backend failing = new IptablesBackend(with("iptables-nft-restore", "exit 4"));
        assertThatThrownBy(() -> by(failing).install(pod)).isInstanceOf(IptablesException.class);
        assertThat(Kernel.listing(pod, "iptables-save")).isEmpty();
        assertThat(Kernel.listing(pod, "ip6tables-save")).isEmpty();
    }
}
