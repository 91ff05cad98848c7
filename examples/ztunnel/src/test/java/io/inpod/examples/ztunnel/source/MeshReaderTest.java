package io.inpod.examples.ztunnel.source;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;

import com.sun.management.ThreadMXBean;
import io.inpod.examples.ztunnel.config.ConfigException;
import io.inpod.examples.ztunnel.config.ProxyConfigTest;
import io.inpod.examples.ztunnel.mesh.Mesh;
import io.inpod.examples.ztunnel.mesh.Workload;
import io.netty.buffer.Unpooled;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Documents that follow each other, compared with reading each of them alone. */
class MeshReaderTest {
    private static final String SOURCE = "mesh.json";

    private MeshReader reader;
    private Mesh mesh = Mesh.EMPTY;

    @BeforeEach
    void begin() throws ConfigException {
        reader = new MeshReader(SOURCE, ProxyConfigTest.config());
    }

    private static DocumentText text(String document) throws ConfigException {
        return DocumentText.of(SOURCE, Unpooled.wrappedBuffer(document.getBytes(StandardCharsets.UTF_8)));
    }

    /** Returns the error, null if there is none. */
    private @Nullable String read(String document) {
        try {
            Mesh next = reader.read(text(document), mesh);
            mesh = next == null ? Mesh.EMPTY : next;
            return null;
        } catch (ConfigException e) {
            return e.getMessage();
        }
    }

    private static Mesh alone(String document) throws ConfigException {
        MeshContents contents = MeshFile.read(SOURCE, text(document), ProxyConfigTest.config(), new Interner(null), Mesh.EMPTY);
        return contents == null ? Mesh.EMPTY : contents.mesh();
    }

    private static void assertSame(Mesh mesh, Mesh expected) {
        assertThat(new HashSet<>(mesh.workloads())).isEqualTo(new HashSet<>(expected.workloads()));
        assertThat(new HashSet<>(mesh.services())).isEqualTo(new HashSet<>(expected.services()));
        assertThat(new HashSet<>(mesh.policies())).isEqualTo(new HashSet<>(expected.policies()));
        assertThat(mesh.size()).isEqualTo(expected.size());
    }

    private static String workload(int i, String name) {
        return "{\"uid\": \"u" + i + "\", \"name\": \"" + name + "\", \"namespace\": \"a\", \"workloadIps\": [\"10.0." + i / 250 + "." + i % 250
                + "\"], \"services\": {\"a/s" + i % 7 + ".example\": {\"80\": 8080}}}";
    }

    private static String service(int i, int port) {
        return "{\"name\": \"s" + i + "\", \"namespace\": \"a\", \"hostname\": \"s" + i + ".example\", \"vips\": [\"/10.9.0." + i
                + "\"], \"ports\": {\"80\": " + port + "}}";
    }

    private static String policy(int i, String action) {
        return "{\"name\": \"p" + i + "\", \"namespace\": \"a\", \"scope\": \"Namespace\", \"action\": \"" + action
                + "\", \"dryRun\": false, \"rules\": [[[{\"namespaces\": [{\"Exact\": \"n" + i + "\"}]}]]]}";
    }

    private static String document(List<String> workloads, List<String> services, List<String> policies) {
        return "{\"workloads\": [" + String.join(", ", workloads) + "],\n\"services\": [" + String.join(",\n", services)
                + "], \"policies\": [" + String.join(",", policies) + "]}\n";
    }

