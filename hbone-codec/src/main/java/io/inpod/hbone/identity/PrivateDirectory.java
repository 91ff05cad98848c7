package io.inpod.hbone.identity;

import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFileAttributes;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;

/** A directory that only its owner can read. */
final class PrivateDirectory {
    private static final Set<PosixFilePermission> MODE = PosixFilePermissions.fromString("rwx------");

    private PrivateDirectory() {}

    /** Creates the directory with its parents if it is missing, and checks it in any case. */
    static Path ensure(Path directory) throws IOException {
        Path path = directory.toAbsolutePath().normalize();
        try {
            Files.createDirectories(path, PosixFilePermissions.asFileAttribute(MODE));
        } catch (FileAlreadyExistsException e) {
            // A file or a dangling link, which the checks below refuse.
        } catch (IOException e) {
            throw new IOException("can't create the CA's directory " + path + ": " + e + "; create it yourself, with mode 0700", e);
        }
        PosixFileAttributes attributes = Files.readAttributes(path, PosixFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
        if (attributes.isSymbolicLink()) {
            throw refuse(path, "is a symbolic link", "give the directory itself");
        }
        if (!attributes.isDirectory()) {
            throw refuse(path, "isn't a directory", "remove it or choose another path");
        }
        int owner = (Integer) Files.getAttribute(path, "unix:uid", LinkOption.NOFOLLOW_LINKS);
        if (owner != ownUid()) {
            throw refuse(path, "belongs to user " + owner + ", not to us (" + ownUid() + ")", "chown it or choose another path");
        }
        if (!attributes.permissions().equals(MODE)) {
            throw refuse(path, "has mode " + PosixFilePermissions.toString(attributes.permissions()),
                    "use a directory for the CA alone, and chmod 700 it");
        }
        return path;
    }

    /** Returns the effective user id. */
    static int ownUid() throws IOException {
        return (Integer) Files.getAttribute(Path.of("/proc/self/task"), "unix:uid");
    }

    private static IOException refuse(Path path, String problem, String cure) {
        return new IOException("the CA's directory " + path + " " + problem + "; " + cure);
    }
}
