package io.inpod.examples.ztunnel.log;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.spi.IThrowableProxy;
import ch.qos.logback.classic.spi.ThrowableProxyUtil;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Locale;

/** How an event is written. For one thread. */
abstract class LogFormat {
    /** Time, level, logger, message and fields, separated by tabs. Only a stack trace has more lines. */
    static final class Text extends LogFormat {
        @Override
        void append(StringBuilder out, ILoggingEvent event) {
            time(out, event.getInstant());
            out.append('\t').append(level(event)).append('\t').append(event.getLoggerName()).append('\t');
            String message = event.getFormattedMessage();
            for (int i = 0; i < message.length(); i++) {
                char c = message.charAt(i);
                out.append(c < ' ' && c != '\t' || c >= 0x7f && c < 0xa0 ? ' ' : c); // whatever a peer put into it
            }
            out.append('\n');
            if (event.getThrowableProxy() != null) {
                out.append(stack(event.getThrowableProxy()));
            }
        }
    }

    /** An object per line, with {@code level}, {@code time}, {@code scope} and {@code message} before the fields. */
    static final class Json extends LogFormat {
        @Override
        void append(StringBuilder out, ILoggingEvent event) {
            String message = event.getFormattedMessage();
            int fields = LogFields.begin(message);
            out.append("{\"level\":\"").append(level(event)).append("\",\"time\":\"");
            time(out, event.getInstant());
            out.append('"');
            LogFields.member(out, "scope", event.getLoggerName());
            LogFields.member(out, "message", message.substring(0, fields == message.length() ? fields : fields - 1).strip());
            LogFields.appendJson(out, message, fields);
            if (event.getThrowableProxy() != null) {
                LogFields.member(out, "stack", stack(event.getThrowableProxy()));
            }
            out.append("}\n");
        }
    }

    private static final DateTimeFormatter SECONDS = DateTimeFormatter.ofPattern("yyyy-MM-dd'T'HH:mm:ss.", Locale.ROOT)
            .withZone(ZoneOffset.UTC);
    private static final int MICROS = 1_000_000;

    private long second = -1;
    private String asText = "";

    /** Appends the event's line. */
    abstract void append(StringBuilder out, ILoggingEvent event);

    void time(StringBuilder out, Instant time) {
        if (time.getEpochSecond() != second) {
            second = time.getEpochSecond();
            asText = SECONDS.format(time);
        }
        out.append(asText);
        String micros = Integer.toString(MICROS + time.getNano() / 1000);
        out.append(micros, 1, micros.length()).append('Z');
    }

    private static String level(ILoggingEvent event) {
        Level level = event.getLevel();
        return level == Level.INFO ? "info" : level == Level.WARN ? "warn" : level == Level.ERROR ? "error"
                : level.toString().toLowerCase(Locale.ROOT);
    }

    private static String stack(IThrowableProxy thrown) {
        return ThrowableProxyUtil.asString(thrown);
    }
}
