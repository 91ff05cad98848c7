package io.inpod.examples.nodeagent.install;

import io.inpod.examples.cniplugin.NativePlugin;
import io.inpod.examples.nodeagent.install.NetworkDirectory.Entry;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;

/**
 * Puts the plugin's program and its entry in the network configuration in place, and takes them out. Each step leaves a node whose pods
 * have a network. For one thread at a time.
 */
public final class Installer {
    /** A single plugin's file under this name waits for the time when our list is removed. */
    private static final String SAVED = ".inpod-saved";

    private static final int PROGRAM_MODE = 0755;
    private static final int LIST_MODE = 0600;

    private final Path binaries;
    private final Path configurations;
    private final PluginEntry entry;

    /**
     * Creates an installer, which does nothing yet.
     *
     * @param binaries the directory of CNI programs, usually /opt/cni/bin
     * @param configurations the directory of network configurations, usually /etc/cni/net.d
     * @param entry the plugin's entry
     */
    public Installer(Path binaries, Path configurations, PluginEntry entry) {
        this.binaries = binaries;
        this.configurations = configurations;
        this.entry = entry;
    }

    /**
     * Makes sure that the program is there and that the plugin is the last one in the list that runtimes use. Doing it again is harmless.
     *
     * @return what was done, in words; empty if everything was in place
     * @throws NoNetworkException if there is no network configuration yet; the program is in place then
     * @throws IOException if the files can't be changed; what was there stays
     */
    public List<String> install() throws IOException {
        List<String> done = new ArrayList<>();
        installProgram(done);
        AtomicFile.removeLeftovers(configurations);
        NetworkDirectory directory = new NetworkDirectory(configurations);
        Entry used = directory.used().orElseThrow(() -> new NoNetworkException(
                "there is no network configuration in " + configurations + " yet" + invalid(directory)));
        try {
            installEntry(used, done);
        } catch (IOException e) {
            throw new IOException(used.path() + ": " + e.getMessage(), e);
        }
        return done;
    }

    private static String invalid(NetworkDirectory directory) {
        try {
            List<String> names = directory.invalid();
            return names.isEmpty() ? "" : " (not valid: " + String.join(", ", names) + ")";
        } catch (IOException e) {
            return "";
        }
    }

    private void installProgram(List<String> done) throws IOException {
        byte[] program = NativePlugin.program();
        Path file = program();
        Files.createDirectories(binaries);
        AtomicFile.removeLeftovers(binaries);
        if (!Files.isExecutable(file) || !Arrays.equals(Files.readAllBytes(file), program)) {
            AtomicFile.write(file, program, PROGRAM_MODE);
            Files.setAttribute(file, "unix:mode", PROGRAM_MODE); // an existing file would keep its own
            done.add(file + " written");
        }
    }

    /** {@return whether the plugin's program is there} */
    boolean hasProgram() {
        return Files.exists(program());
    }

    private Path program() {
        return binaries.resolve(NativePlugin.NAME);
    }

    private void installEntry(Entry used, List<String> done) throws IOException {
        if (!used.file().isList()) {
            convert(used, done);
            return;
        }
        NetworkFile changed = used.file().with(entry);
        if (changed != used.file()) {
            refuseIfChanged(used);
            AtomicFile.write(used.path(), changed.bytes(), LIST_MODE);
            done.add(used.path() + ": entry "
                    + (used.file().hasEntry() ? "replaced" : "added behind " + String.join(", ", used.file().types())));
        }
    }

    /** The new list comes first. Until the single plugin's file has another name, runtimes use that. */
    private void convert(Entry used, List<String> done) throws IOException {
        Path list = listOf(used.path());
        Path saved = used.path().resolveSibling(used.path().getFileName() + SAVED);
        if (Files.exists(list) && !Files.exists(saved) && !isMadeOf(list, used)) {
            throw new IOException("it is a single plugin's configuration, which must become a list, but " + list + " exists already");
        }
        NetworkFile converted = used.file().asList().with(entry);
        int mode = (int) Files.getAttribute(used.path(), "unix:mode") & 07777;
        AtomicFile.write(list, converted.bytes(), mode);
        refuseIfChanged(used);
        Files.deleteIfExists(saved);
        AtomicFile.rename(used.path(), saved);
        done.add(list + " written: " + String.join(", ", used.file().types()) + " from " + used.path() + ", which is now "
                + saved.getFileName()
                + ", and our entry");
    }

