package io.inpod.examples.ztunnel.health;

import io.netty.channel.EventLoopGroup;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.Map;
import java.util.TreeSet;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A port of the proxy's own network namespace for {@link HttpPages}. If it is taken, as by the ztunnel that this one follows, it is opened
 * later: the proxy serves pods nevertheless. For one thread.
 */
public final class HttpPort {
    private static final Logger LOG = LoggerFactory.getLogger("health");

    private final String variable;
    private final InetSocketAddress address;
    private final EventLoopGroup loops;
    private final Map<String, Supplier<HttpPages.Answer>> pages;
    private @Nullable HttpPages server;
    private boolean reported;

    /**
     * Creates a port that isn't open.
     *
     * @param variable the variable that names it, for the log
     * @param port the port; 0 if there shall be none
     * @param ipv6 whether it is open for IPv6 too
     * @param loops one of its event loops answers
     * @param pages what is answered, see {@link HttpPages#open}
     */
    public HttpPort(String variable, int port, boolean ipv6, EventLoopGroup loops, Map<String, Supplier<HttpPages.Answer>> pages) {
        this.variable = variable;
        this.address = new InetSocketAddress(ipv6 ? "::" : "0.0.0.0", port);
        this.loops = loops;
        this.pages = Map.copyOf(pages);
    }

    /** Opens it, if it isn't open yet. To be called again from time to time. */
    public void open() {
        if (server != null || address.getPort() == 0) {
            return;
        }
        try {
            server = HttpPages.open(loops, address, pages);
            LOG.info("answering {} on port {}", String.join(" and ", new TreeSet<>(pages.keySet())), address.getPort());
        } catch (IOException e) {
            if (!reported) { // once, not for each attempt
                LOG.warn("nobody is answered on {}={} before it is free: {}", variable, address.getPort(), e.getMessage());
                reported = true;
            }
        }
    }
}
