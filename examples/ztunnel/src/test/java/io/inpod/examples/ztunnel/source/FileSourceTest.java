package io.inpod.examples.ztunnel.source;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.inpod.examples.ztunnel.config.ConfigException;
import io.inpod.examples.ztunnel.config.ProxyConfigTest;
import io.inpod.examples.ztunnel.mesh.Mesh;
import io.inpod.examples.ztunnel.mesh.MeshState;
import io.inpod.examples.ztunnel.mesh.Workload;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Looks and glances are taken here one by one; the source's own thread takes five and twenty in a second. */
@Timeout(60)
class FileSourceTest {
    @TempDir
    private Path directory;
    private Path file;
    private FileSource source;
    private final MeshState state = new MeshState();
    private final AtomicInteger changes = new AtomicInteger();
    private int seconds;

    @BeforeEach
    void open() throws Exception {
        file = directory.resolve("mesh.yaml");
        Files.writeString(file, workload("first"));
        source = source(file);
        source.open(state);
        state.onChange(changes::incrementAndGet);
        assertThat(names()).isEqualTo("first");
    }

    private static FileSource source(Path path) throws ConfigException {
        return new FileSource(ProxyConfigTest.config("LOCAL_XDS", "", "LOCAL_XDS_PATH", path.toString()), path);
    }

    private static String workload(String name) {
        return "workloads:\n- {uid: uid-" + name + ", name: " + name + ", namespace: default, workloadIps: [10.0.0.1]}\n";
    }

    private String names() {
        return String.join(" ", state.get().workloads().stream().map(Workload::name).sorted().toList());
    }

    /** Two looks: the first sees the change, the second that it has come to rest. */
    private void settle() {
        source.look();
        source.look();
    }

    private void replace(String text) throws Exception {
        Path next = Files.writeString(directory.resolve("next"), text);
        Files.setLastModifiedTime(next, FileTime.fromMillis(++seconds * 1000L)); // the kernel's clock for files may stand for some milliseconds
        Files.move(next, file, StandardCopyOption.ATOMIC_MOVE);
    }

    @Test
    void nothingHappensWhileNothingChanges() {
        Mesh before = state.get();
        for (int i = 0; i < 30; i++) {
            source.look();
        }
        assertThat(state.get()).isSameAs(before);
        assertThat(source.status().reloads()).isZero();
        assertThat(source.status().source()).isEqualTo(file.toString());
    }

    @Test
    void aFileRenamedOver() throws Exception {
        replace(workload("second"));
        settle();
        assertThat(names()).isEqualTo("second");
        assertThat(source.status().reloads()).isEqualTo(1);
    }

    private static String json(String... names) {
        return "{\"workloads\": [" + String.join(", ", Stream.of(names).map(name -> "{\"uid\": \"uid-" + name + "\", \"name\": \"" + name
                + "\", \"namespace\": \"default\", \"workloadIps\": []}").toList()) + "]}";
    }

    /** A while after the last change. */
    private void rest() {
        for (int i = 0; i < 30; i++) {
            source.look();
        }
    }

    @Test
    void anotherFileOfJsonIsReadAtOnce() throws Exception {
        rest();
        replace(json("second"));
        source.glance();
        assertThat(names()).isEqualTo("second");
        rest();
        assertThat(names()).isEqualTo("second");
        assertThat(source.status().reloads()).isEqualTo(1);
        assertThat(changes).hasValue(1);

        replace("\t" + json("second", "third")); // reading replaces tabs
        source.glance();
        assertThat(names()).isEqualTo("second third");
        rest();
        assertThat(source.status().reloads()).isEqualTo(2);
    }

    @Test
    void changesThatFollowEachOtherWaitForRest() throws Exception {
        rest();
        replace(json("second"));
        source.glance();
        replace(json("third"));
        source.glance();
        assertThat(names()).isEqualTo("second");
        settle();
        assertThat(names()).isEqualTo("third");
    }

