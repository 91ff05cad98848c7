package io.inpod.iptables.backend.tools;

import java.io.File;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * Where the programs of iptables, ipset and nft are, and how they run.
 *
 * @param directories absolute directories, searched in order
 * @param variant which implementation of iptables to use
 * @param timeout how long one run may take before it is killed, at least 1 s; half of it may be spent waiting for the lock of iptables
 */
public record IptablesTools(List<Path> directories, Variant variant, Duration timeout) {
    /** The implementations of iptables, which don't see each other's rules. */
    public enum Variant {
        /** The one that the system calls {@code iptables}. */
        SYSTEM,
        /** {@code iptables-nft}, on nf_tables. */
        NFT,
        /** {@code iptables-legacy}, on x_tables. */
        LEGACY
    }

    /**
     * Checks the values.
     *
     * @param directories see {@link #directories()}
     * @param variant see {@link #variant()}
     * @param timeout see {@link #timeout()}
     * @throws IllegalArgumentException if a directory is relative or the timeout too short
     */
    public IptablesTools {
        directories = List.copyOf(directories);
        for (Path directory : directories) {
            if (!directory.isAbsolute()) {
                throw new IllegalArgumentException("tool directory " + directory + " is not absolute");
            }
        }
        if (timeout.toSeconds() < 1) {
            throw new IllegalArgumentException("timeout " + timeout + " is shorter than 1 s");
        }
    }

    /** {@return the system's tools in the absolute directories of PATH, /usr/sbin, /sbin, /usr/bin and /bin, with 10 s for each run} */
    public static IptablesTools system() {
        List<Path> directories = new ArrayList<>();
        String path = System.getenv().getOrDefault("PATH", "");
        for (String entry : (path + ":/usr/sbin:/sbin:/usr/bin:/bin").split(File.pathSeparator)) {
            if (entry.startsWith("/")) {
                directories.add(Path.of(entry));
            }
        }
        return new IptablesTools(directories, Variant.SYSTEM, Duration.ofSeconds(10));
    }

    /**
     * Returns a copy with another implementation.
     *
     * @param value the implementation
     * @return the copy
     */
    public IptablesTools withVariant(Variant value) {
        return new IptablesTools(directories, value, timeout);
    }

    /**
     * Returns a copy that searches other directories.
     *
     * @param value absolute directories, searched in order
     * @return the copy
     */
    public IptablesTools withDirectories(List<Path> value) {
        return new IptablesTools(value, variant, timeout);
    }

    /**
     * Returns a copy with another limit on the time of each run.
     *
     * @param value at least 1 s
     * @return the copy
     */
    public IptablesTools withTimeout(Duration value) {
        return new IptablesTools(directories, variant, value);
    }
}
