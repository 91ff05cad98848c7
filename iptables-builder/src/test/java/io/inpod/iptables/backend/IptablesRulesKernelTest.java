package io.inpod.iptables.backend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.inpod.iptables.Chain;
import io.inpod.iptables.Kernel;
import io.inpod.iptables.Rule;
import io.inpod.iptables.RuleSet;
import io.inpod.iptables.Table;
import io.inpod.iptables.TableName;
import io.inpod.iptables.Target;
import io.inpod.iptables.backend.tools.IptablesException;
import io.inpod.iptables.pod.InPodRedirection;
import io.inpod.iptables.pod.InPodRedirection.Profile;
import io.inpod.netns.IpFamily;
import io.inpod.netns.NetworkNamespace;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Installing, verifying, replacing and removing rules in the real kernel. */
class IptablesRulesKernelTest {
    private static final String FOREIGN = """
            *nat
            :OTHER - [0:0]
            -A OUTPUT -p tcp -m comment --comment "a \\"quoted\\" -j ISTIO_OUTPUT" -j OTHER
            -A OTHER -d 10.9.8.7/32 -j RETURN
            COMMIT
            *filter
            :INPUT DROP [0:0]
            -A INPUT -i lo -j ACCEPT
            COMMIT
            """;

    private final InPodRedirection preset = InPodRedirection.of(IpFamily.V4).withDnsCapture(true);
    private final IptablesRules rules = new IptablesRules(preset.ruleSet());
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

    private Map<String, List<String>> listing() throws Exception {
        return Kernel.listing(namespace, "iptables-save");
    }

    private void tamper(String... script) throws Exception {
        Kernel.run(namespace, String.join("\n", script) + "\nCOMMIT\n", "iptables-restore", "--noflush");
    }

    private List<String> differences() {
        return catchThrowableOfType(RulesDifferException.class, () -> rules.verify(namespace)).differences();
    }

    @Test
    void installingTwiceIsInstallingOnce() throws Exception {
        rules.install(namespace);
        Map<String, List<String>> once = listing();
        rules.install(namespace);
        assertThat(listing()).isEqualTo(once);
        rules.verify(namespace);
    }

    @Test
    void removesOnlyWhatIsOursAndAsOftenAsOneLikes() throws Exception {
        Kernel.run(namespace, FOREIGN, "iptables-restore", "--noflush");
        Map<String, List<String>> before = listing();
        rules.install(namespace);
        assertThat(listing()).containsAllEntriesOf(Map.of("nat OTHER", before.get("nat OTHER"), "filter INPUT", before.get("filter INPUT")));
        new IptablesRules(preset.ruleSet()).remove(namespace);
        assertThat(listing()).isEqualTo(before);
        rules.remove(namespace);
        assertThat(listing()).isEqualTo(before);
    }

    @Test
    void removesWhatIsHalfRemoved() throws Exception {
        rules.install(namespace);
        tamper("*nat", "-D OUTPUT -j ISTIO_OUTPUT", "-F ISTIO_OUTPUT", "-X ISTIO_OUTPUT", "-A PREROUTING -p tcp -j ISTIO_PRERT", "-A PREROUTING -j ISTIO_PRERT");
        rules.remove(namespace);
        assertThat(listing()).isEmpty();
    }

    @Test
    void saysInWordsWhatIsWrong() throws Exception {
        assertThat(differences()).contains("IPv4 nat: chain ISTIO_OUTPUT is missing", "IPv4 mangle: OUTPUT lacks the rule -j ISTIO_OUTPUT");
        rules.install(namespace);
        tamper("*nat", "-R ISTIO_OUTPUT 6 ! -d 127.0.0.1 -p tcp -m mark ! --mark 0x539/0xfff -j REDIRECT --to-ports 15007");
        assertThat(differences()).containsExactly("IPv4 nat: rule 6 of ISTIO_OUTPUT: redirect goes to 15007 instead of 15001");
        rules.install(namespace);
        tamper("*nat", "-D ISTIO_OUTPUT 1", "-I ISTIO_PRERT -j RETURN", "-A ISTIO_PRERT -m ttl --ttl-eq 3 -j RETURN");
        assertThat(differences()).containsExactlyInAnyOrder("IPv4 nat: rule 1 of ISTIO_OUTPUT is missing: -d 169.254.7.127/32 -p tcp -m tcp -j ACCEPT",
                "IPv4 nat: rule 1 of ISTIO_PRERT is foreign: -j RETURN", "IPv4 nat: rule 4 of ISTIO_PRERT is foreign: -m ttl --ttl-eq 3 -j RETURN");
        rules.install(namespace);
        tamper("*raw", "-D OUTPUT -j ISTIO_OUTPUT");
        assertThat(differences()).containsExactly("IPv4 raw: OUTPUT lacks the rule -j ISTIO_OUTPUT");
        rules.install(namespace);
        rules.verify(namespace);
    }

