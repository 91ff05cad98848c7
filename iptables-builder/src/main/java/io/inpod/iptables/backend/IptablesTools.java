package io.inpod.iptables.backend;

import io.inpod.netns.IpFamily;
import java.io.File;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * Where the iptables tools are and how they are used.
 *
 * @param directories absolute directories, searched in order
 * @param variant which of the two implementations
 * @param timeout how long one run may take before it is killed, at least 1 s; half of it may be spent waiting for the lock
 */
public record IptablesTools(List<Path> directories, Variant variant, Duration timeout) {
    /** The implementations of iptables, which don't see each other's rules. */
    public enum Variant {
        /** Whatever the system calls {@code iptables}. */
        SYSTEM,
        /** {@code iptables-nft}, on nf_tables. */
        NFT,
        /** {@code iptables-legacy}, on x_tables. */
        LEGACY
    }

    /**
     * Checks the values.
     *
     * @param directories absolute directories, searched in order
     * @param variant which of the two implementations
     * @param timeout how long one run may take before it is killed, at least 1 s; half of it may be spent waiting for the lock
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
     * Chooses an implementation.
     *
     * @param value which
     * @return a copy with that implementation
     */
    public IptablesTools withVariant(Variant value) {
        return new IptablesTools(directories, value, timeout);
    }

    /**
     * Chooses where to look.
     *
     * @param value absolute directories, searched in order
     * @return a copy with those directories
     */
    public IptablesTools withDirectories(List<Path> value) {
        return new IptablesTools(value, variant, timeout);
    }

    /**
     * Limits the time of each run.
     *
     * @param value at least 1 s
     * @return a copy with that limit
     */
    public IptablesTools withTimeout(Duration value) {
        return new IptablesTools(directories, variant, value);
    }

    Path iptables(IpFamily family, String verb) throws IOException {
        String infix = variant == Variant.SYSTEM ? "" : "-" + variant.name().toLowerCase(Locale.ROOT);
        return find(program(family) + infix + "-" + verb, "iptables");
    }

    Path find(String tool, String debianPackage) throws IOException {
        for (Path directory : directories) {
            Path file = directory.resolve(tool);
            if (Files.isRegularFile(file) && Files.isExecutable(file)) {
                return file;
            }
        }
        throw new FileNotFoundException(tool + " is not in " + directories + "; on Debian it is in the package " + debianPackage);
    }

    /**
     * Returns the name of a family's program, with which those of its other programs begin.
     *
     * @param family which
     * @return {@code iptables} or {@code ip6tables}
     */
    public static String program(IpFamily family) {
        return family == IpFamily.V4 ? "iptables" : "ip6tables";
    }
}
