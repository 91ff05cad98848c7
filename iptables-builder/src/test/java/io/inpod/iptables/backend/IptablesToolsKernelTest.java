package io.inpod.iptables.backend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.inpod.iptables.Kernel;
import io.inpod.iptables.RuleSet;
import io.inpod.iptables.backend.internal.tools.LockFile;
import io.inpod.iptables.backend.tools.IptablesException;
import io.inpod.iptables.backend.tools.IptablesTools;
import io.inpod.iptables.pod.InPodRedirection;
import io.inpod.netns.IpFamily;
import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.testing.ChildProcess;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Tools that are missing, that hang, or that fail midway. */
class IptablesToolsKernelTest {
    private final RuleSet rules = InPodRedirection.of(IpFamily.V4).withDnsCapture(true).ruleSet();

    @TempDir
    private Path directory;
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

    private IptablesTools with(String tool, String script) throws IOException {
        Path file = Files.writeString(directory.resolve(tool), "#!/bin/sh\n" + script + "\n");
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
        List<Path> directories = new ArrayList<>(List.of(directory));
        directories.addAll(IptablesTools.system().directories());
        return IptablesTools.system().withDirectories(directories);
    }

    @Test
    void aMissingToolIsNamedWithItsPackage() {
        IptablesTools none = IptablesTools.system().withDirectories(List.of(directory));
        assertThatThrownBy(() -> new IptablesRules(rules, none).install(namespace)).isInstanceOf(FileNotFoundException.class)
                .hasMessage("iptables-save is not in [" + directory + "]; on Debian it is in the package iptables");
    }

    @Test
    void failureInTheLastTableUndoesTheOthers() throws Exception {
        String first = "if [ -e " + directory + "/once ]; then exec /usr/sbin/iptables-restore \"$@\"; fi; touch " + directory + "/once; "
                + "sed 's/^[*]raw/&\\n-A NOSUCH -j ACCEPT/' | /usr/sbin/iptables-restore \"$@\"";
        assertThatThrownBy(() -> new IptablesRules(rules, with("iptables-restore", first)).install(namespace))
                .isInstanceOf(IptablesException.class).hasNoSuppressedExceptions();
        assertThat(directory.resolve("once")).exists();
        assertThat(Kernel.listing(namespace, "iptables-save")).isEmpty();
    }

    @Test
    void aToolThatDoesHalfAndSaysNothingIsNoticed() throws Exception {
        String half = "if grep -q '^[*]nat'; then :; fi; exit 0";
        assertThatThrownBy(() -> new IptablesRules(rules, with("iptables-restore", half)).install(namespace)).isInstanceOf(RulesDifferException.class);
    }

    @Test
    void aHangingToolIsKilled() throws Exception {
        List<ProcessHandle> others = ProcessHandle.current().children().toList(); // other tests' pods have one
        IptablesTools slow = with("iptables-save", "exec sleep 60").withTimeout(Duration.ofSeconds(1));
        assertThatThrownBy(() -> new IptablesRules(rules, slow).verify(namespace)).hasMessageContaining("took longer than 1 s and was killed");
        assertThat(ProcessHandle.current().children().filter(child -> child.isAlive() && !others.contains(child))).isEmpty();
    }

    @Test
    void whatTheToolSaysIsInTheError() throws Exception {
        IptablesTools broken = with("iptables-restore", "echo 'Warning: Extension TPROXY revision 0 not supported, missing kernel module?' >&2; exit 4");
        assertThatThrownBy(() -> new IptablesRules(rules, broken).install(namespace)).hasMessageContaining("exit status 4")
                .hasMessageContaining("missing kernel module?").hasMessageContaining("the kernel lacks a module");
    }

