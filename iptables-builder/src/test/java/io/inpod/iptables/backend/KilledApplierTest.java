package io.inpod.iptables.backend;

import static org.assertj.core.api.Assertions.assertThat;

import io.inpod.iptables.Kernel;
import io.inpod.iptables.pod.PodRules;
import io.inpod.iptables.text.Differences;
import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.testing.ChildProcess;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * A process that applies rules, and the tools that it runs, are killed by SIGKILL at any moment. A back end with a single transaction
 * leaves one complete version of the rules; others leave a complete version of each table. The next apply restores everything.
 */
class KilledApplierTest {
    private static final long LATEST_NANOS = 30_000_000;
    private static final String NAME = "inpod-killed-";

    /** Runs the applier below a shell in a PID namespace, so that it can be killed from inside too. All processes end with the shell. */
    private static final List<String> OWN_PROCESSES = List.of("unshare", "--pid", "--fork", "--mount-proc", "sh", "-c", "\"$@\"; exit $?", "sh");

    private final List<NetworkNamespace> pods = new ArrayList<>();

    @TempDir
    private Path directory;

    @AfterEach
    void close() throws Exception {
        for (int i = 0; i < pods.size(); i++) {
            pods.get(i).close();
            NetworkNamespace.delete(NAME + i);
        }
    }

    private NetworkNamespace pod() throws Exception {
        Kernel.namespace().close(); // skips the test without the privilege
        pods.add(NetworkNamespace.create(NAME + pods.size()));
        return pods.get(pods.size() - 1);
    }

    private String file(NetworkNamespace pod) {
        return "/run/netns/" + NAME + pods.indexOf(pod);
    }

    /** Returns all rules, by "family table" and chain. */
    private static Map<String, Map<String, List<String>>> listing(NetworkNamespace pod, Backend backend) throws Exception {
        Map<String, Map<String, List<String>>> tables = new TreeMap<>();
        if (backend.layout() == Layout.INET) {
            NftListing.of(Kernel.run(pod, "", "nft", "-s", "list", "ruleset")).forEach((chain, rules) ->
                    tables.computeIfAbsent(chain.substring(0, chain.lastIndexOf(' ')), table -> new TreeMap<>()).put(chain, rules));
            return tables;
        }
        String variant = backend.name().endsWith("legacy") ? "legacy" : "nft";
        for (String tool : List.of("iptables", "ip6tables")) {
            Kernel.listing(pod, tool + "-" + variant + "-save").forEach((chain, rules) ->
                    tables.computeIfAbsent(tool + " " + chain.split(" ")[0], table -> new TreeMap<>()).put(chain, rules));
        }
        return tables;
    }

    private static Map<String, Map<String, List<String>>> again(NetworkNamespace pod, Backend backend) {
        try {
            return listing(pod, backend);
        } catch (Exception e) {
            throw new AssertionError(e);
        }
    }

