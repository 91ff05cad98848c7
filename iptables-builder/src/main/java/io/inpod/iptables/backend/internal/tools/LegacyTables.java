package io.inpod.iptables.backend.internal.tools;

import io.inpod.netns.IpFamily;
import io.inpod.netns.NetworkNamespace;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/**
 * Whether there are tables of x_tables in a namespace, as the kernel says it: {@code iptables-legacy} would be a program to run, which
 * loads modules when it is asked.
 */
public final class LegacyTables {
    /** Shows the namespace of the thread that reads it. */
    private static final String NAMES = "/proc/thread-self/net/%s_tables_names";

    private LegacyTables() {
    }

    public static boolean exist(NetworkNamespace namespace) throws IOException {
        return exist(namespace, IpFamily.V4) || exist(namespace, IpFamily.V6);
    }

    /** Also if it can't be found out. */
    public static boolean exist(NetworkNamespace namespace, IpFamily family) throws IOException {
        Path names = Path.of(String.format(NAMES, family == IpFamily.V4 ? "ip" : "ip6"));
        try {
            return !namespace.<String, IOException>call(() -> Files.readString(names)).isBlank();
        } catch (NoSuchFileException e) {
            return false;
        } catch (AccessDeniedException e) {
            return true;
        }
    }
}
