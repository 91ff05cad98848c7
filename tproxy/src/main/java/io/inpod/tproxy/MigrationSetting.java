package io.inpod.tproxy;

import io.inpod.netns.NetworkNamespace;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.jspecify.annotations.Nullable;

/**
 * The setting {@code net.ipv4.tcp_migrate_req} of a namespace, switched on for a while; see the kernel's
 * Documentation/networking/ip-sysctl.rst. It concerns listeners with SO_REUSEPORT that are closed, nothing else. A file in /proc/sys
 * shows the namespace of the thread that opens it.
 */
final class MigrationSetting {
    private static final Path FILE = Path.of("/proc/sys/net/ipv4/tcp_migrate_req");
    private static final String ON = "1";

    private final NetworkNamespace namespace;
    private final String before;

    private MigrationSetting(NetworkNamespace namespace, String before) {
        this.namespace = namespace;
        this.before = before;
    }

    /**
     * Switches it on.
     *
     * @throws IOException if this kernel has no such setting, or it may not be changed here
     */
    static MigrationSetting on(NetworkNamespace namespace) throws IOException {
        Files.readString(FILE); // loads the classes outside
        String before = namespace.<String, IOException>call(() -> Files.readString(FILE)).strip();
        if (!before.equals(ON)) {
            write(namespace, ON);
        }
        return new MigrationSetting(namespace, before);
    }

    /** Restores what was before; says what is left if that fails. */
    @Nullable String restore() {
        try {
            if (!before.equals(ON)) {
                write(namespace, before);
            }
            return null;
        } catch (IOException e) {
            return "none for clients, but net.ipv4.tcp_migrate_req could not be set back to " + before + ": " + e.getMessage();
        }
    }

    private static void write(NetworkNamespace namespace, String value) throws IOException {
        namespace.<Object, IOException>call(() -> Files.writeString(FILE, value, StandardOpenOption.WRITE));
    }
}