    /** An editor's new file under the name of the old one, as it grows. */
    @Test
    void theBeginningOfAnotherFileIsNeverUsed() throws Exception {
        String whole = json("second", "third") + "\n";
        for (int half = 0; half < whole.length() - 2; half++) {
            rest();
            replace(whole.substring(0, half));
            source.glance();
            assertThat(names()).as("after %s", whole.substring(0, half)).isEqualTo("first");
        }
        assertThat(source.status().failures()).as("the last of these was only glanced at").isEqualTo(whole.length() - 3);
        Files.writeString(file, whole);
        source.glance();
        assertThat(names()).as("tried once").isEqualTo("first");
        settle();
        assertThat(names()).isEqualTo("second third");
    }

    @Test
    void whatIsYamlOrWrittenInPlaceOrWrongWaitsForRest() throws Exception {
        rest();
        replace(workload("second"));
        source.glance();
        assertThat(names()).isEqualTo("first");
        settle();
        assertThat(names()).isEqualTo("second");

        rest();
        Files.writeString(file, json("third"));
        source.glance();
        assertThat(names()).isEqualTo("second");
        settle();
        assertThat(names()).isEqualTo("third");

        rest();
        replace("{\"workloads\": [{\"unheardOf\": 1}]}");
        source.glance();
        assertThat(source.status().error()).isNull();
        settle();
        assertThat(source.status().error()).isEqualTo(file + ":1: workloads[0].unheardOf: unknown key");
        assertThat(names()).isEqualTo("third");
        Files.delete(file);
        source.glance();
        settle();
        assertThat(source.status().error()).isEqualTo(file + " is gone");
    }

    @Test
    void aFileWrittenInPlaceIsReadWhenItIsAtRest() throws Exception {
        String whole = workload("second") + "- {uid: uid-third, name: third, namespace: default, workloadIps: [10.0.0.3]}\n";
        try (OutputStream out = Files.newOutputStream(file, StandardOpenOption.TRUNCATE_EXISTING)) {
            source.look();
            out.write(whole.substring(0, workload("second").length()).getBytes(StandardCharsets.UTF_8));
            source.look();
            out.write(whole.substring(workload("second").length()).getBytes(StandardCharsets.UTF_8));
            source.look();
            assertThat(names()).as("the half that is valid, too").isEqualTo("first");
        }
        source.look();
        assertThat(names()).isEqualTo("second third");
        assertThat(changes).hasValue(1);
    }

    @Test
    void whatIsCutOffWhileWritingDoesntEmptyTheMesh() throws Exception {
        Files.writeString(file, "");
        settle();
        assertThat(names()).isEqualTo("first");
        assertThat(source.status().error()).contains("is empty");

        Files.writeString(file, "workloads: [{uid: a, na");
        settle();
        assertThat(names()).isEqualTo("first");
        assertThat(source.status().error()).contains("neither YAML nor JSON");

        Files.writeString(file, workload("second"));
        settle();
        assertThat(names()).isEqualTo("second");
        assertThat(source.status().error()).isNull();
        assertThat(source.status().failures()).isEqualTo(2);
    }

    @Test
    void anEmptyMeshIsSaidToBeEmpty() throws Exception {
        replace("{}\n");
        settle();
        assertThat(state.get().size()).isZero();
        replace("");
        settle();
        assertThat(source.status().error()).as("there is nothing to lose").isNull();
    }

    @Test
    void aBadFileIsReportedOnceAndTheLastGoodOneStays() throws Exception {
        String version = source.status().version();
        replace("workloads: [{unheardOf: 1}]");
        settle();
        String error = source.status().error();
        assertThat(error).isEqualTo(file + ":1: workloads[0].unheardOf: unknown key");
        settle();
        replace("workloads: [{unheardOf: 1}]");
        settle();
        assertThat(source.status().failures()).isEqualTo(1);
        assertThat(source.status().version()).isEqualTo(version);
        assertThat(names()).isEqualTo("first");

        replace(workload("first"));
        settle();
        assertThat(source.status().error()).isNull();
        assertThat(source.status().reloads()).as("it never stopped being in force").isZero();
        assertThat(changes).hasValue(0);
    }

