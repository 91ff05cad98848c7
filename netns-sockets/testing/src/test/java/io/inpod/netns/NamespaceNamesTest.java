package io.inpod.netns;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.inpod.netns.testing.PodNetwork;
import io.inpod.netns.testing.Pods;
import io.inpod.netns.testing.Tool;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/** Deleting a name deletes that name, and nothing that it leads to or hides; {@code mount} and {@code ip} make the names. */
@Pods(0)
class NamespaceNamesTest {
    private static final Path NAMES = Path.of("/run/netns");

    private static boolean isMounted(Path path) throws IOException {
        return Files.readString(Path.of("/proc/self/mounts")).contains(" " + path + " ");
    }

    private static void isRefused(String name, String found) {
        assertThatThrownBy(() -> NetworkNamespace.delete(name)).isInstanceOf(NotANetworkNamespaceException.class)
                .hasMessageContaining(NAMES.resolve(name) + " is not a network namespace but " + found);
    }

    @Test
    void whatALinkLeadsToStays(PodNetwork network) throws IOException {
        Path handle = Files.createFile(Path.of("/run/handle"));
        Tool.run(network.node(), "ip", "netns", "add", "real");
        Tool.run(network.node(), "mount", "--bind", "/run/netns/real", handle.toString());
        try {
            Files.createSymbolicLink(NAMES.resolve("linked"), handle);
            Files.createSymbolicLink(NAMES.resolve("alias"), Path.of("real"));
            Files.createSymbolicLink(NAMES.resolve("dangling"), Path.of("/run/nothing"));

            for (String name : new String[] {"linked", "alias", "dangling"}) {
                NetworkNamespace.delete(name);
                assertThat(Files.isSymbolicLink(NAMES.resolve(name))).isFalse();
            }

            assertThat(isMounted(handle)).isTrue();
            Tool.run(network.node(), "ip", "netns", "exec", "real", "true");
        } finally {
            Tool.run(network.node(), "umount", handle.toString());
            Files.delete(handle);
            NetworkNamespace.delete("real");
        }
        assertThat(NAMES.resolve("real")).doesNotExist();
    }

    @Test
    void aLinkToSomethingElseIsRefused(PodNetwork network) throws IOException {
        Path file = Files.writeString(Path.of("/run/file"), "precious");
        Path link = Files.createSymbolicLink(NAMES.resolve("elsewhere"), file);

        isRefused("elsewhere", "a regular file with content");

        assertThat(link).isSymbolicLink().hasContent("precious");
        Files.delete(link);
        Files.delete(file);
    }

    @Test
    void anotherFileSystemStaysMounted(PodNetwork network) throws IOException {
        Path data = Files.createDirectories(NAMES.resolve("data"));
        Tool.run(network.node(), "mount", "-t", "tmpfs", "none", data.toString());
        Path users = Files.createFile(NAMES.resolve("users"));
        Tool.run(network.node(), "mount", "--bind", "/proc/self/ns/user", users.toString());
        try {
            Files.createFile(data.resolve("precious"));

            isRefused("data", "a directory");
            isRefused("users", "a user namespace");

            assertThat(data.resolve("precious")).exists();
            assertThat(isMounted(users)).isTrue();
        } finally {
            Tool.run(network.node(), "umount", data.toString(), users.toString());
            Files.delete(data);
            Files.delete(users);
        }
    }

    @Test
    void onlyAnEmptyFileIsLeftOver(PodNetwork network) throws IOException {
        Files.createDirectories(NAMES);
        Path content = Files.writeString(NAMES.resolve("content"), "precious");
        Path pipe = NAMES.resolve("pipe");
        Tool.run(network.node(), "mkfifo", pipe.toString());

        isRefused("content", "a regular file with content");
        isRefused("pipe", "a special file");

        assertThat(content).hasContent("precious");
        Files.delete(content);
        Files.delete(pipe);
        Path leftOver = Files.createFile(NAMES.resolve("left-over"));
        NetworkNamespace.delete("left-over");
        assertThat(leftOver).doesNotExist();
        assertThatThrownBy(() -> NetworkNamespace.delete("left-over")).isInstanceOf(NoSuchFileException.class);
    }

    @Test
    void aNameThatWasMountedTwiceIsDeleted(PodNetwork network) throws IOException {
        NetworkNamespace.create("twice").close();
        Tool.run(network.node(), "mount", "--bind", "/run/netns/twice", "/run/netns/twice");

        NetworkNamespace.delete("twice");

        assertThat(NAMES.resolve("twice")).doesNotExist();
        assertThat(isMounted(NAMES.resolve("twice"))).isFalse();
    }
}