    /** Entries are added, removed, changed, moved, written differently and written twice. */
    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10})
    void anyRowOfDocumentsGivesWhatEachGivesAlone(long seed) throws Exception {
        Random random = new Random(seed);
        List<String> workloads = new ArrayList<>();
        List<String> services = new ArrayList<>();
        List<String> policies = new ArrayList<>();
        int read = 0;
        for (int round = 0; round < 60; round++) {
            for (int i = random.nextInt(5); i > 0; i--) {
                change(random, workloads, workload(random.nextInt(300), random.nextBoolean() ? "x" : "\\\"}]" + round));
                change(random, services, service(random.nextInt(9), 80 + random.nextInt(2)));
                change(random, policies, policy(random.nextInt(20), random.nextBoolean() ? "Allow" : "Deny"));
            }
            if (random.nextInt(10) == 0) {
                Collections.shuffle(workloads, random);
            }
            String document = document(workloads, services, policies);
            String error = read(document);
            if (error == null) {
                read++;
                assertSame(mesh, alone(document));
            } else {
                assertThatThrownBy(() -> alone(document)).hasMessage(error);
                List.of(workloads, services, policies).forEach(MeshReaderTest::leaveOneOfEach);
            }
        }
        assertThat(read).isGreaterThan(30);
    }

    private static void leaveOneOfEach(List<String> entries) {
        Set<String> keys = new HashSet<>();
        entries.removeIf(entry -> !keys.add(entry.substring(0, entry.indexOf(',')).replace(" ", "")));
    }

    private static void change(Random random, List<String> entries, String entry) {
        int place = entries.isEmpty() ? 0 : random.nextInt(entries.size());
        String key = entry.substring(0, entry.indexOf(','));
        switch (random.nextInt(entries.isEmpty() ? 1 : 8)) {
            case 0, 1, 2 -> {
                if (random.nextInt(20) > 0) {
                    entries.removeIf(other -> other.startsWith(key)); // otherwise it may be there twice
                }
                entries.add(Math.min(place, entries.size()), entry);
            }
            case 3, 4 -> entries.remove(place);
            case 5 -> entries.set(place, entries.get(place).replace(": ", random.nextBoolean() ? ":" : ":  "));
            default -> entries.replaceAll(other -> other.startsWith(key) ? entry : other);
        }
    }

    @Test
    void onlyWhatHasChangedIsRead() throws Exception {
        List<String> workloads = new ArrayList<>(IntStream.range(0, 5000).mapToObj(i -> workload(i, "w")).toList());
        read(document(workloads, List.of(), List.of()));
        Mesh before = mesh;
        workloads.set(2000, workload(2000, "other"));
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        long thread = Thread.currentThread().getId();
        read(document(workloads, List.of(), List.of())); // loads the classes
        workloads.set(3000, workload(3000, "other"));
        DocumentText changed = text(document(workloads, List.of(), List.of()));
        long allocated = threads.getThreadAllocatedBytes(thread);
        Mesh next = reader.read(changed, mesh);
        allocated = threads.getThreadAllocatedBytes(thread) - allocated;

        assertThat(allocated / 5000).as("bytes for each entry, of which reading one takes thousands").isLessThan(100);
        assertThat(next.workload("u3000").orElseThrow().name()).isEqualTo("other");
        assertThat(next.workload("u1")).containsSame(before.workload("u1").orElseThrow());
        assertThat(next.size()).isEqualTo(5000);
    }

    @ParameterizedTest
    @ValueSource(strings = {"%s,", "%s x", "%s\u00e9", "%s {}", "[%s]", "%s%s", "{\"policies\": [], %s", "{\"workloads\": [{}], %s"})
    void whatStandsAroundEntriesThatAreKnownIsAnErrorAsAlways(String around) {
        String good = document(List.of(workload(1, "x")), List.of(), List.of(policy(1, "Deny")));
        assertThat(read(good)).isNull();
        Mesh before = mesh;
        String bad = around.startsWith("{") ? around.replace("%s", good.substring(1)) : around.replace("%s", good.strip());

        assertThatThrownBy(() -> alone(bad)).isInstanceOf(ConfigException.class).hasMessage(read(bad));
        assertThat(mesh).isSameAs(before);
    }

    /** Its uid is its number in the list. */
    @Test
    void aWorkloadWithoutUidIsReadAgainWhenItMoves() {
        String unnamed = "{\"name\": \"%s\", \"namespace\": \"a\", \"workloadIps\": [\"10.0.0.%d\"]}";
        String first = unnamed.formatted("first", 1);
        String second = unnamed.formatted("second", 2);
        read(document(List.of(first, second), List.of(), List.of()));
        read(document(List.of(second), List.of(), List.of()));
        assertThat(mesh.workloads()).extracting(Workload::uid, Workload::name)
                .isEqualTo(List.of(tuple("workloads[0]", "second")));
    }

    /** What stays isn't looked at, so its name must be remembered. */
    @Test
    void aSecondEntryOfANameThatStaysIsAnError() {
        String one = workload(1, "one");
        assertThat(read(document(List.of(one), List.of(), List.of(policy(1, "Deny"))))).isNull();
        assertThat(read(document(List.of(one, workload(1, "two")), List.of(), List.of(policy(1, "Deny")))))
                .contains("there is another workload with uid u1");
        assertThat(read(document(List.of(one, one), List.of(), List.of(policy(1, "Deny"))))).contains("there is another workload with uid u1");
        assertThat(read(document(List.of(one), List.of(), List.of(policy(1, "Deny"), policy(1, "Allow")))))
                .contains("there is another policy a/p1");
        assertThat(Set.copyOf(mesh.policies())).hasSize(1);
    }
}
