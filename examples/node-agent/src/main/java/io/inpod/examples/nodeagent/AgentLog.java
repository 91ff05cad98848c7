package io.inpod.examples.nodeagent;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.spi.Configurator;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.ConsoleAppender;
import ch.qos.logback.core.LayoutBase;
import ch.qos.logback.core.encoder.LayoutWrappingEncoder;
import ch.qos.logback.core.spi.ContextAwareBase;
import java.time.Instant;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeFormatterBuilder;
import java.util.Locale;

/**
 * The agent's log on standard output. It is set up by code: a file in XML, and patterns, would load a few hundred classes more, for as long
 * as the agent runs. Logback finds this class as a service, also in other programs, where it changes nothing.
 */
public final class AgentLog extends ContextAwareBase implements Configurator {
    private static volatile boolean wanted;

    /** For logback. */
    public AgentLog() {}

    /** This process logs as an agent does. Must be called before anything is logged. */
    static void use() {
        wanted = true;
    }

    @Override
    public ExecutionStatus configure(LoggerContext loggers) {
        if (!wanted) {
            return ExecutionStatus.INVOKE_NEXT_IF_ANY;
        }
        Lines lines = new Lines();
        lines.setContext(loggers);
        lines.start();
        LayoutWrappingEncoder<ILoggingEvent> encoder = new LayoutWrappingEncoder<>();
        encoder.setContext(loggers);
        encoder.setLayout(lines);
        encoder.start();
        ConsoleAppender<ILoggingEvent> output = new ConsoleAppender<>();
        output.setContext(loggers);
        output.setEncoder(encoder);
        output.start();
        var root = loggers.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME);
        root.setLevel(Level.INFO);
        root.addAppender(output);
        return ExecutionStatus.DO_NOT_INVOKE_NEXT_IF_ANY;
    }

    /** One line per event, whatever a tool or peer put into the text; without stack traces. */
    static final class Lines extends LayoutBase<ILoggingEvent> {
        private static final DateTimeFormatter TIME = new DateTimeFormatterBuilder().appendInstant(6).toFormatter(Locale.ROOT);

        @Override
        public String doLayout(ILoggingEvent event) {
            return TIME.format(Instant.ofEpochMilli(event.getTimeStamp())) + '\t' + event.getLevel().toString().toLowerCase(Locale.ROOT)
                    + '\t'
                    + event.getLoggerName() + '\t' + event.getFormattedMessage().replaceAll("[\r\n]+", " ") + System.lineSeparator();
        }
    }
}