    /** As the kubelet changes a ConfigMap: the path doesn't change, nor does the link that it ends with. */
    @Test
    void aConfigMapsLink() throws Exception {
        Path volume = Files.createDirectory(directory.resolve("volume"));
        for (String version : new String[] {"1", "2"}) {
            Files.writeString(Files.createDirectory(volume.resolve(".." + version)).resolve("mesh.yaml"), workload("v" + version));
        }
        Path data = Files.createSymbolicLink(volume.resolve("..data"), Path.of("..1"));
        Path link = Files.createSymbolicLink(volume.resolve("mesh.yaml"), Path.of("..data/mesh.yaml"));
        source = source(link);
        source.open(state);
        assertThat(names()).isEqualTo("v1");

        Files.createSymbolicLink(volume.resolve("..data_tmp"), Path.of("..2"));
        Files.move(volume.resolve("..data_tmp"), data, StandardCopyOption.ATOMIC_MOVE);
        Files.delete(volume.resolve("..1/mesh.yaml"));
        settle();
        assertThat(names()).isEqualTo("v2");
    }

    @Test
    void aDirectoryThatIsRemovedAndMadeAgain() throws Exception {
        Path parent = Files.createDirectory(directory.resolve("mesh.d"));
        Path inside = Files.writeString(parent.resolve("mesh.yaml"), workload("a"));
        source = source(inside);
        source.open(state);
        Files.delete(inside);
        Files.delete(parent);
        settle();
        assertThat(names()).isEqualTo("a");
        assertThat(source.status().error()).isEqualTo(inside + " is gone");
        settle();
        assertThat(source.status().failures()).isEqualTo(1);

        Files.createDirectory(parent);
        Files.writeString(inside, workload("b"));
        settle();
        assertThat(names()).isEqualTo("b");
        assertThat(source.status().error()).isNull();
    }

    /** vim with {@code backup}: the file is moved away and written anew. */
    @Test
    void anEditorsBackup() throws Exception {
        Files.move(file, directory.resolve("mesh.yaml~"));
        source.look();
        Files.writeString(file, workload("second"));
        settle();
        assertThat(names()).isEqualTo("second");
        Files.move(directory.resolve("mesh.yaml~"), file, StandardCopyOption.REPLACE_EXISTING);
        settle();
        assertThat(names()).isEqualTo("first");
    }

    @Test
    void aFileWithTheSameSizeAndTime() throws Exception {
        Path next = Files.writeString(directory.resolve("next"), workload("other"));
        assertThat(Files.size(next)).isEqualTo(Files.size(file));
        Files.setLastModifiedTime(next, Files.getLastModifiedTime(file));
        Files.move(next, file, StandardCopyOption.ATOMIC_MOVE);
        settle();
        assertThat(names()).isEqualTo("other");
    }

    @Test
    void theSameFileMovedAwayAndBackAndTouched() throws Exception {
        Files.move(file, directory.resolve("away"));
        settle();
        assertThat(source.status().error()).contains("is gone");
        Files.move(directory.resolve("away"), file);
        settle();
        assertThat(source.status().error()).isNull();
        Files.setLastModifiedTime(file, FileTime.fromMillis(0));
        settle();
        assertThat(source.status().reloads()).isZero();
        assertThat(changes).hasValue(0);
    }

    @Test
    void whatHasNotChangedStaysTheSameObject() throws Exception {
        replace(workload("a") + "- {uid: uid-b, name: b, namespace: default, workloadIps: [10.0.0.2]}\n");
        settle();
        Workload a = state.get().workload("uid-a").orElseThrow();
        replace("# a comment\n" + workload("a") + "- {uid: uid-b, name: b, namespace: default, workloadIps: [10.0.0.3]}\n");
        settle();
        assertThat(state.get().workload("uid-a").orElseThrow()).isSameAs(a);
        assertThat(state.get().workload("uid-b").orElseThrow().addresses()).hasToString("[/10.0.0.3]");
        Mesh mesh = state.get();
        replace("# another comment\n" + Files.readString(file));
        settle();
        assertThat(state.get()).isSameAs(mesh);
        assertThat(changes).hasValue(2);
        assertThat(source.status().reloads()).isEqualTo(3);
    }

