package io.inpod.examples.nodeagent.find;

import io.inpod.examples.nodeagent.pod.MeshPod;
import io.inpod.examples.nodeagent.pod.NamespaceFinder;
import io.inpod.netns.NamespaceIdentity;
import io.inpod.netns.NetworkNamespace;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Finds a pod without processes by the files with which the runtime keeps namespaces open: the only namespace among them that has one of
 * the pod's addresses. One with a process of another pod doesn't count, because a pod may give itself any address. Pods whose addresses
 * aren't known aren't found.
 */
final class FileFinder implements NamespaceFinder {
    private final Processes processes;
    private final List<Path> directories;

    /**
     * Looks into some directories.
     *
     * @param directories those that don't exist are empty
     */
    FileFinder(Processes processes, List<Path> directories) {
        this.processes = processes;
        this.directories = List.copyOf(directories);
    }

    @Override
    public Map<String, NetworkNamespace> find(Collection<MeshPod> pods) throws IOException {
        Map<String, NetworkNamespace> found = new HashMap<>();
        Set<String> ambiguous = new HashSet<>();
        Map<NamespaceIdentity, Set<String>> owners = owners(pods);
        Set<NamespaceIdentity> seen = processes.ofTheNode();
        for (Path file : files()) {
            try (NetworkNamespace namespace = NetworkNamespace.open(file)) {
                if (seen.add(namespace.identity())) {
                    Set<String> inside = owners.getOrDefault(namespace.identity(), Set.of());
                    Set<InetAddress> addresses = Ownership.addresses(namespace);
                    for (MeshPod pod : pods) {
                        if (!Collections.disjoint(addresses, pod.addresses()) && Set.of(pod.uid()).containsAll(inside)) {
                            NetworkNamespace before = found.put(pod.uid(), namespace.duplicate());
                            if (before != null) {
                                before.close();
                                ambiguous.add(pod.uid());
                            }
                        }
                    }
                }
            } catch (IOException e) {
                // deleted meanwhile, or not a namespace of the network
            }
        }
        ambiguous.forEach(uid -> found.remove(uid).close());
        return found;
    }

    @Override
    public Optional<NetworkNamespace> open(String identity) throws IOException {
        for (Path file : files()) {
            try {
                NetworkNamespace namespace = NetworkNamespace.open(file);
                if (namespace.identity().toString().equals(identity)) {
                    return Optional.of(namespace);
                }
                namespace.close();
            } catch (IOException e) {
                // deleted meanwhile, or not a namespace of the network
            }
        }
        return Optional.empty();
    }

    private Map<NamespaceIdentity, Set<String>> owners(Collection<MeshPod> pods) throws IOException {
        Map<NamespaceIdentity, Set<String>> owners = new HashMap<>();
        for (PodProcess process : processes.list(new PodCgroup(pods.stream().map(MeshPod::uid).toList()), Set.of())) {
            owners.computeIfAbsent(process.namespace(), first -> new HashSet<>()).add(process.uid());
        }
        return owners;
    }

    private List<Path> files() throws IOException {
        List<Path> files = new ArrayList<>();
        for (Path directory : directories) {
            if (Files.isDirectory(directory)) {
                try (DirectoryStream<Path> stream = Files.newDirectoryStream(directory)) {
                    stream.forEach(files::add);
                } catch (DirectoryIteratorException e) {
                    throw e.getCause();
                }
            }
        }
        return files;
    }

    @Override
    public String toString() {
        return "files in " + directories;
    }
}
