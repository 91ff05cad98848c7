package io.inpod.iptables.backend.internal.nft;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** Control groups of version 2 and their numbers, which are the inode numbers of their directories, see cgroups(7). */
final class CgroupIds {
    private static final Path MOUNTS = Path.of("/proc/self/mountinfo");

    private CgroupIds() {}

    /** Returns the number of a control group; empty if it does not exist. */
    static Optional<Long> id(String path) throws IOException {
        Optional<Path> directory = root().map(root -> root.resolve(path)).filter(Files::isDirectory);
        return directory.isEmpty() ? Optional.empty() : Optional.of(inode(directory.get()));
    }

    /** Returns the path of a control group below the mount, searching some levels deep. */
    static Optional<String> path(long id, int level) throws IOException {
        Optional<Path> root = root();
        if (root.isEmpty()) {
            return Optional.empty();
        }
        try (Stream<Path> below = Files.walk(root.get(), level)) {
            for (Path path : (Iterable<Path>) below.filter(Files::isDirectory)::iterator) {
                if (inode(path) == id) {
                    return Optional.of(root.get().relativize(path).toString());
                }
            }
        }
        return Optional.empty();
    }

    private static long inode(Path path) throws IOException {
        return (Long) Files.getAttribute(path, "unix:ino");
    }

    private static Optional<Path> root() throws IOException {
        for (String line : Files.readAllLines(MOUNTS)) {
            // proc(5): fields, optional ones, a dash, the type; the fifth field is the mount point
            List<String> fields = List.of(line.split(" "));
            int dash = fields.indexOf("-");
            if (dash > 0 && fields.get(dash + 1).equals("cgroup2")) {
                return Optional.of(Path.of(fields.get(4)));
            }
        }
        return Optional.empty();
    }
}