    @Test
    void whatIsNoFileIsNeitherOpenedNorWaitedFor() throws Exception {
        Files.delete(file);
        assertThat(new ProcessBuilder("mkfifo", file.toString()).start().waitFor()).isZero();
        settle();
        assertThat(source.status().error()).contains("must be a regular file");
        Files.delete(file);
        Files.createDirectory(file);
        settle();
        Files.delete(file);
        Files.createSymbolicLink(file, Path.of("/dev/zero"));
        settle();
        assertThat(source.status().failures()).as("the same problem, so reported once").isEqualTo(1);
        assertThatThrownBy(() -> source(file).open(new MeshState())).isInstanceOf(ConfigException.class).hasMessageContaining("must be a regular file");
        Files.delete(file);
        Files.createSymbolicLink(file, file);
        settle();
        assertThat(source.status().failures()).isEqualTo(2);
        assertThat(names()).isEqualTo("first");
    }

    @Test
    void textThatIsNotUtf8() throws Exception {
        Files.write(file, ("workloads:\n- name: \u00e9\n").getBytes(StandardCharsets.ISO_8859_1));
        settle();
        assertThat(source.status().error()).isEqualTo(file + ":2: the text isn't UTF-8: byte 0xe9");
        Files.write(file, ("\ufeff" + workload("b")).getBytes(StandardCharsets.UTF_16LE));
        settle();
        assertThat(source.status().error()).contains("isn't UTF-8");
        Files.writeString(file, "\ufeff" + workload("b"));
        settle();
        assertThat(names()).isEqualTo("b");
    }

    @Test
    void atTheStartItMustBeUsable() throws Exception {
        Path missing = directory.resolve("missing.yaml");
        assertThatThrownBy(() -> source(missing).open(new MeshState())).isInstanceOf(ConfigException.class)
                .hasMessage("LOCAL_XDS_PATH: can't read " + missing + ": no such file");
        Files.writeString(missing, "policies: [1]");
        assertThatThrownBy(() -> source(missing).open(new MeshState())).isInstanceOf(ConfigException.class).hasMessageStartingWith(missing + ":1: policies");
        Files.writeString(missing, "");
        MeshState empty = new MeshState();
        source(missing).open(empty);
        assertThat(empty.isLoaded()).as("known to be empty: nothing was there before").isTrue();
        assertThatThrownBy(() -> source(missing).status()).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void fiftyMegabytes() throws Exception {
        StringBuilder text = new StringBuilder("{\"workloads\": [{\"namespace\": \"default\", \"workloadIps\": []}\n");
        for (int i = 0; text.length() < 50 << 20; i++) {
            text.append(",{\"uid\": \"cluster1//v1/Pod/default/").append(i).append("\", \"namespace\": \"default\", \"node\": \"")
                    .append("a".repeat(4000)).append("\", \"workloadIps\": []}\n");
        }
        replace(text.append("]}").toString());
        settle();
        boolean fits = Runtime.getRuntime().maxMemory() / 4 > 50 << 20;
        assertThat(fits ? "" + (state.get().size() > 10_000) : source.status().error()).matches(fits ? "true" : ".*doesn't fit into a heap.*");
    }

    @Test
    void thousandsOfChangesAreReadAFewTimes() throws Exception {
        CountDownLatch last = new CountDownLatch(1);
        state.onChange(() -> {
            if (names().equals("last")) {
                last.countDown();
            }
        });
        source.close();
        MeshState own = state;
        FileSource running = source(file);
        running.start(own);
        changes.set(0);
        for (int i = 0; i < 4_000; i++) {
            replace(workload("n" + i));
        }
        replace(workload("last"));
        assertThat(last.await(30, TimeUnit.SECONDS)).isTrue();
        assertThat(changes.get()).isBetween(1, 100);
        assertThat(Thread.getAllStackTraces().keySet().stream().filter(thread -> thread.getName().equals("mesh"))).hasSize(1);
        running.close();
    }

    @Test
    void filesReplacedWithoutRestAreReadNowAndThen() throws Exception {
        for (int i = 0; i < 24; i++) {
            replace(workload("n" + i));
            source.look();
        }
        assertThat(changes.get()).isEqualTo(2);
    }

    @Test
    void whatIsClosedChangesNothing() throws Exception {
        source.close();
        replace(workload("second"));
        settle();
        assertThat(names()).isEqualTo("first");
    }
}
