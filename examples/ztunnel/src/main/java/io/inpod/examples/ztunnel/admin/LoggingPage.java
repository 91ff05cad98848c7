package io.inpod.examples.ztunnel.admin;

import io.inpod.examples.ztunnel.log.LogLevels;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** {@code /logging}: the levels of the log, as with Istio's ztunnel; {@code istioctl ztunnel-config log} uses it. */
public final class LoggingPage {
    private static final Logger LOG = LoggerFactory.getLogger("admin");
    private static final String USAGE = """
            usage: GET or POST /logging (the levels)
            usage: POST /logging?level=<level> (of all that no other directive names)
            usage: POST /logging?level=<logger>:<level>,<logger>:<level>
            usage: POST /logging?reset (the levels of the start; &level=... changes them at once)
            levels: error, warn, info, debug, trace, off
            loggers: access, proxy, inpod.statemanager and others, as in the log's third column
            """;

    private LoggingPage() {}

    /**
     * Returns the page.
     *
     * @param levels what is shown and changed
     * @return the page
     */
    public static Page of(LogLevels levels) {
        return new Page(request -> shown(levels), request -> change(levels, request));
    }

    private static Answer change(LogLevels levels, AdminRequest request) {
        String before = levels.toString();
        try {
            if (request.parameter("reset") != null) {
                levels.reset();
            }
            String level = request.parameter("level");
            if (level != null) {
                levels.change(level);
            }
        } catch (IllegalArgumentException e) {
            return Answer.text(400, e.getMessage() + "\n" + USAGE);
        }
        if (!before.equals(levels.toString())) {
            LOG.warn("log levels are {} now, they were {}", levels, before);
        }
        return shown(levels);
    }

    private static Answer shown(LogLevels levels) {
        return Answer.text(200, "current log level is " + levels + "\n");
    }
}
