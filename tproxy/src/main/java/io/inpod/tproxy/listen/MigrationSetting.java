package io.inpod.tproxy.listen;

import io.inpod.netns.NetworkNamespace;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.jspecify.annotations.Nullable;

/**
 * The setting {@code net.ipv4.tcp_migrate_req} of a namespace, switched on while listeners that are handed over together rely on it; see
 * the kernel's Documentation/networking/ip-sysctl.rst. It concerns listeners with SO_REUSEPORT that are closed, nothing else. A file in
 * /proc/sys shows the namespace of the thread that opens it.
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
     * Has it on until {@link #release}.
     *
     * @throws IOException if this kernel has no such setting, or it may not be changed here; nothing is to be released then
     */
    synchronized void acquire() throws IOException {
        if (users == 0) {
            Files.readString(FILE); // loads the classes outside
            before = namespace.<String, IOException>call(() -> Files.readString(FILE)).strip();
            if (!before.equals(ON)) {
                write(ON);
            }
        }
        users++;
    }

    /** Restores what was before if nobody else relies on it; says what is left if that fails. */
    synchronized @Nullable String release() {
        users--;
        try {
            if (users == 0 && !before.equals(ON)) {
                write(before);
            }
            return null;
        } catch (IOException e) {
            return "none for clients, but net.ipv4.tcp_migrate_req could not be set back to " + before + ": " + e.getMessage();
        }
    }

    private void write(String value) throws IOException {
        namespace.<Object, IOException>call(() -> Files.writeString(FILE, value, StandardOpenOption.WRITE));
    }
}