    /** An installer that was killed between its two steps has left the list and the single plugin's file. */
    private static boolean isMadeOf(Path list, Entry single) throws IOException {
        try {
            return Arrays.equals(new NetworkFile(Files.readAllBytes(list)).without().bytes(), single.file().asList().bytes());
        } catch (IOException e) {
            throw new IOException(list + ": " + e.getMessage(), e);
        }
    }

    private static Path listOf(Path single) {
        String name = String.valueOf(single.getFileName());
        return single.resolveSibling(name.substring(0, name.lastIndexOf('.')) + ".conflist");
    }

    /** Somebody else may have written since the file was read. Nobody locks these files, so this makes the gap small. */
    private static void refuseIfChanged(Entry used) throws IOException {
        if (!Arrays.equals(Files.readAllBytes(used.path()), used.file().bytes())) {
            throw new IOException("somebody else is writing it right now");
        }
    }

    /**
     * Takes the entry out of every list, and then removes the program, unless a pod that exists was set up with it.
     *
     * @param cache the directory of the runtime's libcni, usually /var/lib/cni
     * @return what was done and what stays, in words
     * @throws IOException if the files can't be changed; doing it again continues
     */
    public List<String> uninstall(Path cache) throws IOException {
        List<String> done = new ArrayList<>();
        if (Files.isDirectory(configurations)) {
            AtomicFile.removeLeftovers(configurations);
            restoreSingles(done);
            for (Entry found : new NetworkDirectory(configurations).withEntry()) {
                try {
                    AtomicFile.write(found.path(), found.file().without().bytes(), LIST_MODE);
                } catch (IOException e) {
                    throw new IOException(found.path() + ": " + e.getMessage(), e);
                }
                done.add(found.path() + ": entry removed");
            }
        }
        if (hasProgram()) {
            removeProgram(cache, done);
        }
        return done;
    }

    /** A single plugin's file comes back, unless others have used the list meanwhile. The file wins over the list, which goes last. */
    private void restoreSingles(List<String> done) throws IOException {
        List<Path> all;
        try (Stream<Path> files = Files.list(configurations)) {
            all = files.filter(path -> path.toString().endsWith(SAVED)).sorted().toList();
        }
        for (Path saved : all) {
            String name = String.valueOf(saved.getFileName());
            Path single = saved.resolveSibling(name.substring(0, name.length() - SAVED.length()));
            Path list = listOf(single);
            if (Files.exists(list) && others(list) > 1) {
                Files.delete(saved);
                continue; // somebody has added a plugin to the list, which is theirs now
            }
            if (Files.exists(single)) {
                Files.delete(saved);
            } else {
                AtomicFile.rename(saved, single);
            }
            Files.deleteIfExists(list);
            done.add(single + " is back, " + list.getFileName() + " removed");
        }
    }

    private static int others(Path list) throws IOException {
        try {
            return new NetworkFile(Files.readAllBytes(list)).without().types().size();
        } catch (IOException e) {
            throw new IOException(list + ": " + e.getMessage(), e);
        }
    }

    private void removeProgram(Path cache, List<String> done) {
        try {
            List<String> pods = CachedPods.find(cache);
            if (pods.isEmpty()) {
                Files.delete(program());
                done.add(program() + " removed");
            } else {
                done.add(program() + " stays, so that " + pods.size() + " pods that were started with it can be deleted, such as "
                        + pods.get(0)
                        + "; once they are gone, uninstall again");
            }
        } catch (IOException e) {
            done.add(program() + " stays, because pods that were started with it need it to be deleted: " + e.getMessage()
                    + "; delete it once no pod of now is left");
        }
    }
}
