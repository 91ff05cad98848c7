package io.inpod.examples.nodeagent.install;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.inpod.examples.cniplugin.NativePlugin;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Base64;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The plugin is put on a node and taken from it, and the node always has a network. */
class InstallerTest {
    private static final String BRIDGE = "{\"cniVersion\":\"1.0.0\",\"name\":\"n\",\"plugins\":[{\"type\":\"bridge\",\"mtu\":1.50}]}";
    private static final String SINGLE = "{\"cniVersion\":\"0.4.0\",\"name\":\"n\",\"type\":\"ptp\"}";

    @TempDir
    Path directory;

    private Path binaries;
    private Path configurations;
    private Path cache;
    private Installer installer;

    @BeforeEach
    void directories() throws IOException {
        binaries = directory.resolve("bin");
        configurations = Files.createDirectory(directory.resolve("net.d"));
        cache = Files.createDirectories(directory.resolve("cni"));
        Files.createDirectories(cache.resolve("results"));
        installer = installer("kube-system");
    }

    private Installer installer(String excluded) {
        return new Installer(binaries, configurations, new PluginEntry(Path.of("/run/x.sock"), List.of(excluded)));
    }

    private Path write(String name, String text) throws IOException {
        return Files.writeString(configurations.resolve(name), text);
    }

    private List<String> names() throws IOException {
        try (Stream<Path> files = Files.list(configurations)) {
            return files.map(file -> String.valueOf(file.getFileName())).sorted().toList();
        }
    }

    private void cached(String name, String config) throws IOException {
        String encoded = Base64.getEncoder().encodeToString(config.getBytes(StandardCharsets.UTF_8));
        Files.writeString(cache.resolve("results").resolve(name), "{\"kind\":\"cniCacheV1\",\"containerId\":\"c1\",\"config\":\"" + encoded + "\"}");
    }

