package io.inpod.examples.ztunnel;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.AsyncAppender;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.joran.JoranConfigurator;
import org.junit.jupiter.api.Test;
import org.slf4j.Logger;

/** The queue between the event loops and the log's output. */
class LogQueueTest {
    private static final int OTHERS = 1_000;

    /** Otherwise lines could be lost without being counted. */
    @Test
    void hasRoomForTheSharesOfLinesAtAnyLevel() throws Exception {
        LoggerContext context = new LoggerContext();
        JoranConfigurator configurator = new JoranConfigurator();
        configurator.setContext(context);
        configurator.doConfigure(Main.class.getResource("logback.xml"));
        try {
            AsyncAppender queue = (AsyncAppender) context.getLogger(Logger.ROOT_LOGGER_NAME).getAppender("async");

            assertThat(queue.getQueueSize() - queue.getDiscardingThreshold()).isGreaterThanOrEqualTo(Main.LOG_LINES + OTHERS);
        } finally {
            context.stop();
        }
    }
}
