package io.inpod.iptables.backend.internal.tools;

import io.inpod.netns.IpFamily;
import io.inpod.netns.NetworkNamespace;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/** Whether a namespace has tables of x_tables, as the kernel reports it: running {@code iptables-legacy} would load their modules. */
public final class LegacyTables {
    private LegacyTables() {}

    /** Returns whether there are tables of either family, or whether that can't be determined. */
    public static boolean exist(NetworkNamespace namespace) throws IOException {
        return namespace.<Boolean, IOException>call(() -> areHere(IpFamily.V4) || areHere(IpFamily.V6));
    }

    /** Returns whether there are tables of a family, or whether that can't be determined. */
    public static boolean exist(NetworkNamespace namespace, IpFamily family) throws IOException {
        return namespace.<Boolean, IOException>call(() -> areHere(family));
    }

    /** Whether the calling thread's namespace has them. */
    private static boolean areHere(IpFamily family) throws IOException {
        try {
            return !Files.readString(Path.of("/proc/thread-self/net/" + (family == IpFamily.V4 ? "ip" : "ip6") + "_tables_names"))
                    .isBlank();
        } catch (NoSuchFileException e) {
            return false;
        } catch (AccessDeniedException e) {
            return true;
        }
    }
}
