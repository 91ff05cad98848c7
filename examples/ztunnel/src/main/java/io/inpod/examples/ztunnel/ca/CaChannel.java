package io.inpod.examples.ztunnel.ca;

import io.grpc.ManagedChannel;
import io.inpod.examples.ztunnel.config.CaConfig;
import io.inpod.examples.ztunnel.istiod.IstiodChannel;
import io.inpod.examples.ztunnel.istiod.Reading;
import io.inpod.examples.ztunnel.istiod.RootCertificates;
import io.netty.channel.EventLoopGroup;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.Executor;

/** The connection to the CA, which is replaced when the roots that vouch for the CA's server change. */
final class CaChannel implements AutoCloseable {
    private static final int MOST_BYTES = 1 << 20;

    private final CaConfig config;
    private final List<String> groups;
    private final EventLoopGroup loops;
    private final Executor executor;
    private final RootCertificates roots;
    private volatile ManagedChannel current;

    /**
     * Prepares the connection; it is opened with the first request.
     *
     * @param groups the only groups for the exchange of keys, or empty if any will do
     * @param loops event loops of the epoll transport
     * @param executor looks the CA's name up, and runs what waits for answers
     * @throws IOException if the roots can't be read; the message names the variable
     */
    CaChannel(CaConfig config, List<String> groups, EventLoopGroup loops, Executor executor) throws IOException {
        this.config = config;
        this.groups = groups;
        this.loops = loops;
        this.executor = executor;
        this.roots = new RootCertificates("CA_ROOT_CA", config.server().roots());
        this.current = open();
    }

    private ManagedChannel open() throws IOException {
        return IstiodChannel.open(config.server(), roots, groups, loops, executor, MOST_BYTES, new Reading());
    }

    /** {@return the connection for the next request} */
    ManagedChannel current() {
        return current;
    }

    /**
     * Looks at the roots, and returns whether they have changed. Then the connection is replaced; requests that wait for their answer
     * get it through the old one.
     */
    boolean look() throws IOException {
        if (!roots.look()) {
            return false;
        }
        ManagedChannel old = current;
        current = open();
        old.shutdown();
        return true;
    }

    @Override
    public void close() {
        current.shutdownNow();
    }
}
