package io.inpod.examples.ztunnel.dns;

import java.util.concurrent.atomic.LongAdder;

/** Counts the questions of pods. Thread-safe. */
public final class DnsCounters {
    private final LongAdder answered = new LongAdder();
    private final LongAdder forwarded = new LongAdder();
    private final LongAdder failed = new LongAdder();
    private final LongAdder refused = new LongAdder();

    /** Creates counters at zero. */
    public DnsCounters() {}

    /**
     * How many questions there were.
     *
     * @param answered answered from the mesh
     * @param forwarded passed to name servers
     * @param failed of these, those without an answer
     * @param refused not passed on, because too many were waiting
     */
    public record Counts(long answered, long forwarded, long failed, long refused) {}

    /** {@return how many questions there were since the start} */
    public Counts counts() {
        return new Counts(answered.sum(), forwarded.sum(), failed.sum(), refused.sum());
    }

    void answered() {
        answered.increment();
    }

    void forwarded() {
        forwarded.increment();
    }

    void failed() {
        failed.increment();
    }

    void refused() {
        refused.increment();
    }
}
