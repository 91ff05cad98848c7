package io.inpod.tproxy.listen;

import io.inpod.netns.NetworkNamespace;
import io.inpod.tproxy.internal.NamespaceFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.jspecify.annotations.Nullable;

/**
 * The setting {@code net.ipv4.tcp_migrate_req} of a namespace, switched on while listeners that are handed over together need it; see the
 * kernel's Documentation/networking/ip-sysctl.rst. It only affects listeners with SO_REUSEPORT when they are closed.
 */
final class MigrationSetting {
    private static final Path FILE = Path.of("/proc/sys/net/ipv4/tcp_migrate_req");
    private static final String ON = "1";

    private final NetworkNamespace namespace;
    private int users;
    private String before = ON;

    MigrationSetting(NetworkNamespace namespace) {
        this.namespace = namespace;
    }

    /**
     * Switches it on until {@link #release}.
     *
     * @throws IOException if this kernel doesn't have the setting, or it can't be changed here; then there is nothing to release
     */
    synchronized void acquire() throws IOException {
        if (users == 0) {
            before = NamespaceFiles.read(namespace, FILE);
            if (!before.equals(ON)) {
                write(ON);
            }
        }
        users++;
    }

    /** Restores the earlier value unless another listener still needs the setting; returns null, or what remains if that fails. */
    synchronized @Nullable String release() {
        users--;
        try {
            if (users == 0 && !before.equals(ON)) {
                write(before);
            }
            return null;
        } catch (IOException e) {
            return "none for clients, but net.ipv4.tcp_migrate_req could not be reset to " + before + ": " + e.getMessage();
        }
    }

    private void write(String value) throws IOException {
        namespace.<Object, IOException>call(() -> Files.writeString(FILE, value, StandardOpenOption.WRITE));
    }
}
