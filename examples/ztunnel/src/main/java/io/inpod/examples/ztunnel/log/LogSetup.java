package io.inpod.examples.ztunnel.log;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.spi.Configurator;
import ch.qos.logback.core.spi.ContextAwareBase;

/**
 * Sets up the log of a ztunnel's process. Logback finds it as a service, as it does in other programs with this jar, whose log it leaves to
 * them. A configuration in XML would have its parser and a hundred classes more loaded at each start.
 */
public final class LogSetup extends ContextAwareBase implements Configurator {
    /** The system property that makes a process a ztunnel's, and says how lines are written: see {@link LogQueue#setFormat}. */
    public static final String FORMAT = "inpod.log.format";
    /** The shares of lines, and 2,000 others. */
    private static final int QUEUE = 12_000;

    /** Creates one that has set up nothing yet. */
    public LogSetup() {}

    @Override
    public ExecutionStatus configure(LoggerContext context) {
        String format = System.getProperty(FORMAT);
        if (format == null) {
            return ExecutionStatus.INVOKE_NEXT_IF_ANY;
        }
        set(context, format);
        return ExecutionStatus.DO_NOT_INVOKE_NEXT_IF_ANY;
    }

    static void set(LoggerContext context, String format) {
        NettyLines filter = new NettyLines();
        filter.setContext(context);
        filter.start();
        LogQueue queue = new LogQueue();
        queue.setContext(context);
        queue.setName(LogQueue.NAME);
        queue.setQueueSize(QUEUE);
        queue.setFormat(format);
        queue.addFilter(filter);
        queue.start();
        context.getLogger("io.netty").setLevel(Level.WARN);
        Logger root = context.getLogger(Logger.ROOT_LOGGER_NAME);
        root.setLevel(Level.INFO);
        root.addAppender(queue);
    }
}
