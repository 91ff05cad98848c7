package io.inpod.netns;

import io.inpod.netns.internal.Constants;
import io.inpod.netns.internal.DirectoryLock;
import io.inpod.netns.internal.Native;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/** Names of namespaces: bind mounts in the directories where ip-netns(8) and rootless tools keep them. */
final class NamespaceNames {
    private static final Path SYSTEM = Path.of("/run/netns");
    private static final int EINVAL = 22;

    private NamespaceNames() {}

    private static Set<Path> directories() {
        Set<Path> directories = new LinkedHashSet<>(List.of(SYSTEM, Path.of("/var/run/netns")));
        String ofUser = System.getenv("XDG_RUNTIME_DIR");
        if (ofUser != null && ofUser.startsWith("/")) { // the XDG base directory specification requires that a relative path is ignored
            directories.add(Path.of(ofUser, "netns"));
        }
        return directories;
    }

    static Path find(String name) throws NoSuchFileException {
        check(name);
        for (Path directory : directories()) {
            if (Files.exists(directory.resolve(name))) {
                return directory.resolve(name);
            }
        }
        throw new NoSuchFileException(name, null,
                "no network namespace of that name in " + directories() + " (`ip netns list` shows those in the first)");
    }

    /** Lists the names of a namespace. */
    static List<String> of(NamespaceIdentity namespace) throws IOException {
        Set<String> names = new TreeSet<>();
        for (Path directory : directories()) {
            if (Files.isDirectory(directory)) {
                try (DirectoryStream<Path> files = Files.newDirectoryStream(directory)) {
                    for (Path file : files) {
                        if (isOf(namespace, file) && find(file.getFileName().toString()).equals(file)) {
                            names.add(file.getFileName().toString());
                        }
                    }
                }
            }
        }
        return List.copyOf(names);
    }

    private static boolean isOf(NamespaceIdentity namespace, Path file) {
        try {
            return namespace.equals(NamespaceFile.identity(file.toString()));
        } catch (IOException e) {
            return false; // gone meanwhile
        }
    }

    /** Binds a reserved name to an open namespace. */
    static Path bind(NetworkNamespace namespace, String name) throws IOException {
        Path mountPoint = SYSTEM.resolve(name);
        share();
        int fd = namespace.acquire();
        try {
            Native.check(Native.LIBC.mount("/proc/thread-self/fd/" + fd, mountPoint.toString(), "none", Constants.MS_BIND, null), "mount",
                    mountPoint);
        } finally {
            namespace.fd().release();
        }
        return mountPoint;
    }

    /**
     * Makes the directory a mount that all mount namespaces share, as ip-netns(8) does with the first name. Otherwise a mount that is made
     * later would hide the existing names, and a process in another mount namespace would keep deleted namespaces alive.
     */
    private static void share() throws IOException {
        String directory = SYSTEM.toString();
        try (DirectoryLock alone = DirectoryLock.take(SYSTEM)) { // as ip does
            if (Native.LIBC.mount("none", directory, "none", Constants.MS_SHARED | Constants.MS_REC, null) < 0
                    && Native.errno() == EINVAL /* no mount yet */) {
                Native.check(Native.LIBC.mount(directory, directory, "none", Constants.MS_BIND | Constants.MS_REC, null), "mount", alone);
                Native.check(Native.LIBC.mount("none", directory, "none", Constants.MS_SHARED | Constants.MS_REC, null), "mount", alone);
            }
        }
    }

    /** Reserves a name by creating its file, so that only one of two callers gets it. */
    static void reserve(String name) throws IOException {
        Files.createDirectories(SYSTEM);
        Files.createFile(SYSTEM.resolve(check(name)));
    }

    /** Releases a reserved name. */
    static void release(String name) throws IOException {
        Files.deleteIfExists(SYSTEM.resolve(name));
    }

    static void delete(String name) throws IOException {
        Path mountPoint = SYSTEM.resolve(check(name));
        if (Native.LIBC.umount2(mountPoint.toString(), Constants.MNT_DETACH) < 0
                && Native.errno() != EINVAL /* not mounted: a leftover */) {
            throw Native.failure("umount2", mountPoint);
        }
        Files.delete(mountPoint);
    }

    private static String check(String name) {
        if (name.isEmpty() || name.contains("/") || name.indexOf('\0') >= 0 || name.equals(".") || name.equals("..")) {
            throw new IllegalArgumentException("a namespace's name must be a plain file name, not \"" + name + "\"");
        }
        return name;
    }
}
