package io.inpod.netns;

import io.inpod.netns.internal.Constants;
import io.inpod.netns.internal.DirectoryLock;
import io.inpod.netns.internal.Native;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
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

    /**
     * Deletes a name: the mounts of network namespaces there and the empty file below them, an empty file that is left over, or a symbolic
     * link to either or to nothing. What a link leads to stays.
     */
    static void delete(String name) throws IOException {
        Path mountPoint = SYSTEM.resolve(check(name));
        BasicFileAttributes found = Files.readAttributes(mountPoint, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
        if (found.isSymbolicLink()) {
            if (Files.exists(mountPoint)) {
                requireNamespaceOrLeftOver(mountPoint, 0);
            }
        } else if (found.isOther()) {
            throw new NotANetworkNamespaceException(mountPoint.toString(), "a special file");
        } else {
            while (requireNamespaceOrLeftOver(mountPoint, Constants.O_NOFOLLOW)) {
                Native.check(Native.LIBC.umount2(mountPoint.toString(), Constants.MNT_DETACH | Constants.UMOUNT_NOFOLLOW), "umount2",
                        mountPoint);
            }
        }
        Files.delete(mountPoint);
    }

    /** Returns whether a path is a network namespace; false for an empty file. Everything else is refused. */
    private static boolean requireNamespaceOrLeftOver(Path path, int flags) throws IOException {
        int number = Native.LIBC.open(path.toString(), Constants.O_RDONLY | Constants.O_CLOEXEC | Constants.O_NONBLOCK | flags, 0);
        Native.check(number, "open", path);
        try {
            String other = NamespaceFile.otherThanNetwork(number);
            boolean leftOver = other != null && Files.isRegularFile(path) && Files.size(path) == 0 && other.equals(NamespaceFile.REGULAR);
            if (other != null && !leftOver) {
                throw new NotANetworkNamespaceException(path.toString(),
                        other.equals(NamespaceFile.REGULAR) ? other + " with content" : other);
            }
            return !leftOver;
        } finally {
            Native.LIBC.close(number);
        }
    }

    private static String check(String name) {
        if (name.isEmpty() || name.contains("/") || name.indexOf('\0') >= 0 || name.equals(".") || name.equals("..")) {
            throw new IllegalArgumentException("a namespace's name must be a plain file name, not \"" + name + "\"");
        }
        return name;
    }
}