    private static ChildProcess start(Class<?> main, String... arguments) throws Exception {
        List<String> line = new ArrayList<>(OWN_PROCESSES);
        line.addAll(List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1", "-Xshare:auto", "-Dslf4j.provider=org.slf4j.helpers.NOP_FallbackServiceProvider", "-Dslf4j.internal.verbosity=ERROR",
                "-cp", System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")), main.getName()));
        line.addAll(List.of(arguments));
        return ChildProcess.start(line);
    }

    /** Kills an applier with all processes that it has started, and returns when they have ended, since until then the rules may change. */
    private static void kill(ChildProcess outside) throws Exception {
        try (outside) {
            outside.handle().children().forEach(ProcessHandle::destroyForcibly);
            outside.awaitExit();
        }
    }

    @ParameterizedTest
    @CsvSource({"netlink, 8, 2", "netlink-inet, 8, 2", "nft, 3, 1", "iptables-nft, 3, 1", "iptables-legacy, 3, 1"})
    void killedAtAnyMoment(String name, int count, int rounds) throws Exception {
        Backend backend = Backends.named(name).orElseThrow();
        boolean whole = !name.startsWith("iptables");
        List<Map<String, Map<String, List<String>>>> versions = new ArrayList<>();
        for (int version : List.of(0, 1)) {
            NetworkNamespace sample = pod();
            backend.apply(sample, PodRules.NAMES, ApplyForEver.rules(version, backend));
            versions.add(listing(sample, backend));
        }
        assertThat(versions.get(0)).isNotEqualTo(versions.get(1));
        List<NetworkNamespace> victims = new ArrayList<>();
        List<String> arguments = new ArrayList<>(List.of(name));
        for (int i = 0; i < count; i++) {
            victims.add(pod());
            arguments.add(file(victims.get(i)));
        }
        Random random = new Random(20261126);
        for (int round = 0; round < rounds; round++) {
            ChildProcess applier = start(ApplyForEver.class, arguments.toArray(String[]::new));
            try {
                applier.expect("ready");
                LockSupport.parkNanos(random.nextLong(LATEST_NANOS));
            } finally {
                kill(applier);
            }
            for (NetworkNamespace victim : victims) {
                Map<String, Map<String, List<String>>> found = listing(victim, backend);
                if (whole) {
                    assertThat(versions).contains(found);
                } else {
                    Set<String> tables = new HashSet<>(found.keySet());
                    versions.forEach(version -> tables.addAll(version.keySet()));
                    for (String table : tables) {
                        assertThat(versions).as(() -> table + ", listed again as " + again(victim, backend).get(table)).extracting(version -> version.getOrDefault(table, Map.of())).contains(found.getOrDefault(table, Map.of()));
                    }
                }
            }
            NetworkNamespace mended = victims.get(round);
            backend.apply(mended, PodRules.NAMES, ApplyForEver.rules(0, backend));
            assertThat(listing(mended, backend)).isEqualTo(versions.get(0));
            assertThat(Differences.between(backend.read(mended, PodRules.NAMES), ApplyForEver.rules(0, backend))).isEmpty();
        }
    }

    /** An applier killed between two tables leaves the pod closed: connections reach the proxy by either the old or the new rules. */
    @Test
    void killedBetweenAnyTwoTablesThePodStaysClosed() throws Exception {
        boolean finished = false;
        for (int tables = 0; !finished; tables++) {
            assertThat(tables).isLessThan(20);
            NetworkNamespace pod = pod();
            Backend plain = Backends.named("iptables-nft").orElseThrow();
            InstallOnce.change(0, plain).install(pod);
            assertClosed(pod);
            script(tables);
            ChildProcess installer = start(InstallOnce.class, directory.toString(), file(pod));
            try {
                finished = installer.awaitExit() == 0;
            } finally {
                kill(installer);
            }
            assertClosed(pod);
            if (finished) {
                assertThat(tables).as("tables changed one after the other").isGreaterThan(2);
            } else {
                InstallOnce.change(1, plain).install(pod);
            }
            InstallOnce.change(1, plain).verify(pod);
        }
    }

    /** Writes a tool that loads one table at a time, and kills the applier instead of loading the table after the last permitted one. */
    private void script(int last) throws Exception {
        Files.writeString(directory.resolve("count"), "0");
        for (String tool : List.of("iptables-nft-restore", "ip6tables-nft-restore")) {
            Path file = Files.writeString(directory.resolve(tool), """
                    #!/bin/sh
                    cd "$(dirname "$0")"
                    table=
                    while IFS= read -r line; do
                      table="$table$line
                    "
                      if [ "$line" = COMMIT ]; then
                        n=$(($(cat count) + 1))
                        [ $n -le %d ] || { kill -9 $PPID; exit 1; }
                        echo $n >count
                        printf %%s "$table" | /usr/sbin/$(basename "$0") "$@" || exit
                        table=
                      fi
                    done
                    """.formatted(last));
            Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
        }
    }

    private static void assertClosed(NetworkNamespace pod) throws Exception {
        Map<String, List<String>> rules = Kernel.listing(pod, "iptables-nft-save");
        assertThat(rules.get("nat OUTPUT")).contains("-j ISTIO_OUTPUT");
        assertThat(rules.get("nat ISTIO_OUTPUT")).anyMatch(rule -> rule.contains("--to-ports 15001"));
        assertThat(leads(rules, "mangle", "--on-port 15006") || leads(rules, "nat", "--to-ports 15006")).as("inbound: " + rules).isTrue();
        assertThat(Kernel.listing(pod, "ip6tables-nft-save").get("filter INPOD_REJECT")).isNotEmpty();
    }

    private static boolean leads(Map<String, List<String>> rules, String table, String where) {
        return rules.getOrDefault(table + " PREROUTING", List.of()).contains("-j ISTIO_PRERT")
                && rules.getOrDefault(table + " ISTIO_PRERT", List.of()).stream().anyMatch(rule -> rule.contains(where));
    }
}
