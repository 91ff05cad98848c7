package io.inpod.examples.nodeagent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.inpod.examples.nodeagent.files.PodDirectory;
import io.inpod.examples.nodeagent.files.PodFile;
import io.inpod.examples.nodeagent.pod.Membership;
import io.inpod.examples.nodeagent.pod.MeshPod;
import io.inpod.examples.nodeagent.pod.PodSource;
import io.inpod.iptables.pod.PodOverrides;
import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.testing.ChildProcess;
import io.inpod.netns.testing.Tool;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Pods as files: the ways in which people and programs write files, and what else may lie in the directory. */
class PodDirectoryTest {
    @TempDir
    Path home;

    private final BlockingQueue<String> changes = new LinkedBlockingQueue<>();
    private final PodSource.Listener listener = new PodSource.Listener() {
        @Override
        public void changed(String uid) {
            changes.add(uid);
        }

        @Override
        public void synced() {
            changes.add("synced");
        }
    };
    private Path directory;
    private PodDirectory pods;

    @BeforeEach
    void start() throws Exception {
        directory = home.resolve("pods");
        open();
    }

    private void open() throws Exception {
        pods = new PodDirectory(directory, true);
        pods.start(listener);
        while (!changes.take().equals("synced")) {
            // the pods of the first list
        }
    }

    @AfterEach
    void stop() {
        pods.close();
    }

    private static String text(String uid, String name) {
        return "{\"uid\": \"" + uid + "\", \"name\": \"" + name + "\"}";
    }

    private String nameOf(String uid) {
        return pods.pod(uid).map(pod -> pod.info().name()).orElse("none");
    }

    private void awaitName(String uid, String name) throws InterruptedException {
        while (!nameOf(uid).equals(name)) {
            changes.take();
        }
    }

    private static Tool.Result tryHere(String... command) throws IOException {
        try (NetworkNamespace own = NetworkNamespace.initial()) {
            return Tool.tryRun(own, command);
        }
    }

    private static void here(String... command) throws IOException {
        assertThat(tryHere(command).exitCode()).isZero();
    }

    /** Waits until a problem is shown. */
    private void awaitProblem(String file, String words) throws InterruptedException {
        while (!pods.problems().getOrDefault("\"" + file + "\"", "").contains(words)) {
            Thread.sleep(1);
        }
    }

    @Test
    void filesAreWrittenInManyWays() throws Exception {
        Path file = directory.resolve("a.json");
        Files.writeString(file, text("a", "in-place"));
        awaitName("a", "in-place");
        Files.writeString(file, text("a", "truncated"));
        awaitName("a", "truncated");
        Files.writeString(directory.resolve("a.json~"), text("a", "backup"));
        Files.writeString(directory.resolve(".a.json.swp"), text("a", "swap"));
        Files.writeString(directory.resolve(".new"), text("a", "renamed"));
        Files.move(directory.resolve(".new"), file, StandardCopyOption.ATOMIC_MOVE);
        awaitName("a", "renamed");
        Files.delete(file);
        awaitName("a", "none");

        Path version = Files.createDirectory(home.resolve("v1"));
        Files.writeString(version.resolve("b.json"), text("b", "first"));
        Path next = Files.createDirectory(home.resolve("v2"));
        Files.writeString(next.resolve("b.json"), text("b", "second"));
        Files.createSymbolicLink(directory.resolve("..data"), version);
        Files.createSymbolicLink(directory.resolve("b.json"), Path.of("..data/b.json"));
        awaitName("b", "first");
        Files.createSymbolicLink(directory.resolve("..tmp"), next);
        Files.move(directory.resolve("..tmp"), directory.resolve("..data"), StandardCopyOption.ATOMIC_MOVE);
        awaitName("b", "second");
        assertThat(pods.problems()).isEmpty();
        assertThat(pods.pods()).hasSize(1);
    }

