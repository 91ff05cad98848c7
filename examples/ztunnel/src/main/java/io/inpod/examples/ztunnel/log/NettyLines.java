package io.inpod.examples.ztunnel.log;

import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.filter.Filter;
import ch.qos.logback.core.spi.FilterReply;
import java.util.concurrent.TimeUnit;
import org.slf4j.LoggerFactory;

/**
 * Bounds what Netty itself logs, with stack traces, about connections that it doesn't name. What is left out is counted, and reported with
 * the first event after the period.
 */
public final class NettyLines extends Filter<ILoggingEvent> {
    private static final int EVENTS = 20;
    private static final long PERIOD_MILLIS = TimeUnit.SECONDS.toMillis(5);

    private long begun;
    private int events;
    private long leftOut;

    /** Creates a filter that has let nothing pass yet. */
    public NettyLines() {}

    @Override
    public FilterReply decide(ILoggingEvent event) {
        return !event.getLoggerName().startsWith("io.netty") || passes(event.getTimeStamp()) ? FilterReply.NEUTRAL : FilterReply.DENY;
    }

    private synchronized boolean passes(long millis) {
        if (millis - begun >= PERIOD_MILLIS) {
            if (leftOut > 0) {
                LoggerFactory.getLogger("limits").warn("lines of Netty's are left out\tleft_out={}", leftOut);
            }
            begun = millis;
            events = 0;
            leftOut = 0;
        }
        boolean passes = events < EVENTS;
        events += passes ? 1 : 0;
        leftOut += passes ? 0 : 1;
        return passes;
    }
}
