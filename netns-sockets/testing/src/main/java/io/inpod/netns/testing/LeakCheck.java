package io.inpod.netns.testing;

import io.inpod.netns.NetworkNamespace;
import java.io.IOException;
import java.time.Duration;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;

/**
 * Finds what a piece of work left behind: descriptors of anything but files; threads and processes of its own in a foreign network namespace; namespaces with a name or another mount. What ends in the background (an event loop that was told to
 * shut down) is given ten seconds.
 *
 * <p>Mounts are those of the whole mount namespace, so on a machine where somebody else makes named namespaces meanwhile the check
 * belongs into a sandbox of its own.
 */
public final class LeakCheck {
    static final Duration LIMIT = Duration.ofSeconds(10);

    private final String home;
    private final Set<String> before;

    private LeakCheck(String home, Set<String> before) {
        this.home = home;
        this.before = before;
    }

    /**
     * Remembers what is there now.
     *
     * @return the state, to compare with later
     * @throws IOException if {@code /proc} can't be read
     */
    public static LeakCheck begin() throws IOException {
        try (NetworkNamespace own = NetworkNamespace.current()) {
            String home = own.identity().toString();
            return new LeakCheck(home, survey(home));
        }
    }

    /**
     * Compares with what is there now.
     *
     * @throws AssertionError naming what is new
     * @throws IOException if {@code /proc} can't be read
     * @throws InterruptedException if the calling thread is interrupted while it waits
     */
    public void verify() throws IOException, InterruptedException {
        verify(LIMIT);
    }

    /**
     * Compares with what is there now.
     *
     * @param limit how long to wait for what ends in the background
     * @throws AssertionError naming what is new
     * @throws IOException if {@code /proc} can't be read
     * @throws InterruptedException if the calling thread is interrupted while it waits
     */
    public void verify(Duration limit) throws IOException, InterruptedException {
        long deadline = System.nanoTime() + limit.toNanos();
        for (; ; ) {
            Set<String> left = survey(home);
            left.removeAll(before);
            left.addAll(Survey.foreignThreads(home)); // never in order, not even if it was there before
            if (left.isEmpty()) {
                return;
            }
            if (System.nanoTime() > deadline) {
                throw new AssertionError("left behind: " + left);
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
