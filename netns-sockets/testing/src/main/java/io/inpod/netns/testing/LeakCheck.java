package io.inpod.netns.testing;

import io.inpod.netns.NetworkNamespace;
import java.io.IOException;
import java.time.Duration;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;

/**
 * Finds resources that a piece of work left behind: descriptors other than files; this process's threads and child processes in a foreign
 * network namespace; namespaces with a name or another mount. Work that ends in the background (an event loop that is shutting down, an
 * object that is collected) has ten seconds to do so.
 *
 * <p>The check covers all mounts of the mount namespace: on a machine where other programs create named namespaces meanwhile, run it in a
 * sandbox.
 */
public final class LeakCheck {
    static final Duration LIMIT = Duration.ofSeconds(10);
    private static final long COLLECTION_NANOS = 500_000_000;

    private final String home;
    private final NetworkSurvey network;
    private final boolean within;
    private final Set<LeakKind> kinds;
    private final Set<Leak> before;

    private LeakCheck(String home, NetworkSurvey network, boolean within, Set<LeakKind> kinds, Set<Leak> before) {
        this.home = home;
        this.network = network;
        this.within = within;
        this.kinds = kinds;
        this.before = before;
    }

    private LeakCheck(String home, NetworkSurvey network, boolean within) throws IOException {
        this(home, network, within, EnumSet.allOf(LeakKind.class), within ? network.list() : wholeProcess(home));
    }

    /**
     * Records the current state.
     *
     * @return the state, to be compared later
     * @throws IOException if {@code /proc} can't be read
     */
    public static LeakCheck begin() throws IOException {
        ProcessEnd.prepare();
        return new LeakCheck(home(), new NetworkSurvey(Map.of()), false);
    }

    /**
     * Records the current state, as {@link #begin()} does. What was left behind is reported with the names of a network's pods, and sockets
     * with their addresses.
     *
     * @param network a network, to be closed after {@link #verify()}
     * @return the state, to be compared later
     * @throws IOException if {@code /proc} can't be read
     */
    public static LeakCheck begin(PodNetwork network) throws IOException {
        return new LeakCheck(home(), network.survey(), false);
    }

    /**
     * Records what this process and its children have in the namespaces of a network, and nothing else. So other threads may work in other
     * networks meanwhile.
     *
     * @param network a network, to be closed after {@link #verify()}
     * @return the state, to be compared later
     * @throws IOException if {@code /proc} can't be read
     */
    public static LeakCheck within(PodNetwork network) throws IOException {
        return new LeakCheck(home(), network.survey(), true);
    }

    private static String home() throws IOException {
        try (NetworkNamespace own = NetworkNamespace.current()) {
            return own.identity().toString();
        }
    }

    /**
     * Leaves out what may be left behind.
     *
     * @param others the kinds that aren't looked for
     * @return a copy that doesn't look for them
     */
    public LeakCheck except(LeakKind... others) {
        Set<LeakKind> fewer = EnumSet.copyOf(kinds);
        List.of(others).forEach(fewer::remove);
        return new LeakCheck(home, network, within, fewer, before);
    }

    /**
     * Compares the recorded state with the current one. Waits up to ten seconds for work that ends in the background.
     *
     * @throws AssertionError naming what was left behind
     * @throws IOException if {@code /proc} can't be read
     * @throws InterruptedException if the calling thread is interrupted while it waits
     */
    public void verify() throws IOException, InterruptedException {
        verify(LIMIT);
    }

    /**
     * Compares the recorded state with the current one.
     *
     * @param limit how long to wait for work that ends in the background
     * @throws AssertionError naming what was left behind
     * @throws IOException if {@code /proc} can't be read
     * @throws InterruptedException if the calling thread is interrupted while it waits
     */
    public void verify(Duration limit) throws IOException, InterruptedException {
        long deadline = System.nanoTime() + limit.toNanos();
        long collection = System.nanoTime() + COLLECTION_NANOS;
        for (;;) {
            Set<Leak> left = left();
            if (left.isEmpty()) {
                return;
            }
            if (System.nanoTime() > deadline) {
                throw new AssertionError("left behind: " + network.describe(left));
            }
            if (System.nanoTime() > collection) {
                System.gc(); // what can't be closed ends when it is collected, like the HttpClient of Java 17
                collection += COLLECTION_NANOS;
            }
            TimeUnit.MILLISECONDS.sleep(20);
        }
    }

    private Set<Leak> left() throws IOException {
        Set<Leak> left = within ? network.list() : wholeProcess(home);
        left.removeAll(before);
        if (!within) {
            left.addAll(Survey.foreignThreads(home)); // always an error, even if they were there before
        }
        left.removeIf(leak -> !kinds.contains(leak.kind()));
        return left;
    }

    private static Set<Leak> wholeProcess(String home) throws IOException {
        Set<Leak> found = new TreeSet<>(Survey.descriptors(home));
        found.addAll(Survey.processes(namespace -> !namespace.equals(home)));
        found.addAll(Survey.mountedNamespaces());
        return found;
    }
}