    @Test
    void theLockIsPrivate() throws Exception {
        IptablesTools spy = with("iptables-save", "echo \"# $XTABLES_LOCKFILE $LC_ALL\" > " + directory + "/env; exec /usr/sbin/iptables-save");
        assertThatThrownBy(() -> new IptablesRules(rules, spy).verify(namespace)).isInstanceOf(RulesDifferException.class);
        assertThat(Files.readString(directory.resolve("env"))).matches("# /.*/inpod-\\d+/xtables-\\d+\\.lock C\n");
    }

    @Test
    void warningsAreNoFailure() throws Exception {
        IptablesTools warning = with("iptables-restore", "echo '# Warning: iptables-legacy tables present' >&2; exec /usr/sbin/iptables-restore \"$@\"");
        new IptablesRules(rules, warning).install(namespace);
        new IptablesRules(rules).verify(namespace);
    }

    @Test
    void theOtherVariantUnderThisNameIsNoticed() throws Exception {
        IptablesTools other = with("iptables-nft-save", "exec /usr/sbin/iptables-legacy-save \"$@\"").withVariant(IptablesTools.Variant.NFT);
        Usability usability = new IptablesBackend(other).usability(namespace);
        assertThat(usability.usable()).isFalse();
        assertThat(usability.reason()).contains(directory + "/iptables-nft-save is another variant").contains("(legacy), not (nf_tables)");
    }

    /** The tool is killed after it has committed mangle. */
    @Test
    void whatAToolDidBeforeItWasKilledIsUndone() throws Exception {
        String killed = "if [ -e " + directory + "/once ]; then exec /usr/sbin/iptables-restore \"$@\"; fi; touch " + directory + "/once; "
                + "sed '/^COMMIT/q' | /usr/sbin/iptables-restore \"$@\"; kill -9 $$";
        assertThatThrownBy(() -> new IptablesRules(rules, with("iptables-restore", killed)).install(namespace))
                .isInstanceOf(IptablesException.class).hasMessageContaining("exit status 137").hasNoSuppressedExceptions();
        assertThat(directory.resolve("once")).exists();
        assertThat(Kernel.listing(namespace, "iptables-save")).isEmpty();
    }

    @Test
    void aLockThatSomebodyElseHoldsIsAwaitedForSomeTimeOnly() throws Exception {
        try (ChildProcess holder = ChildProcess.start(
                List.of("flock", "--no-fork", LockFile.of(namespace.identity()).toString(), "sh", "-c", "echo held; exec sleep 600"))) {
            holder.expect("held");
            IptablesTools legacy = IptablesTools.system().withVariant(IptablesTools.Variant.LEGACY).withTimeout(Duration.ofSeconds(4));
            assertThatThrownBy(() -> new IptablesRules(rules, legacy).install(namespace)).isInstanceOf(IptablesException.class)
                    .hasMessageContaining("xtables lock").hasMessageContaining("another run of iptables has held its lock all the time");
            new IptablesRules(rules, IptablesTools.system().withVariant(IptablesTools.Variant.NFT)).install(namespace); // needs no lock
        }
    }

    @Test
    void aModuleThatTheKernelLacksIsNamed() throws Exception {
        IptablesTools broken = with("iptables-restore", "echo 'Warning: Extension TPROXY revision 0 not supported, missing kernel module?' >&2; exit 4");
        assertThatThrownBy(() -> new IptablesRules(rules, broken).install(namespace)).hasMessageContaining("CONFIG_NETFILTER_XT_TARGET_TPROXY");
        for (var lacking : Map.of("REDIRECT", "CONFIG_NETFILTER_XT_TARGET_REDIRECT", "CT", "CONFIG_NETFILTER_XT_TARGET_CT").entrySet()) {
            IptablesTools refusing = with("iptables-restore", "n=$(grep -n -e '-j " + lacking.getKey() + " ' | head -1 | cut -d: -f1); "
                    + "echo \"iptables-restore: line $n: RULE_APPEND failed (No such file or directory)\" >&2; exit 4");
            assertThatThrownBy(() -> new IptablesRules(rules, refusing).install(namespace)).hasMessageContaining(lacking.getValue());
        }
    }
}
