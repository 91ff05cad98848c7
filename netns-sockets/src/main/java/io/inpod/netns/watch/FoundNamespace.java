package io.inpod.netns.watch;

import io.inpod.netns.NamespaceIdentity;
import io.inpod.netns.NetworkNamespace;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * A network namespace that has a name or a process. Unlike a {@link NetworkNamespace} this value keeps it neither open nor alive.
 *
 * @param identity its identity
 * @param names its files in {@code /run/netns}, as {@code ip netns} shows them, in alphabetical order
 * @param processes the processes that are in it, as this process sees them, in ascending order
 */
public record FoundNamespace(NamespaceIdentity identity, List<String> names, List<Long> processes) {
    /**
     * Copies the lists.
     *
     * @param identity see {@link FoundNamespace}
     * @param names see {@link FoundNamespace}
     * @param processes see {@link FoundNamespace}
     */
    public FoundNamespace {
        names = List.copyOf(names);
        processes = List.copyOf(processes);
    }

    /**
     * Searches {@code /run/netns} and {@code /proc} for all network namespaces. It reads one link for each process on the machine.
     * Namespaces of processes that this process doesn't see, or may not inspect (ptrace(2), "Ptrace access mode checking"), and those that
     * only an open descriptor or a mount elsewhere keeps alive, are missed.
     *
     * @return the namespaces, by identity; those of threads only if it is their process's
     * @throws IOException if {@code /proc} can't be read
     */
    public static List<FoundNamespace> all() throws IOException {
        return new Scan().run();
    }

    /**
     * Opens it.
     *
     * @return the namespace, to be closed by the caller
     * @throws NoSuchFileException if it is gone: its names and processes lead to it no more
     * @throws IOException if it may not be opened
     */
    public NetworkNamespace open() throws IOException {
        List<Path> paths = new ArrayList<>();
        names.forEach(name -> paths.add(Scan.NAMES.resolve(name)));
        processes.forEach(process -> paths.add(Path.of("/proc", Long.toString(process), "ns/net")));
        IOException gone = new NoSuchFileException(identity.toString(), null, "the namespace is gone: neither of its names " + names
                + " nor one of its processes " + processes + " leads to it any more");
        for (Path path : paths) {
            try {
                NetworkNamespace opened = NetworkNamespace.open(path);
                if (opened.identity().equals(identity)) {
                    return opened;
                }
                opened.close(); // the name or the number of the process belongs to another one meanwhile
            } catch (IOException e) {
                gone.addSuppressed(e);
            }
        }
        throw gone;
    }

    /** {@return its identity, names and the number of its processes} */
    @Override
    public String toString() {
        return identity + " " + names + ", " + processes.size() + " processes";
    }
}