    @Test
    void noticesSwappedRules() throws Exception {
        rules.install(namespace);
        tamper("*nat", "-D ISTIO_OUTPUT 4", "-A ISTIO_OUTPUT -p tcp -m mark --mark 0x111/0xfff -j ACCEPT");
        assertThat(differences()).isNotEmpty();
    }

    @Test
    void replacesAnotherVersionWhole() throws Exception {
        rules.install(namespace);
        IptablesRules without = new IptablesRules(preset.withProfile(Profile.TPROXY).withDnsCapture(false).ruleSet());
        without.install(namespace);
        without.verify(namespace);
        assertThat(listing().keySet()).noneMatch(chain -> chain.startsWith("raw")).doesNotContain("nat ISTIO_PRERT", "nat PREROUTING");
        rules.install(namespace);
        rules.verify(namespace);
    }

    @Test
    void repairingARuleLeavesTheJumpBeforeOthers() throws Exception {
        rules.install(namespace);
        tamper("*nat", "-A OUTPUT -d 10.0.0.1 -j ACCEPT", "-D ISTIO_OUTPUT 1");
        rules.install(namespace);
        assertThat(listing().get("nat OUTPUT")).containsExactly("-j ISTIO_OUTPUT", "-d 10.0.0.1/32 -j ACCEPT");
    }

    /** The kernel refuses more than 16 nested jumps. They are in raw, the last table, so that mangle has been changed by then. */
    @Test
    void putsBackEarlierTablesWhenTheKernelRefusesALaterOne() throws Exception {
        List<Chain> raw = new ArrayList<>(List.of(Chain.of("OUTPUT", Rule.of(new Target.Jump("ISTIO_OUTPUT")))));
        for (int i = 0; i < 20; i++) {
            raw.add(Chain.of(i == 0 ? "ISTIO_OUTPUT" : "DEEP_" + i, Rule.of(new Target.Jump("DEEP_" + (i + 1)))));
        }
        raw.add(Chain.of("DEEP_20"));
        List<Table> tables = new ArrayList<>(InPodRedirection.of(IpFamily.V4).withIngress(true).ruleSet().tables());
        tables.add(new Table(TableName.RAW, raw));
        IptablesRules tooDeep = new IptablesRules(new RuleSet(IpFamily.V4, tables));

        assertThatThrownBy(() -> tooDeep.install(namespace)).isInstanceOf(IptablesException.class)
                .hasMessageContaining("iptables-restore --noflush").hasMessageContaining("Too many links").hasMessageContaining(namespace.toString());
        assertThat(listing()).isEmpty();

        tamper("*nat", "-A OUTPUT -d 10.0.0.1 -j ACCEPT");
        rules.install(namespace);
        tamper("*nat", "-A OUTPUT -d 10.0.0.2 -j ACCEPT", "-A ISTIO_PRERT -j RETURN", "-A OUTPUT -p tcp -j ISTIO_OUTPUT");
        Map<String, List<String>> before = listing();
        assertThatThrownBy(() -> tooDeep.install(namespace)).isInstanceOf(IptablesException.class).hasNoSuppressedExceptions();
        assertThat(listing()).isEqualTo(before);
    }

    @Test
    void aTableThatOnlyNftUnderstandsIsAnError() throws Exception {
        Kernel.run(namespace, "table ip nat { chain OUTPUT { type nat hook output priority -100; numgen random mod 10 0 drop; }; }", "nft", "-f", "-");
        assertThatThrownBy(() -> rules.install(namespace)).hasMessageContaining("can't list the table nat");
        assertThatThrownBy(() -> rules.remove(namespace)).hasMessageContaining("nft list table ip nat");
    }

    @Test
    void aClosedNamespaceIsAnError() {
        namespace.close();
        assertThatThrownBy(() -> rules.install(namespace)).hasMessageContaining("iptables-save").hasMessageContaining("has been closed");
    }

    @Test
    void noThreadIsBornInTheNamespaceAndNothingIsLeftBehind() throws Exception {
        Set<Path> before = temporaryDirectories();
        rules.install(namespace);
        try (var tasks = Files.list(Path.of("/proc/self/task"))) {
            assertThat(tasks.map(task -> readLink(task.resolve("ns/net")))).doesNotContain(namespace.identity().toString());
        }
        assertThatCode(() -> rules.remove(namespace)).doesNotThrowAnyException();
        Set<Path> left = temporaryDirectories();
        left.removeAll(before);
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
        while (!left.isEmpty() && System.nanoTime() - end < 0) { // other processes' files come and go
            left.removeIf(path -> !Files.exists(path));
        }
        assertThat(left).isEmpty();
    }

    private static Set<Path> temporaryDirectories() throws Exception {
        try (var temporary = Files.list(Path.of(System.getProperty("java.io.tmpdir")))) {
            return temporary.filter(path -> path.getFileName().toString().startsWith("inpod-iptables")).collect(Collectors.toSet());
        }
    }

    private static String readLink(Path path) {
        try {
            return Files.readSymbolicLink(path).toString();
        } catch (java.io.IOException e) {
            return "gone";
        }
    }
}
