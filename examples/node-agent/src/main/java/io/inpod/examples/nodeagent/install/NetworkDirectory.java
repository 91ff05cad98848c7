package io.inpod.examples.nodeagent.install;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** The directory of network configurations. Runtimes use the first file, by name, that is valid. */
final class NetworkDirectory {
    private static final String LIST = ".conflist";
    private static final List<String> SUFFIXES = List.of(LIST, ".conf", ".json");

    private final Path directory;

    NetworkDirectory(Path directory) {
        this.directory = directory;
    }

    /** A file with what it contains. */
    record Entry(Path path, NetworkFile file) {}

    /** {@return the file that runtimes use; empty if there is none} */
    Optional<Entry> used() throws IOException {
        for (Path path : files()) {
            Optional<NetworkFile> file = read(path);
            if (file.isPresent()) {
                return Optional.of(new Entry(path, file.get()));
            }
        }
        return Optional.empty();
    }

    /** {@return all lists with our entry, whether they are used or not} */
    List<Entry> withEntry() throws IOException {
        List<Entry> found = new ArrayList<>();
        for (Path path : files()) {
            read(path).filter(file -> file.isList() && file.hasEntry()).ifPresent(file -> found.add(new Entry(path, file)));
        }
        return found;
    }

    /** {@return the names of files that aren't valid, for a message} */
    List<String> invalid() throws IOException {
        List<String> names = new ArrayList<>();
        for (Path path : files()) {
            if (read(path).isEmpty()) {
                names.add(String.valueOf(path.getFileName()));
            }
        }
        return names;
    }

    private List<Path> files() throws IOException {
        try (Stream<Path> all = Files.list(directory)) {
            return all.filter(path -> SUFFIXES.stream().anyMatch(String.valueOf(path.getFileName())::endsWith))
                    .filter(path -> !Files.isDirectory(path))
                    .sorted((a, b) -> String.valueOf(a.getFileName()).compareTo(String.valueOf(b.getFileName())))
                    .toList();
        }
    }

    /** Returns empty for a file that isn't valid, or has gone meanwhile. One that can't be read is an error: the runtime may read it. */
    private static Optional<NetworkFile> read(Path path) throws IOException {
        byte[] bytes;
        try {
            bytes = Files.readAllBytes(path);
        } catch (NoSuchFileException e) {
            if (Files.isSymbolicLink(path)) {
                throw new IOException(path + " is a symbolic link to a file that can't be seen here, so it can't be changed", e);
            }
            return Optional.empty();
        }
        try {
            NetworkFile file = new NetworkFile(bytes);
            return file.isList() == path.toString().endsWith(LIST) ? Optional.of(file) : Optional.empty();
        } catch (IOException e) {
            return Optional.empty();
        }
    }
}
