package io.inpod.iptables.backend.internal.tools;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;

/** The mount of the version 2 hierarchy of cgroups, see cgroups(7). */
public final class CgroupMount {
    private static final Path MOUNTS = Path.of("/proc/thread-self/mountinfo");

    private CgroupMount() {}

    /** Returns where the root of the hierarchy, as this process sees it, is mounted; empty if it isn't. */
    public static Optional<Path> mount() throws IOException {
        for (String line : Files.readAllLines(MOUNTS, StandardCharsets.ISO_8859_1)) {
            String[] words = line.split(" ");
            int separator = Arrays.asList(words).indexOf("-");
            if (separator > 4 && words[separator + 1].equals("cgroup2") && words[3].equals("/")) {
                return Optional.of(Path.of(words[4]));
            }
        }
        return Optional.empty();
    }

    /** Refuses a path that doesn't exist, if that is visible here: the kernel would refuse a rule with it without saying why. */
    public static void check(String path) throws IOException {
        Optional<Path> mount = mount();
        if (mount.isPresent() && !Files.isDirectory(mount.get().resolve(path))) {
            throw new IOException("proxyCgroup: there is no cgroup " + path + " under " + mount.get() + ": start the proxy in it first");
        }
    }
}
