package io.inpod.netns.testing;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.regex.Pattern;

/** The names of a network's pods. */
final class PodNames {
    private static final int MAX_PODS = 250;
    private static final int MAX_NODES = 100;
    /** See hostname(7). */
    private static final Pattern HOST_NAME = Pattern.compile("(?=.{1,63}$)[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?");

    private PodNames() {}

    static List<String> numbered(int count) {
        List<String> names = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            names.add("pod-" + i);
        }
        return names;
    }

    static void check(List<String> names, int nodes) {
        if (nodes < 1 || nodes > MAX_NODES) {
            throw new IllegalArgumentException("1 to " + MAX_NODES + " nodes, not " + nodes);
        }
        if (names.size() > MAX_PODS * nodes) {
            throw new IllegalArgumentException("at most " + MAX_PODS + " pods for each node, not " + names.size());
        }
        for (String name : names) {
            if (!HOST_NAME.matcher(name).matches() || name.equals("localhost")) {
                throw new IllegalArgumentException(
                        "a pod's name is a host name of 1 to 63 letters, digits, hyphens and dots, unlike \"" + name + "\"");
            }
        }
        if (new HashSet<>(names).size() < names.size()) {
            throw new IllegalArgumentException("each pod has a name of its own, unlike " + names);
        }
    }
}
