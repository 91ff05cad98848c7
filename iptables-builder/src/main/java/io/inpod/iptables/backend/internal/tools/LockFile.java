package io.inpod.iptables.backend.internal.tools;

import io.inpod.netns.NamespaceIdentity;
import io.inpod.netns.NetworkNamespace;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;

/**
 * The files that serve as locks: the one that iptables-legacy takes (iptables(8), XTABLES_LOCKFILE), and our own. By default, iptables uses
 * one file for the whole machine, so that a pod would wait for kube-proxy. Ours are shared only by namespaces in the same of 64 slots,
 * which bounds the number of files.
 */
public final class LockFile {
    private static final int SLOTS = 64;

    private LockFile() {}

    /** Whether other programs change the rules of this namespace too, under the lock of the machine: true for the node's own namespace. */
    static boolean isShared(NetworkNamespace namespace) throws IOException {
        try (NetworkNamespace own = NetworkNamespace.initial()) {
            return own.equals(namespace);
        }
    }

    /** Returns the file that {@link ApplyLock} locks, which only this user can open. */
    static Path applying(NamespaceIdentity namespace) throws IOException {
        return directory().resolve("apply-" + Math.floorMod(namespace.inode(), SLOTS) + ".lock");
    }

    /** Returns the file that {@link ApplyLock} locks for those who decide by a set's elements. */
    static Path deciding(NamespaceIdentity namespace) throws IOException {
        return directory().resolve("sets-" + Math.floorMod(namespace.inode(), SLOTS) + ".lock");
    }

    /** Returns the file that iptables-legacy locks for a namespace. */
    public static Path of(NamespaceIdentity namespace) throws IOException {
        return directory().resolve("xtables-" + Math.floorMod(namespace.inode(), SLOTS) + ".lock");
    }

    private static Path directory() throws IOException {
        Object user = Files.getAttribute(Path.of("/proc/self"), "unix:uid");
        String runtime = System.getenv("XDG_RUNTIME_DIR");
        Path parent = Path.of("/run");
        if (!Files.isWritable(parent)) {
            parent = runtime != null && Files.isWritable(Path.of(runtime)) ? Path.of(runtime)
                    : Path.of(System.getProperty("java.io.tmpdir"));
        }
        Path directory = parent.resolve("inpod-" + user);
        if (!Files.isDirectory(directory, LinkOption.NOFOLLOW_LINKS)) {
            try {
                Files.createDirectory(directory, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
            } catch (FileAlreadyExistsException e) {
                // created concurrently; checked below
            }
        }
        if (!Files.isDirectory(directory, LinkOption.NOFOLLOW_LINKS)
                || !user.equals(Files.getAttribute(directory, "unix:uid", LinkOption.NOFOLLOW_LINKS))) {
            throw new IOException(directory + ", the directory for iptables locks, is not a directory of this user: delete it");
        }
        return directory;
    }
}
