package io.inpod.examples.nodeagent;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.spi.LoggingEvent;
import org.junit.jupiter.api.Test;

/** What a line of the agent's log looks like. */
class AgentLogTest {
    @Test
    void anEventIsOneLine() {
        LoggingEvent event = new LoggingEvent("", new LoggerContext().getLogger("nodeagent"), Level.WARN, "a tool said: {}",
                new IllegalStateException("not shown"), new Object[] {"one\r\ntwo"});
        event.setTimeStamp(1_000);

        assertThat(new AgentLog.Lines().doLayout(event))
                .isEqualTo("1970-01-01T00:00:01.000000Z\twarn\tnodeagent\ta tool said: one two" + System.lineSeparator());
    }
}
