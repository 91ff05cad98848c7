package io.inpod.netns.testing;

import io.inpod.netns.NamespaceHolder;
import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.error.AlreadyClosedException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Lists what this process has in the namespaces of one network, and says for each thing in which pod it is, and which addresses a socket
 * has.
 */
final class NetworkSurvey {
    private static final Pattern NAMESPACE = Pattern.compile("net:\\[\\d+]");
    private static final Pattern SOCKET = Pattern.compile("socket:\\[\\d+]");

    private final Map<String, NetworkNamespace> namespaces;

    /**
     * @param namespaces the namespaces, by the names for a person
     */
    NetworkSurvey(Map<String, NetworkNamespace> namespaces) {
        this.namespaces = Map.copyOf(namespaces);
    }

    Set<Leak> list() throws IOException {
        Set<Leak> found = new TreeSet<>();
        for (NetworkNamespace namespace : namespaces.values()) {
            for (NamespaceHolder holder : NamespaceHolder.ofThisProcess(namespace)) {
                found.add(switch (holder.kind()) {
                    case THREAD ->
                        new Leak(LeakKind.THREAD, "thread " + holder.id() + " (\"" + holder.name() + "\") in " + namespace.identity());
                    case SOCKET -> new Leak(LeakKind.SOCKET, "fd " + holder.id() + " -> " + holder.name());
                    case DESCRIPTOR -> new Leak(LeakKind.DESCRIPTOR, "fd " + holder.id() + " -> " + holder.name());
                    case MOUNT -> new Leak(LeakKind.NAME, "mount " + holder.name() + " of " + namespace.identity());
                });
            }
        }
        Set<String> identities = new TreeSet<>();
        namespaces.values().forEach(namespace -> identities.add(namespace.identity().toString()));
        found.addAll(Survey.processes(identities::contains));
        return found;
    }

    /** Says what was left behind, with the names of pods and the addresses of sockets. */
    String describe(Set<Leak> leaks) throws IOException {
        Map<String, String> notes = notes();
        StringBuilder text = new StringBuilder();
        for (Leak leak : leaks) {
            text.append(text.isEmpty() ? "" : ", ").append(leak.text());
            for (Pattern pattern : new Pattern[] {SOCKET, NAMESPACE}) {
                Matcher matcher = pattern.matcher(leak.text());
                String note = matcher.find() ? notes.get(matcher.group()) : null;
                text.append(note == null ? "" : " (" + note + ")");
            }
        }
        return "[" + text + "]";
    }

    /** What there is to say about {@code socket:[1]} or {@code net:[1]}. */
    private Map<String, String> notes() throws IOException {
        Map<String, String> notes = new HashMap<>();
        addressesHere(notes);
        for (Map.Entry<String, NetworkNamespace> each : namespaces.entrySet()) {
            NetworkNamespace namespace = each.getValue();
            String place = each.getKey() + " " + namespace.identity();
            notes.put(namespace.identity().toString(), each.getKey());
            try {
                NamespaceHolder.ofThisProcess(namespace).stream().filter(holder -> holder.kind() == NamespaceHolder.Kind.SOCKET)
                        .forEach(holder -> notes.put(holder.name(), "in " + place));
                namespace.<Object, IOException>call(() -> {
                    addresses(notes, ", in " + place);
                    return notes;
                });
            } catch (AlreadyClosedException e) {
                // by the test
            }
        }
        return notes;
    }

    /** Also loads all classes before a thread enters a namespace. */
    private static void addressesHere(Map<String, String> notes) throws IOException {
        addresses(notes, "");
    }

    private static void addresses(Map<String, String> notes, String place) throws IOException {
        for (OpenSocket socket : OpenSocket.all(Path.of("/proc/thread-self/net"))) {
            notes.put("socket:[" + socket.inode() + "]", socket.words() + place);
        }
    }
}
