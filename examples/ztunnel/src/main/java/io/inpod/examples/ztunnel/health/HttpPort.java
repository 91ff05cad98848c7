package io.inpod.examples.ztunnel.health;

import java.io.IOException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A port of the proxy's own network namespace. If it is taken, as by the ztunnel that this one follows, it is opened later: the proxy
 * serves pods nevertheless. For one thread.
 */
public final class HttpPort {
    private static final Logger LOG = LoggerFactory.getLogger("health");

    private final String variable;
    private final int port;
    private final String answers;
    private final Opener opener;
    private boolean opened;
    private boolean reported;

    /** Opens the port. */
    public interface Opener {
        /**
         * Opens the port, for as long as the process runs.
         *
         * @param port its number
         * @throws IOException if it is taken
         */
        void open(int port) throws IOException;
    }

    /**
     * Creates a port that isn't open.
     *
     * @param variable the variable that names it, for the log
     * @param port the port; 0 if there shall be none
     * @param answers what is answered there, for the log
     * @param opener opens it
     */
    public HttpPort(String variable, int port, String answers, Opener opener) {
        this.variable = variable;
        this.port = port;
        this.answers = answers;
        this.opener = opener;
    }

    /** Opens it, if it isn't open yet. To be called again from time to time. */
    public void open() {
        if (opened || port == 0) {
            return;
        }
        try {
            opener.open(port);
            opened = true;
            LOG.info("answering {} on port {}", answers, port);
        } catch (IOException e) {
            if (!reported) { // once, not for each attempt
                LOG.warn("nobody is answered on {}={} before it is free: {}", variable, port, e.getMessage());
                reported = true;
            }
        }
    }
}
