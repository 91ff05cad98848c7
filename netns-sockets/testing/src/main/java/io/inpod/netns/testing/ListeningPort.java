package io.inpod.netns.testing;

import java.io.IOException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Whether a process listens on a port. */
final class ListeningPort {
    private ListeningPort() {}

    /** Whether a process or one that it has started listens on a TCP port. */
    static boolean isOf(ProcessHandle process, int port) throws IOException {
        Set<String> listening = OpenSocket.listening(Path.of("/proc", Long.toString(process.pid()), "net")).stream()
                .filter(socket -> socket.port() == port).map(socket -> "socket:[" + socket.inode() + "]").collect(Collectors.toSet());
        return !listening.isEmpty() && Stream.concat(Stream.of(process), process.descendants())
                .anyMatch(each -> hasOpen(each.pid(), listening));
    }

    private static boolean hasOpen(long pid, Set<String> sockets) {
        try (DirectoryStream<Path> descriptors = Files.newDirectoryStream(Path.of("/proc", Long.toString(pid), "fd"))) {
            for (Path descriptor : descriptors) {
                if (sockets.contains(Survey.target(descriptor))) {
                    return true;
                }
            }
        } catch (IOException | DirectoryIteratorException e) {
            // it has ended, or belongs to another user
        }
        return false;
    }
}
