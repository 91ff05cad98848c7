package io.inpod.examples.rules;

import static org.assertj.core.api.Assertions.assertThat;

import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.testing.PodNetwork;
import io.inpod.netns.testing.Pods;
import io.inpod.netns.testing.Tool;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Tools load the output of {@code ./inpod rules print}: the result is Istio's listing, and names can't inject anything. */
@Pods(2)
class RulesPrintTest {
    private static final Path GOLDENS = Path.of("../../iptables-builder/src/test/resources/goldens/nftables");
    private static final String PROBE = "e9ac:1e77:90ca:399f:4d6d:ece2:2f9b:3164";
    private static final String ALPHABET = "ab0+*\"';-!#\\ \n\t:/.@_\u00e9\u00a0|&$()`{}%~<>=[]";

    @TempDir
    Path directory;

    private void load(NetworkNamespace pod, String script, String command) throws IOException {
        Path file = Files.writeString(directory.resolve("script"), script);
        Tool.run(pod, "sh", "-c", command + " <" + file);
    }

    @ParameterizedTest
    @CsvSource({
        "default.golden, --dns",
        "dns_pod_disabled_and_on_globally.golden, --profile redirect",
        "ingress.golden, --ingress",
        "default_ipv6.golden, --dns --family 6 --host-probe-v6 " + PROBE,
        "hostprobe.golden, --scope host --kubelet-uid 1000",
        "hostprobe_ipv6.golden, --scope host --kubelet-uid 1000 --family 6 --host-probe-v6 " + PROBE,
    })
    void nftLoadsTheGolden(String golden, String options, PodNetwork network) throws Exception {
        NetworkNamespace ours = network.pod(0).namespace();
        NetworkNamespace theirs = network.pod(1).namespace();
        RulesRun printed = RulesRun.of("print", RulesRun.with(options.split(" "), "--format", "nft"));
        assertThat(printed.code()).isZero();
        load(ours, printed.out(), "nft -f -");
        if (golden.startsWith("hostprobe")) { // these ask for sets that another program makes
            load(theirs, "table inet istio-ambient-nat {\nset istio-inpod-probes-v4 { type ipv4_addr; }\nset istio-inpod-probes-v6 { type ipv6_addr; }\n}\n", "nft -f -");
        }
        load(theirs, Files.readString(GOLDENS.resolve(golden)), "nft -f -");
        assertThat(chains(ours)).isNotEmpty().isEqualTo(chains(theirs));
    }

    /** Returns the lines of each chain, by table and chain, without counters. */
    private static Map<String, List<String>> chains(NetworkNamespace pod) throws IOException {
        Map<String, List<String>> chains = new LinkedHashMap<>();
        String table = "";
        String chain = "";
        for (String line : Tool.run(pod, "nft", "-s", "list", "ruleset").lines().map(String::strip).toList()) {
            if (line.startsWith("table ")) {
                table = line;
            } else if (line.startsWith("chain ") || line.startsWith("set ")) {
                chain = line.startsWith("chain ") ? table + line : "";
            } else if (!line.equals("}") && !line.isEmpty() && !chain.isEmpty()) {
                chains.computeIfAbsent(chain, name -> new ArrayList<>()).add(line);
            }
        }
        return chains;
    }

    /** A name is either refused in one or two lines, with no output, or loaded literally, with as many rules as a harmless name. */
    @Test
    void hostileNamesAreRefusedOrExact(PodNetwork network) throws Exception {
        Random random = new Random(20261126);
        int[] outcomes = new int[2];
        for (int round = 0; round < 40; round++) {
            StringBuilder hostile = new StringBuilder();
            for (int n = random.nextInt(8); n >= 0; n--) {
                hostile.append(round % 3 == 0 ? ".@_-aZ09".charAt(random.nextInt(8)) : ALPHABET.charAt(random.nextInt(ALPHABET.length())));
            }
            for (String format : new String[] {"iptables", "nft", "json"}) {
                String text = hostile.toString();
                outcomes[tried(format, "--virtual-interfaces=", text, "x")] += 1;
                outcomes[tried(format, "--mark-owner=", text, "x")] += 1;
                outcomes[tried(format, "--host-probe-v4=", text, "192.0.2.1")] += 1;
                outcomes[hostTried(format, text)] += 1;
            }
            assertLoadable(hostile.toString(), network);
        }
        assertThat(outcomes[0]).as("refused").isGreaterThan(100);
        assertThat(outcomes[1]).as("accepted").isGreaterThan(100);
    }

