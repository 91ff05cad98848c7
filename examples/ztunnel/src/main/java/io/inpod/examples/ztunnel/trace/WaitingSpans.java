package io.inpod.examples.ztunnel.trace;

import io.opentelemetry.context.Context;
import io.opentelemetry.sdk.common.CompletableResultCode;
import io.opentelemetry.sdk.trace.ReadWriteSpan;
import io.opentelemetry.sdk.trace.ReadableSpan;
import io.opentelemetry.sdk.trace.SpanProcessor;
import io.opentelemetry.sdk.trace.data.SpanData;
import io.opentelemetry.sdk.trace.export.SpanExporter;
import java.util.Collection;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;

/** Counts spans before the queue of the SDK and behind it: none enters that has no place there, and each that is lost is counted. */
final class WaitingSpans {
    private final AtomicInteger waiting = new AtomicInteger();
    private final LongAdder exported = new LongAdder();
    private final LongAdder lost = new LongAdder();

    long exported() {
        return exported.sum();
    }

    long lost() {
        return lost.sum();
    }

    /** Returns the queue, into which nothing goes while it has {@code most} spans. */
    SpanProcessor entered(SpanProcessor queue, int most) {
        return new Entrance(queue, most);
    }

    /** Returns the exporter to which the queue leads. */
    SpanExporter left(SpanExporter exporter) {
        return new Exit(exporter);
    }

    private final class Entrance implements SpanProcessor {
        private final SpanProcessor queue;
        private final int most;

        Entrance(SpanProcessor queue, int most) {
            this.queue = queue;
            this.most = most;
        }

        @Override
        public void onStart(Context parent, ReadWriteSpan span) {
            queue.onStart(parent, span);
        }

        @Override
        public boolean isStartRequired() {
            return queue.isStartRequired();
        }

        @Override
        public void onEnd(ReadableSpan span) {
            if (!span.getSpanContext().isSampled()) {
                return;
            }
            if (waiting.incrementAndGet() > most) {
                waiting.decrementAndGet();
                lost.increment();
            } else {
                queue.onEnd(span);
            }
        }

        @Override
        public boolean isEndRequired() {
            return true;
        }

        @Override
        public CompletableResultCode shutdown() {
            return queue.shutdown();
        }

        @Override
        public CompletableResultCode forceFlush() {
            return queue.forceFlush();
        }
    }

    private final class Exit implements SpanExporter {
        private final SpanExporter exporter;

        Exit(SpanExporter exporter) {
            this.exporter = exporter;
        }

        @Override
        public CompletableResultCode export(Collection<SpanData> spans) {
            int number = spans.size(); // the queue uses its collection again
            waiting.addAndGet(-number);
            CompletableResultCode result = exporter.export(spans);
            return result.whenComplete(() -> (result.isSuccess() ? exported : lost).add(number));
        }

        @Override
        public CompletableResultCode flush() {
            return exporter.flush();
        }

        @Override
        public CompletableResultCode shutdown() {
            return exporter.shutdown();
        }
    }
}
