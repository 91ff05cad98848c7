package io.inpod.netns;

import java.io.IOException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;

/** One search for the processes that have sockets open. It keeps no directory in memory, and ends at a limit. */
final class SocketSearch {
    private static final Path PROC = Path.of("/proc");

    private final String network;
    private final long end;
    private final Map<Long, List<SocketHolders.Holder>> found = new HashMap<>();
    private int linksLeft;
    private boolean ended;

    SocketSearch(NamespaceIdentity namespace, int mostLinks, Duration longest) {
        this.network = namespace.toString();
        this.linksLeft = mostLinks;
        this.end = System.nanoTime() + longest.toNanos();
    }

    SocketHolders run(Set<Long> inodes) {
        for (boolean inside : new boolean[] {true, false}) {
            Map<String, Long> wanted = new HashMap<>();
            inodes.stream().filter(inode -> inode != 0 && !found.containsKey(inode))
                    .forEach(inode -> wanted.put("socket:[" + inode + "]", inode));
            if (!wanted.isEmpty()) {
                forEach(PROC, process -> {
                    if (target(process.resolve("ns/net")).equals(network) == inside) {
                        search(process, wanted);
                    }
                });
            }
        }
        return new SocketHolders(found, !ended);
    }

    private void search(Path process, Map<String, Long> wanted) {
        Set<Long> open = new LinkedHashSet<>();
        forEach(process.resolve("fd"), descriptor -> {
            Long inode = wanted.get(target(descriptor));
            if (inode != null) {
                open.add(inode);
            }
        });
        if (!open.isEmpty()) {
            SocketHolders.Holder holder = new SocketHolders.Holder(Long.parseLong(process.getFileName().toString()), program(process));
            open.forEach(inode -> found.computeIfAbsent(inode, key -> new ArrayList<>()).add(holder));
        }
    }

    /** Visits the entries of a directory whose names are numbers, until a limit is reached. */
    private void forEach(Path directory, Consumer<Path> visitor) {
        try (DirectoryStream<Path> stream = Files.newDirectoryStream(directory, "[0-9]*")) {
            for (Path entry : stream) {
                if (linksLeft == 0 || System.nanoTime() - end >= 0) {
                    ended = true;
                    return;
                }
                visitor.accept(entry);
            }
        } catch (IOException | DirectoryIteratorException e) {
            // gone, or not accessible
        }
    }

    private String target(Path link) {
        linksLeft--;
        try {
            return Files.readSymbolicLink(link).toString();
        } catch (IOException e) {
            return ""; // gone, or not accessible
        }
    }

    private static String program(Path process) {
        try {
            return Files.readString(process.resolve("comm")).strip();
        } catch (IOException e) {
            return "?";
        }
    }
}
