package io.inpod.examples.ztunnel.log;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.spi.LoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import ch.qos.logback.core.spi.FilterReply;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

class NettyLinesTest {
    private final NettyLines filter = new NettyLines();

    private int pass(String logger, int count, long millis) {
        int passed = 0;
        for (int i = 0; i < count; i++) {
            LoggingEvent event = new LoggingEvent();
            event.setLoggerName(logger);
            event.setTimeStamp(millis);
            passed += filter.decide(event) == FilterReply.NEUTRAL ? 1 : 0;
        }
        return passed;
    }

    @Test
    void nettysLinesAreBoundedAndCountedAndOthersPass() {
        Logger limits = (Logger) LoggerFactory.getLogger("limits");
        ListAppender<ILoggingEvent> written = new ListAppender<>();
        written.start();
        limits.addAppender(written);
        try {
            assertThat(pass("io.netty.channel.DefaultChannelPipeline", 1000, 10_000)).isEqualTo(20);
            assertThat(pass("access", 1000, 10_000)).isEqualTo(1000);
            assertThat(pass("io.netty.channel.DefaultChannelPipeline", 30, 15_000)).isEqualTo(20);
            assertThat(written.list).extracting(ILoggingEvent::getFormattedMessage).containsExactly("lines of Netty's are left out\tleft_out=980");
        } finally {
            limits.detachAppender(written);
        }
    }
}
