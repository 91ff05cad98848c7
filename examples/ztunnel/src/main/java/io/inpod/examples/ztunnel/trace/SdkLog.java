package io.inpod.examples.ztunnel.trace;

import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import java.util.logging.SimpleFormatter;
import org.slf4j.LoggerFactory;

/** What the SDK has to say, few times a minute, in this program's log instead of on standard error. */
final class SdkLog extends Handler {
    /** A logger that nothing refers to would be forgotten, with its handlers. */
    private static final Logger SDK = Logger.getLogger("io.opentelemetry");

    private final org.slf4j.Logger log = LoggerFactory.getLogger("trace");
    private final SimpleFormatter formatter = new SimpleFormatter();

    private SdkLog() {}

    static void toThisLog() {
        SDK.setUseParentHandlers(false);
        SDK.addHandler(new SdkLog());
    }

    @Override
    public void publish(LogRecord record) {
        String said = formatter.formatMessage(record).strip().replaceAll("\\s+", " ");
        Throwable cause = record.getThrown();
        String line = cause == null || said.contains(String.valueOf(cause.getMessage())) ? said : said + ": " + cause;
        if (record.getLevel().intValue() >= Level.WARNING.intValue()) {
            log.warn("{}", line);
        } else {
            log.debug("{}", line);
        }
    }

    @Override
    public void flush() {}

    @Override
    public void close() {}
}
