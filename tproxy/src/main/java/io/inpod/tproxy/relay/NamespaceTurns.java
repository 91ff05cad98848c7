package io.inpod.tproxy.relay;

import io.netty.util.internal.logging.InternalLogger;
import io.netty.util.internal.logging.InternalLoggerFactory;
import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;

/**
 * The ready channels of one event loop, a queue for each network namespace, which are served in turn: so the connections of one pod,
 * however many are ready, delay those of another by a share of time and by no more. On the event loop only.
 */
final class NamespaceTurns {
    /** How long one namespace is served before the next; the last event may take longer. */
    private static final long SHARE_NANOS = 200_000;

    /** How long the loop goes on before it asks epoll which other channels are ready, and runs its tasks. */
    private static final long TURN_NANOS = 500_000;

    private static final InternalLogger LOG = InternalLoggerFactory.getInstance(NamespaceTurns.class);

    private final Map<Long, Queue> queues = new HashMap<>();
    private final ArrayDeque<Queue> waiting = new ArrayDeque<>();

    /** The channels of a namespace. */
    static final class Queue {
        private final long namespace;
        private final ArrayDeque<RelayIoHandle> ready = new ArrayDeque<>();
        private int channels;
        /** Whether it is among those that wait, or is being served. */
        private boolean waits;

        private Queue(long namespace) {
            this.namespace = namespace;
        }
    }

    /** Adds a channel to those of a namespace. */
    Queue join(long namespace) {
        Queue queue = queues.computeIfAbsent(namespace, Queue::new);
        queue.channels++;
        return queue;
    }

    /** Removes a channel, which may still be in its queue. */
    void leave(Queue queue) {
        queue.channels--;
        if (queue.channels == 0) {
            queues.remove(queue.namespace);
        }
    }

    /** Appends a ready channel. */
    void add(Queue queue, RelayIoHandle channel) {
        if (!queue.waits) {
            queue.waits = true;
            waiting.add(queue);
        }
        queue.ready.add(channel);
    }

    boolean isEmpty() {
        return waiting.isEmpty();
    }

    /**
     * Serves the namespaces in turn until nothing is ready, or the time is over.
     *
     * @param asking how many nanoseconds it took to ask epoll, which reports all ready channels each time: with thousands of them, the
     *     loop would do little else if it didn't go on for as long
     */
    void serve(long asking) {
        long now = System.nanoTime();
        long end = now + Math.max(TURN_NANOS, asking);
        while (!waiting.isEmpty() && now - end < 0) {
            Queue queue = waiting.remove();
            long endOfShare = now + SHARE_NANOS;
            while (!queue.ready.isEmpty() && now - endOfShare < 0) {
                serve(Objects.requireNonNull(queue.ready.remove()));
                now = System.nanoTime();
            }
            queue.waits = !queue.ready.isEmpty();
            if (queue.waits) {
                waiting.add(queue);
            }
        }
    }

    private static void serve(RelayIoHandle channel) {
        try {
            channel.serve();
        } catch (Exception e) { // the loop must go on, as Netty's does
            LOG.warn("an event of a channel failed", e);
        }
    }
}
