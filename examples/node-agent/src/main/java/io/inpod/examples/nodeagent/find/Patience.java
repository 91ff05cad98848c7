package io.inpod.examples.nodeagent.find;

import io.inpod.examples.nodeagent.pod.MeshPod;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Remembers for how long a pod without an address has been searched for: its network is about to be made, and the plugin that makes it
 * tells the agent. So a costly way of searching is left out at first. Thread-safe.
 */
final class Patience {
    private static final int SEARCHES_WITHOUT = 2;
    private static final int MOST_REMEMBERED = 1_000;

    /** By uid, how often a pod was searched for; the eldest are forgotten. */
    private final Map<String, Integer> searches = new LinkedHashMap<>() {
        private static final long serialVersionUID = 1;

        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Integer> eldest) {
            return size() > MOST_REMEMBERED;
        }
    };

    /** Counts a search, and returns whether the costly way is due: at once for a pod with an address, otherwise at the third search. */
    synchronized boolean isOver(MeshPod pod) {
        return !pod.addresses().isEmpty() || searches.merge(pod.uid(), 1, Integer::sum) > SEARCHES_WITHOUT;
    }
}
