package io.inpod.examples.ztunnel.source;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Objects;

/**
 * What shows that a file has been replaced or written to: which file it is, when it and its metadata changed, and its size. The time at
 * which the metadata changed is the kernel's own: no program can set it to what it was. See inode(7).
 *
 * @param device the device that has the file to which the path and its symbolic links lead
 * @param inode the file's number there
 * @param modified when it was written to, unless a program says otherwise
 * @param changed when it was written to, moved, or changed in its mode or owner
 * @param size its size in bytes
 * @param regular whether it is a regular file, and no directory, pipe, socket or device
 */
record FileVersion(Object device, Object inode, FileTime modified, FileTime changed, long size, boolean regular) {
    /**
     * Returns the version that a path leads to now.
     *
     * @param path the path
     * @return the version
     * @throws IOException if there is no file, or it may not be looked at
     */
    static FileVersion of(Path path) throws IOException {
        Map<String, Object> all = Files.readAttributes(path, "unix:dev,ino,lastModifiedTime,ctime,size,isRegularFile");
        return new FileVersion(value(all, "dev", Object.class), value(all, "ino", Object.class),
                value(all, "lastModifiedTime", FileTime.class), value(all, "ctime", FileTime.class), value(all, "size", Long.class),
                value(all, "isRegularFile", Boolean.class));
    }

    private static <T> T value(Map<String, Object> all, String name, Class<T> type) {
        return type.cast(Objects.requireNonNull(all.get(name), name));
    }

    /** Returns whether it is the same file, which may have been written to. */
    boolean isSameFile(FileVersion other) {
        return device.equals(other.device) && inode.equals(other.inode);
    }

    /** Returns whether it has been as it is for some time. */
    boolean isOlderThan(Duration age) {
        return changed.toInstant().isBefore(Instant.now().minus(age));
    }
}
