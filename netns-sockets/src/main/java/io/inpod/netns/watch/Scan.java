package io.inpod.netns.watch;

import io.inpod.netns.NamespaceIdentity;
import io.inpod.netns.NetworkNamespace;
import java.io.IOException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/** One search for all network namespaces. */
final class Scan {
    static final Path NAMES = Path.of("/run/netns");

    private static final Path PROC = Path.of("/proc");
    private static final String KIND = "net:[";

    private final Map<NamespaceIdentity, Set<String>> names = new HashMap<>();
    private final Map<NamespaceIdentity, Set<Long>> processes = new HashMap<>();

    List<FoundNamespace> run() throws IOException {
        if (Files.isDirectory(NAMES)) {
            for (Path file : list(NAMES, "*")) {
                name(file);
            }
        }
        long device;
        try (NetworkNamespace any = NetworkNamespace.current()) {
            device = any.identity().device(); // all namespaces are files of one file system
        }
        for (Path process : list(PROC, "[0-9]*")) {
            process(process, device);
        }
        Map<NamespaceIdentity, FoundNamespace> found =
                new TreeMap<>(Comparator.comparingLong(NamespaceIdentity::device).thenComparingLong(NamespaceIdentity::inode));
        Set<NamespaceIdentity> all = new HashSet<>(names.keySet());
        all.addAll(processes.keySet());
        all.forEach(identity -> found.put(identity, new FoundNamespace(identity,
                List.copyOf(names.getOrDefault(identity, Set.of())), List.copyOf(processes.getOrDefault(identity, Set.of())))));
        return List.copyOf(found.values());
    }

    private void name(Path file) {
        try (NetworkNamespace named = NetworkNamespace.open(file)) {
            names.computeIfAbsent(named.identity(), first -> new TreeSet<>()).add(file.getFileName().toString());
        } catch (IOException e) {
            // gone meanwhile, or an empty file that is left over
        }
    }

    private void process(Path process, long device) {
        try {
            String link = Files.readSymbolicLink(process.resolve("ns/net")).toString();
            if (link.startsWith(KIND)) {
                NamespaceIdentity identity =
                        new NamespaceIdentity(device, Long.parseLong(link.substring(KIND.length(), link.length() - 1)));
                processes.computeIfAbsent(identity, first -> new TreeSet<>()).add(Long.parseLong(process.getFileName().toString()));
            }
        } catch (IOException e) {
            // gone meanwhile, or not accessible
        }
    }

    private static List<Path> list(Path directory, String glob) throws IOException {
        List<Path> entries = new ArrayList<>();
        try (DirectoryStream<Path> stream = Files.newDirectoryStream(directory, glob)) {
            stream.forEach(entries::add);
        } catch (DirectoryIteratorException e) {
            throw e.getCause();
        }
        return entries;
    }
}
