package io.inpod.examples.ztunnel.limit;

import io.inpod.tproxy.share.Share;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.ArrayDeque;
import java.util.List;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;

/**
 * Looks names up on threads that all pods share, such that a pod whose names take long doesn't delay those of others: each pod has a queue,
 * of bounded length, and may occupy as many threads as are free for everybody; pods take turns. A name for which nobody waits any more is
 * not looked up. Thread-safe.
 */
public final class NameLookups {
    /** Looks a name up; blocks. */
    @FunctionalInterface
    public interface Resolver {
        /** The system's, with Java's cache of 30 seconds. */
        Resolver SYSTEM = name -> List.of(InetAddress.getAllByName(name));

        /**
         * Returns the addresses of a name.
         *
         * @param name the name
         * @return its addresses, of both families
         * @throws UnknownHostException if there is none, or if the name servers don't answer
         */
        List<InetAddress> lookUp(String name) throws UnknownHostException;
    }

    /** Receives the result, on a thread of the look-ups. */
    @FunctionalInterface
    public interface Result {
        /**
         * Receives it.
         *
         * @param addresses the addresses of the name, perhaps none
         */
        void known(List<InetAddress> addresses);
    }

    private static final int MOST_WAITING = 100;

    private final Executor executor;
    private final Resolver resolver;
    private final Share threads;
    /** The pods that have waiting names, in the order of their turns. Guards itself and all queues. */
    private final ArrayDeque<OfPod> turns = new ArrayDeque<>();

    /**
     * Creates a set of queues.
     *
     * @param executor has at least that many threads
     * @param threads the number of look-ups at a time
     * @param resolver looks names up
     */
    public NameLookups(Executor executor, int threads, Resolver resolver) {
        this.executor = executor;
        this.threads = Share.of(threads);
        this.resolver = resolver;
    }

    /** {@return the queue of a new pod} */
    public OfPod pod() {
        return new OfPod(threads.part());
    }

    /** The names that one pod looks up. */
    public final class OfPod {
        private final ArrayDeque<LookUp> waiting = new ArrayDeque<>();
        private final Share running;
        private long refusals;

        private OfPod(Share running) {
            this.running = running;
        }

        /**
         * Looks a name up.
         *
         * @param name the name
         * @param result receives the result
         * @return the look-up; null if too many names of this pod wait already
         */
        public @Nullable LookUp start(String name, Result result) {
            LookUp lookUp = new LookUp(this, name, result);
            synchronized (turns) {
                if (waiting.size() >= MOST_WAITING) {
                    refusals++;
                    return null;
                }
                if (waiting.isEmpty()) {
                    turns.add(this);
                }
                waiting.add(lookUp);
                begin();
            }
            return lookUp;
        }

        long refusals() {
            synchronized (turns) {
                return refusals;
            }
        }

        int waiting() {
            synchronized (turns) {
                return waiting.size();
            }
        }
    }

    /** A name that waits, or is being looked up. */
    public final class LookUp {
        private final OfPod pod;
        private final String name;
        private final Result result;

        private LookUp(OfPod pod, String name, Result result) {
            this.pod = pod;
            this.name = name;
            this.result = result;
        }

        /** Nobody waits for the result any more. If the look-up has begun, it continues, since it can't be interrupted. */
        public void cancel() {
            synchronized (turns) {
                if (pod.waiting.remove(this) && pod.waiting.isEmpty()) {
                    turns.remove(pod);
                }
            }
        }

        private void run() {
            List<InetAddress> addresses = List.of();
            try {
                addresses = resolver.lookUp(name);
            } catch (UnknownHostException e) {
                // there are none
            } finally {
                synchronized (turns) {
                    pod.running.giveBack(1);
                    begin();
                }
                result.known(addresses);
            }
        }
    }

    /** Begins as many look-ups as there are threads for, one of each pod in turn. Called with the lock. */
    private void begin() {
        for (int skipped = 0; skipped < turns.size();) {
            OfPod pod = turns.remove();
            LookUp next = pod.running.room() > 0 ? pod.waiting.poll() : null;
            if (next != null) {
                pod.running.take(1);
                executor.execute(next::run);
                skipped = 0;
            } else {
                skipped++;
            }
            if (!pod.waiting.isEmpty()) {
                turns.add(pod);
            }
        }
    }
}