    @Test
    void aFileThatCannotBeReadChangesNothing() throws Exception {
        Path file = directory.resolve("a.json");
        Files.writeString(file, text("a", "good"));
        awaitName("a", "good");
        for (Map.Entry<String, String> bad : Map.of("", "it is empty", "{", "(line 1)", "{\"uid\": \"a\", \"nmae\": \"x\"}", "unknown key \"nmae\"",
                "null", "null is not a pod", text("a", "x") + "y", "not the JSON object", text("a", "bad/name"), "must match",
                "{\"uid\": \"a\", \"name\": \"x\", \"pid\": 0}", "at least 1",
                "{\"uid\": \"a\", \"name\": \"x\", \"annotations\": {\"" + PodOverrides.DNS_CAPTURE + "\": \"maybe\"}}", "maybe").entrySet()) {
            Files.writeString(file, bad.getKey());
            awaitProblem("a.json", bad.getValue());
            assertThat(nameOf("a")).isEqualTo("good");
            assertThat(pods.pod("a").map(MeshPod::fault)).isEmpty();
        }
        Files.writeString(directory.resolve("b.json"),
                "{\"uid\": \"b\", \"name\": \"x\", \"annotations\": {\"" + PodOverrides.DNS_CAPTURE + "\": \"maybe\"}}");
        awaitName("b", "x");
        assertThat(pods.pod("b").map(MeshPod::fault)).as("closed from the beginning").get().asString().contains("maybe");
        Files.writeString(directory.resolve("c.json"), text("a", "second"));
        awaitProblem("c.json", "another file before it describes pod a");
        Files.writeString(file, text("a", "mended"));
        awaitName("a", "mended");
    }

    @Test
    void whateverLiesThereIsRefusedWithoutWaiting() throws Exception {
        Files.createDirectory(directory.resolve("directory.json"));
        here("python3", "-c", "import os, sys; os.mkfifo(sys.argv[1])", directory.resolve("pipe.json").toString());
        Files.createSymbolicLink(directory.resolve("loop.json"), Path.of("loop.json"));
        Files.createSymbolicLink(directory.resolve("nowhere.json"), Path.of("/nowhere"));
        Files.createSymbolicLink(directory.resolve("zero.json"), Path.of("/dev/zero"));
        Files.createSymbolicLink(directory.resolve("kmsg.json"), Path.of("/proc/kmsg"));
        try (RandomAccessFile huge = new RandomAccessFile(directory.resolve("huge.json").toFile(), "rw");
                ServerSocketChannel socket = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            huge.setLength(1L << 40);
            socket.bind(UnixDomainSocketAddress.of(directory.resolve("socket.json")));
            Files.writeString(directory.resolve("two\nlines.json"), "{\"uid\": \"a\\nb\"}");
            Files.writeString(directory.resolve("good.json"), text("good", "good"));
            awaitName("good", "good");
            assertThat(pods.problems().get("\"directory.json\"")).isEqualTo("it is a directory, not a regular file");
            for (String special : new String[] {"pipe", "zero", "socket"}) {
                assertThat(pods.problems().get("\"" + special + ".json\"")).contains("a pipe, socket or device");
            }
            assertThat(pods.problems().get("\"kmsg.json\"")).isEqualTo("it is empty");
            assertThat(pods.problems().get("\"huge.json\"")).contains("65536 are allowed");
            assertThat(pods.problems().get("\"nowhere.json\"")).isEqualTo("no such file");
            assertThat(pods.problems()).containsKeys("\"loop.json\"", "\"two?lines.json\"");
            assertThat(pods.pods()).hasSize(1);
        }
    }

