package io.inpod.examples.ztunnel.dns;

import io.prometheus.metrics.model.snapshots.ClassicHistogramBuckets;
import io.prometheus.metrics.model.snapshots.CounterSnapshot.CounterDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.Exemplars;
import io.prometheus.metrics.model.snapshots.HistogramSnapshot.HistogramDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.Labels;
import java.util.List;
import java.util.concurrent.atomic.LongAdder;

/** What is counted of questions that have the same labels. Thread-safe. */
final class DnsSeries {
    /** Istio's. */
    private static final double[] SECONDS = {0.0005, 0.001, 0.01, 0.1, 1, 5, Double.POSITIVE_INFINITY};

    private final Labels labels;
    private final LongAdder requests = new LongAdder();
    private final LongAdder forwarded = new LongAdder();
    private final LongAdder failed = new LongAdder();
    private final LongAdder[] durations = new LongAdder[SECONDS.length];
    private final LongAdder nanos = new LongAdder();

    DnsSeries(Labels labels) {
        this.labels = labels;
        for (int i = 0; i < durations.length; i++) {
            durations[i] = new LongAdder();
        }
    }

    void asked() {
        requests.increment();
    }

    void passedOn() {
        forwarded.increment();
    }

    /** A question that was forwarded has an answer, or none. */
    void ended(boolean answered, long waitedNanos) {
        if (!answered) {
            failed.increment();
        }
        int bucket = 0;
        while (waitedNanos / 1e9 > SECONDS[bucket]) {
            bucket++;
        }
        durations[bucket].increment();
        nanos.add(waitedNanos);
    }

    long forwarded() {
        return forwarded.sum();
    }

    long failed() {
        return failed.sum();
    }

    void addTo(List<CounterDataPointSnapshot> asked, List<CounterDataPointSnapshot> passedOn, List<CounterDataPointSnapshot> unanswered,
            List<HistogramDataPointSnapshot> waited) {
        asked.add(point(requests));
        if (forwarded.sum() > 0) {
            passedOn.add(point(forwarded));
            unanswered.add(point(failed));
            ClassicHistogramBuckets.Builder buckets = ClassicHistogramBuckets.builder();
            for (int i = 0; i < SECONDS.length; i++) {
                buckets.bucket(SECONDS[i], durations[i].sum());
            }
            waited.add(new HistogramDataPointSnapshot(buckets.build(), nanos.sum() / 1e9, labels, Exemplars.EMPTY, 0));
        }
    }

    private CounterDataPointSnapshot point(LongAdder counter) {
        return new CounterDataPointSnapshot((double) counter.sum(), labels, null, 0);
    }
}
