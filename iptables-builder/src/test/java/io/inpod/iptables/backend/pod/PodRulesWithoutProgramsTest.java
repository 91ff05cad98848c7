package io.inpod.iptables.backend.pod;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.inpod.iptables.Kernel;
import io.inpod.iptables.backend.Backend;
import io.inpod.iptables.backend.IptablesBackend;
import io.inpod.iptables.backend.tools.IptablesTools;
import io.inpod.iptables.backend.NetlinkBackend;
import io.inpod.iptables.backend.RulesDifferException;
import io.inpod.iptables.backend.Usability;
import io.inpod.iptables.pod.InPodRedirection;
import io.inpod.iptables.pod.PodRules;
import io.inpod.netns.IpFamily;
import io.inpod.netns.NetworkNamespace;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import jdk.jfr.Recording;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordingFile;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** If netlink works, a pod's rules are installed, verified and removed without running any program. */
class PodRulesWithoutProgramsTest {
    private static final PodRules RULES = PodRules.of(InPodRedirection.of(IpFamily.V4), InPodRedirection.of(IpFamily.V6));

    @TempDir
    private Path directory;
    private NetworkNamespace pod;

    @BeforeEach
    void open() throws Exception {
        pod = Kernel.namespace();
    }

    @AfterEach
    void close() {
        pod.close();
    }

    private interface Work {
        void run() throws Exception;
    }

    /** Returns the command lines of the programs that this process starts while an action runs. */
    private List<String> started(Work work) throws Exception {
        try (Recording recording = new Recording()) {
            recording.enable("jdk.ProcessStart");
            recording.start();
            work.run();
            recording.stop();
            Path file = directory.resolve("recording.jfr");
            recording.dump(file);
            return RecordingFile.readAllEvents(file).stream().filter(event -> event.getEventType().getName().equals("jdk.ProcessStart"))
                    .map((RecordedEvent event) -> event.getString("command")).toList();
        }
    }

    @Test
    void netlinkNeedsNone() throws Exception {
        assertThat(started(() -> Kernel.run(pod, "", "true"))).as("programs are seen").isNotEmpty();
        Usability usability = NetlinkBackend.iptables().usability(pod);
        assertThat(usability.usable()).as(usability.reason()).isTrue();
        assertThat(started(() -> {
            PodRulesChange change = new PodRulesChange(RULES);
            change.install(pod);
            change.install(pod);
            change.verify(pod);
            change.remove(pod);
            change.remove(pod);
        })).isEmpty();
        assertThat(Kernel.listing(pod, "iptables-nft-save")).isEmpty();
    }

    /** Rules that only a program can see are still found and removed. */
    @Test
    void whereLegacyHoldsRulesItsToolIsAsked() throws Exception {
        Backend legacy = IptablesBackend.legacy();
        legacy.apply(pod, PodRules.NAMES, PodRulesChange.ruleSet(RULES, legacy));
        assertThatThrownBy(() -> new PodRulesChange(RULES, List.of(NetlinkBackend.iptables()), reason -> {
        }).verify(pod)).isInstanceOf(RulesDifferException.class).hasMessageContaining("iptables-legacy");
        new PodRulesChange(RULES).remove(pod);
        assertThat(Kernel.listing(pod, "iptables-legacy-save")).isEmpty();
    }

    @Test
    void removalByNothingThatIsUsableIsAnError() {
        Backend missing = new IptablesBackend(IptablesTools.system().withDirectories(List.of(directory)));
        assertThatThrownBy(() -> new PodRulesChange(RULES, List.of(missing), reason -> {
        }).remove(pod)).isInstanceOf(IOException.class).hasMessageContaining("no back end is usable").hasMessageContaining("on Debian it is in the package iptables");
    }
}