    @Test
    void theFirstValidFileIsChanged() throws IOException {
        write("00-broken.conflist", "{");
        write("01-empty.conflist", "{\"name\":\"n\",\"plugins\":[]}");
        write("02-list.conf", BRIDGE);
        write("03-single.conflist", SINGLE);
        write("04-other.txt", BRIDGE);
        Files.createDirectory(configurations.resolve("05-directory.conflist"));
        Path used = write("10-bridge.conflist", BRIDGE);
        Path later = write("20-later.conflist", BRIDGE);
        Files.setPosixFilePermissions(used, PosixFilePermissions.fromString("rw-r-----"));

        assertThat(installer.install()).containsExactly(binaries.resolve("inpod-cni") + " written", used + ": entry added behind bridge");

        assertThat(used).content().contains("{\"type\":\"bridge\",\"mtu\":1.50},{\"type\":\"inpod-cni\",");
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(used))).isEqualTo("rw-r-----");
        assertThat(later).hasContent(BRIDGE);
        assertThat(binaries.resolve("inpod-cni")).isExecutable().hasBinaryContent(NativePlugin.program());
        assertThat(installer.install()).isEmpty();
        assertThat(installer("shop").install()).containsExactly(used + ": entry replaced");
        assertThat(used).content().contains("\"shop\"").doesNotContain("kube-system");
    }

    @Test
    void withoutAConfigurationNothingIsWritten() throws IOException {
        write("00-broken.conflist", "{");
        assertThatThrownBy(installer::install).isInstanceOf(NoNetworkException.class).hasMessageContainingAll("no network configuration in", "00-broken.conflist");
        assertThat(names()).containsExactly("00-broken.conflist");
        assertThat(binaries.resolve("inpod-cni")).exists();
    }

    @Test
    void aSinglePluginsFileComesBack() throws IOException {
        Path single = write("10-ptp.conf", SINGLE);
        installer.install();
        assertThat(names()).containsExactly("10-ptp.conf.inpod-saved", "10-ptp.conflist");
        assertThat(new NetworkFile(Files.readAllBytes(configurations.resolve("10-ptp.conflist"))).types()).containsExactly("ptp", "inpod-cni");
        assertThat(installer.install()).isEmpty();
        assertThat(installer.uninstall(cache)).contains(single + " is back, 10-ptp.conflist removed");
        assertThat(names()).containsExactly("10-ptp.conf");
        assertThat(single).hasContent(SINGLE);
    }

    @Test
    void aSinglePluginThatIsWrittenAgainIsConvertedAgain() throws IOException {
        write("10-ptp.conf", SINGLE);
        installer.install();
        Path again = write("10-ptp.conf", SINGLE.replace("ptp", "ipvlan"));
        installer.install();
        assertThat(names()).containsExactly("10-ptp.conf.inpod-saved", "10-ptp.conflist");
        assertThat(new NetworkFile(Files.readAllBytes(configurations.resolve("10-ptp.conflist"))).types()).containsExactly("ipvlan", "inpod-cni");
        installer.uninstall(cache);
        assertThat(names()).containsExactly("10-ptp.conf");
        assertThat(again).content().contains("ipvlan");
    }

    @Test
    void aListThatOthersHaveExtendedStays() throws IOException {
        write("10-ptp.conf", SINGLE);
        installer.install();
        Path list = configurations.resolve("10-ptp.conflist");
        Files.writeString(list, Files.readString(list).replaceFirst("\\{\"type\":\"inpod", "{\"type\":\"mesh\"},{\"type\":\"inpod"));
        assertThat(installer.uninstall(cache)).contains(list + ": entry removed");
        assertThat(names()).containsExactly("10-ptp.conflist");
        assertThat(new NetworkFile(Files.readAllBytes(list)).types()).containsExactly("ptp", "mesh");
    }

    /** As if it had been killed between its steps. */
    @Test
    void aHalfDoneInstallationIsContinued() throws IOException {
        Path single = write("10-ptp.conf", SINGLE);
        installer.install();
        AtomicFile.rename(configurations.resolve("10-ptp.conf.inpod-saved"), single);
        installer.install();
        assertThat(names()).containsExactly("10-ptp.conf.inpod-saved", "10-ptp.conflist");
        AtomicFile.rename(configurations.resolve("10-ptp.conf.inpod-saved"), single);
        installer.uninstall(cache);
        assertThat(new NetworkFile(Files.readAllBytes(configurations.resolve("10-ptp.conflist"))).types()).containsExactly("ptp");
        assertThat(single).hasContent(SINGLE);
        installer.install();
        installer.uninstall(cache);
        assertThat(names()).containsExactly("10-ptp.conf");
    }

    @Test
    void aForeignListIsNotOverwritten() throws IOException {
        write("10-ptp.conf", SINGLE);
        Path list = write("10-ptp.conflist", BRIDGE);
        assertThatThrownBy(installer::install).hasMessageContaining("exists already");
        assertThat(names()).containsExactly("10-ptp.conf", "10-ptp.conflist");
        assertThat(list).hasContent(BRIDGE);
    }

    @Test
    void uninstallingTakesTheEntryOutOfEveryList() throws IOException {
        Path first = write("10-bridge.conflist", BRIDGE);
        installer.install();
        Path preempting = write("05-copy.conflist", Files.readString(first).replace("bridge", "other"));
        assertThat(installer.uninstall(cache)).containsExactly(preempting + ": entry removed", first + ": entry removed",
                binaries.resolve("inpod-cni") + " removed");
        assertThat(first).hasContent(BRIDGE);
        assertThat(preempting).hasContent(BRIDGE.replace("bridge", "other"));
        assertThat(binaries).isEmptyDirectory();
        assertThat(installer.uninstall(cache)).isEmpty();
    }

    /** Runtimes such as CRI-O delete a pod with the configuration with which they started it. */
    @Test
    void theProgramStaysAsLongAsPodsNeedItToBeDeleted() throws IOException {
        Path list = write("10-bridge.conflist", BRIDGE);
        installer.install();
        cached("cni-loopback-c1-lo", "{\"plugins\":[{\"type\":\"loopback\"}]}");
        cached("n-c1-eth0", Files.readString(list));
        assertThat(installer.uninstall(cache)).anySatisfy(step -> assertThat(step).contains("stays, so that 1 pods", "n-c1-eth0", "uninstall again"));
        assertThat(list).hasContent(BRIDGE);
        assertThat(binaries.resolve("inpod-cni")).exists();
        Files.delete(cache.resolve("results/n-c1-eth0"));
        assertThat(installer.uninstall(cache)).containsExactly(binaries.resolve("inpod-cni") + " removed");
    }

    @Test
    void theProgramStaysIfNobodyCanTellWhoNeedsIt() throws IOException {
        write("10-bridge.conflist", BRIDGE);
        installer.install();
        assertThat(installer.uninstall(directory.resolve("nowhere"))).anySatisfy(step -> assertThat(step).contains("stays", "isn't visible here"));
        Files.writeString(cache.resolve("results/half"), "{\"kind\":");
        assertThat(installer.uninstall(cache)).anySatisfy(step -> assertThat(step).contains("stays", "half"));
        assertThat(binaries.resolve("inpod-cni")).exists();
    }

    @Test
    void aNodeIsNotLeftWithoutANetwork() throws IOException {
        Path list = write("10-x.conflist", "{\"cniVersion\":\"1.0.0\",\"name\":\"n\",\"plugins\":[{\"type\":\"inpod-cni\"}]}");
        assertThatThrownBy(() -> installer.uninstall(cache)).hasMessageContainingAll(list.toString(), "only plugin");
        assertThat(list).exists();
    }

    @Test
    void aFullDiskLeavesWhatWasThere() throws Exception {
        Path small = Files.createDirectory(directory.resolve("small"));
        run("mount", "-t", "tmpfs", "-o", "size=16k", "tmpfs", small.toString());
        try {
            Path list = Files.writeString(small.resolve("10-bridge.conflist"), BRIDGE);
            run("sh", "-c", "cat /dev/zero >" + small.resolve("fill") + " 2>/dev/null; true");
            Installer full = new Installer(binaries, small, new PluginEntry(Path.of("/run/x.sock"), List.of()));
            assertThatThrownBy(full::install).hasMessageContaining("No space left on device");
            assertThat(list).hasContent(BRIDGE);
            assertThat(small.toFile().list()).containsExactlyInAnyOrder("10-bridge.conflist", "fill");
        } finally {
            run("umount", small.toString());
        }
    }

    @Test
    void whatAKilledInstallerLeftIsRemoved() throws IOException {
        write("10-bridge.conflist", BRIDGE);
        write(".inpod-123.tmp", "{");
        installer.install();
        assertThat(names()).containsExactly("10-bridge.conflist");
    }

    @Test
    void symbolicLinksAreFollowed() throws IOException {
        Path target = Files.writeString(directory.resolve("real.conflist"), BRIDGE);
        Path link = Files.createSymbolicLink(configurations.resolve("10-link.conflist"), target);
        installer.install();
        assertThat(link).isSymbolicLink();
        assertThat(target).content().contains("inpod-cni");
        Files.createSymbolicLink(configurations.resolve("05-dangling.conflist"), directory.resolve("nowhere"));
        assertThatThrownBy(installer::install).hasMessageContaining("05-dangling.conflist is a symbolic link");
    }

    private static void run(String... command) throws Exception {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor()).as("%s", output).isZero();
    }
}