    private final Map<List<String>, RulesRun> harmlessRuns = new HashMap<>();

    private int tried(String format, String option, String text, String harmless) {
        String[] rest = {"--guard", "true", "--format", format};
        return compare(RulesRun.of("print", RulesRun.with(rest, option + text)), RulesRun.with(rest, option + harmless), text);
    }

    /** Tries a text as a comment in a set. */
    private int hostTried(String format, String text) {
        String[] rest = {"--scope", "host", "--format", format};
        return compare(RulesRun.of("print", RulesRun.with(rest, "--pod=192.0.2.7=" + text)), RulesRun.with(rest, "--pod=192.0.2.7=x"), text);
    }

    private int compare(RulesRun run, String[] harmlessly, String text) {
        RulesRun harmless = harmlessRuns.computeIfAbsent(List.of(harmlessly), arguments -> RulesRun.of("print", harmlessly));
        assertThat(harmless.code()).isZero();
        if (run.code() == 0) {
            assertThat(run.err()).isEmpty();
            assertThat(run.out().lines()).as(text).hasSameSizeAs(harmless.out().lines().toList());
            return 1;
        }
        assertThat(run.code()).as(text).isEqualTo(2);
        assertThat(run.out()).isEmpty();
        assertThat(run.err().lines().toList()).as(text).hasSizeBetween(1, 2).first().asString().isNotBlank().doesNotContain("Exception");
        return 0;
    }

    private void assertLoadable(String name, PodNetwork network) throws IOException {
        NetworkNamespace pod = network.pod(0).namespace();
        RulesRun iptables = RulesRun.of("print", "--virtual-interfaces=" + name);
        if (iptables.code() == 0) {
            load(pod, iptables.out(), "iptables-nft-restore"); // flushes the earlier rules
            assertThat(Tool.run(pod, "iptables-nft-save", "-t", "nat").lines().filter(line -> line.startsWith("-A ISTIO_PRERT")).toList()).as(name)
                    .hasSize(4).startsWith("-A ISTIO_PRERT -i " + name + " -p tcp -j REDIRECT --to-ports 15001", "-A ISTIO_PRERT -i " + name + " -p tcp -j RETURN");
        }
        RulesRun nft = RulesRun.of("print", "--format", "nft", "--virtual-interfaces=" + name);
        if (nft.code() == 0) {
            load(pod, nft.out(), "nft -f -");
            assertThat(chains(pod).get("table inet istio-ambient-nat {chain istio-prerouting {")).as(name).hasSize(4)
                    .startsWith("iifname \"" + name + "\" meta l4proto tcp counter redirect to :15001");
        }
    }

    /** Asserts that no tool splits the name or interprets its quotes. */
    @Test
    void aListOfInterfacesIsSplitAtCommasAlone() {
        assertThat(RulesRun.of("print", "--format", "json", "--virtual-interfaces", "a\"b,c'd").out()).contains("\"a\\\"b\"", "\"c'd\"");
        assertThat(RulesRun.of("print", "--virtual-interfaces", "a\"b")).satisfies(outcome -> {
            assertThat(outcome.code()).isEqualTo(2);
            assertThat(outcome.err()).contains("iptables-restore can't express the interface name \"a\"b\": only letters");
        });
        assertThat(RulesRun.of("print", "--virtual-interfaces", "a,,b").err()).contains("it has 0 bytes");
        assertThat(RulesRun.of("print", "--format", "json", "--virtual-interfaces", "@/etc/passwd").err()).contains("@/etc/passwd").contains("is not an interface name");
        assertThat(RulesRun.of("print", "--format", "json", "--virtual-interfaces", "@a").out()).contains("\"@a\"");
    }
}