    @Test
    void podsAreWrittenAndDeleted() throws Exception {
        PodFile pod = new PodFile("ns/a:1", "web", null, null, null, 7L, null, Map.of("k", "v"));
        pods.write(pod.withIdentity("net:[5]"));
        assertThat(pods.pod("ns/a:1").map(MeshPod::identity)).contains("net:[5]");
        assertThat(directory).isDirectoryContaining("glob:**ns%2Fa%3A1.json");
        pods.write(new PodFile("u".repeat(253), "web", null, null, null, null, null, null));
        assertThat(pods.pods()).hasSize(2);
        pods.close();
        changes.clear();
        open();
        assertThat(pods.pod("ns/a:1").map(MeshPod::netns)).contains(Path.of("/proc/7/ns/net"));
        assertThat(pods.membership("default", "web", "", Duration.ZERO)).isInstanceOf(Membership.Member.class);
        assertThat(pods.membership("default", "web", "other", Duration.ZERO)).isInstanceOf(Membership.Outside.class);
        pods.delete("ns/a:1");
        pods.delete("u".repeat(253));
        assertThat(pods.pods()).isEmpty();
        assertThat(directory).isDirectoryNotContaining("glob:**.json");
    }

    /** Two agents, of which each has a ztunnel, would replace each other's rules. */
    @Test
    void aSecondAgentIsRefused() throws Exception {
        PodDirectory second = new PodDirectory(directory, false);
        String lock = directory.resolve(".agent.lock").toString();
        String other = "import fcntl, sys; f = open(sys.argv[1], 'w'); fcntl.lockf(f, fcntl.LOCK_EX | fcntl.LOCK_NB); print('taken', flush=True); sys.stdin.read()";
        assertThat(tryHere("python3", "-c", other, lock).output()).as("another process").contains("BlockingIOError");
        assertThatThrownBy(() -> second.start(listener)).hasMessageContaining("another agent has its pods in " + directory).hasMessageContaining("--pods");
        pods.close();
        try (ChildProcess process = ChildProcess.start(new ProcessBuilder("python3", "-c", other, lock))) {
            process.expect("taken");
            assertThatThrownBy(() -> second.start(listener)).hasMessageContaining("another agent has its pods in " + directory);
        }
        second.start(listener);
        second.close();
    }

    @Test
    void aFullDiskChangesNothing() throws Exception {
        Path small = Files.createDirectory(home.resolve("small"));
        Files.setPosixFilePermissions(small, PosixFilePermissions.fromString("rwx------"));
        Assumptions.assumeTrue(tryHere("mount", "-t", "tmpfs", "-o", "size=16k,mode=700", "tmpfs", small.toString()).exitCode() == 0,
                "no tmpfs can be mounted here");
        try {
            PodDirectory full = new PodDirectory(small, false);
            PodFile pod = new PodFile("a", "web", null, null, null, null, null, null);
            full.write(pod);
            assertThatThrownBy(() -> Files.write(small.resolve("ballast"), new byte[64 * 1024])).isInstanceOf(IOException.class);
            assertThatThrownBy(() -> full.write(new PodFile("b", "web", null, null, null, null, null, null)))
                    .hasMessageContaining("No space left on device").hasMessageContaining("make room there");
            assertThatThrownBy(() -> full.write(new PodFile("a", "other", null, null, null, null, null, null))).hasMessageContaining("a.json");
            assertThat(full.pods()).extracting(known -> known.info().name()).containsExactly("web");
            assertThat(small).isDirectoryNotContaining("glob:**.new");
            full.delete("a");
            assertThat(full.pods()).isEmpty();
            full.close();
        } finally {
            here("umount", small.toString());
        }
    }

    @Test
    void aDirectoryThatOthersCanWriteIsRefused() throws Exception {
        Path open = Files.createDirectory(home.resolve("open"));
        Files.setPosixFilePermissions(open, PosixFilePermissions.fromString("rwxrwxrwx"));
        assertThatThrownBy(() -> new PodDirectory(open, true)).hasMessageContaining("chmod go-w " + open);
        assertThatThrownBy(() -> new PodDirectory(home.resolve("missing"), false)).hasMessageContaining("install -d -m 700");
    }
}
