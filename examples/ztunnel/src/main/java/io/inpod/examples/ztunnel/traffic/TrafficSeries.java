package io.inpod.examples.ztunnel.traffic;

import io.prometheus.metrics.model.snapshots.CounterSnapshot.CounterDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.Labels;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.LongAdder;

/** What is counted of connections that have the same labels. Thread-safe. */
final class TrafficSeries {
    private static final String FLAGS = "response_flags";

    private final Labels common;
    private final Labels inOrder;
    private final LongAdder opened = new LongAdder();
    private final LongAdder received = new LongAdder();
    private final LongAdder sent = new LongAdder();
    private final LongAdder completed = new LongAdder();
    /** By flag, except {@link ResponseFlag#NONE}; few series have any. */
    private volatile Map<ResponseFlag, LongAdder> failed = Map.of();
    /** How many pods refer to it, with how many keys. Guarded by {@link Traffic}. */
    int references;

    TrafficSeries(Labels common) {
        this.common = common;
        this.inOrder = with(ResponseFlag.NONE);
    }

    private Labels with(ResponseFlag flag) {
        return common.merge(Labels.of(FLAGS, flag.toString()));
    }

    Labels common() {
        return common;
    }

    void opened() {
        opened.increment();
    }

    /** {@code fromClient} and {@code toClient} are bytes, in the sense of Istio's metrics. */
    void carried(long fromClient, long toClient) {
        received.add(fromClient);
        sent.add(toClient);
    }

    void closed(ResponseFlag flag) {
        if (flag == ResponseFlag.NONE) {
            completed.increment();
            return;
        }
        LongAdder counter = failed.get(flag);
        if (counter == null) {
            counter = add(flag);
        }
        counter.increment();
    }

    private synchronized LongAdder add(ResponseFlag flag) {
        LongAdder there = failed.get(flag);
        if (there != null) {
            return there;
        }
        Map<ResponseFlag, LongAdder> more = new EnumMap<>(ResponseFlag.class);
        more.putAll(failed);
        LongAdder counter = new LongAdder();
        more.put(flag, counter);
        failed = more;
        return counter;
    }

    TrafficSum sum(TrafficKey key) {
        long failures = failed.values().stream().mapToLong(LongAdder::sum).sum();
        return new TrafficSum(key, opened.sum(), failures, received.sum(), sent.sum());
    }

    /** What is exposed of a number of series. */
    record Points(List<CounterDataPointSnapshot> opened, List<CounterDataPointSnapshot> closed, List<CounterDataPointSnapshot> failed,
            List<CounterDataPointSnapshot> received, List<CounterDataPointSnapshot> sent) {
        private static void add(List<CounterDataPointSnapshot> to, Labels labels, LongAdder counter) {
            to.add(new CounterDataPointSnapshot((double) counter.sum(), labels, null, 0));
        }
    }

    void addTo(Points points) {
        Points.add(points.opened, inOrder, opened);
        Points.add(points.received, inOrder, received);
        Points.add(points.sent, inOrder, sent);
        if (completed.sum() > 0) {
            Points.add(points.closed, inOrder, completed);
        }
        failed.forEach((flag, counter) -> {
            Labels labels = with(flag);
            Points.add(points.closed, labels, counter);
            Points.add(points.failed, labels, counter);
        });
    }
}
