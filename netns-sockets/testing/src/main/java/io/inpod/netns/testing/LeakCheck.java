package io.inpod.netns.testing;

import io.inpod.netns.NetworkNamespace;
import java.io.IOException;
import java.time.Duration;
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
    private final Set<String> before;

    private LeakCheck(String home, Set<String> before) {
        this.home = home;
        this.before = before;
    }

    /**
     * Records the current state.
     *
     * @return the state, to be compared later
     * @throws IOException if {@code /proc} can't be read
     */
    public static LeakCheck begin() throws IOException {
        ProcessEnd.prepare();
        try (NetworkNamespace own = NetworkNamespace.current()) {
            String home = own.identity().toString();
            return new LeakCheck(home, survey(home));
        }
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
            Set<String> left = survey(home);
            left.removeAll(before);
            left.addAll(Survey.foreignThreads(home)); // always an error, even if they were there before
            if (left.isEmpty()) {
                return;
            }
            if (System.nanoTime() > deadline) {
                throw new AssertionError("left behind: " + left);
            }
            if (System.nanoTime() > collection) {
                System.gc(); // what can't be closed ends when it is collected, like the HttpClient of Java 17
                collection += COLLECTION_NANOS;
            }
            TimeUnit.MILLISECONDS.sleep(20);
        }
    }

    private static Set<String> survey(String home) throws IOException {
        Set<String> found = new TreeSet<>(Survey.descriptors(home));
        found.addAll(Survey.foreignProcesses(home));
        found.addAll(Survey.mountedNamespaces());
        return found;
    }
}
