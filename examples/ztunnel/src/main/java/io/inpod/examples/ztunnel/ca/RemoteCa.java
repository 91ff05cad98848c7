package io.inpod.examples.ztunnel.ca;

import io.inpod.examples.ztunnel.config.CaConfig;
import io.inpod.hbone.identity.CertificateFetcher;
import io.inpod.hbone.identity.SpiffeId;
import io.inpod.hbone.identity.WorkloadCertificate;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.util.concurrent.DefaultThreadFactory;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/** A CA in another process, with the threads that speak with it: one for the connection, and others for all that takes time. */
final class RemoteCa implements CertificateFetcher.Fetch, AutoCloseable {
    /** A certificate takes 5 to 9 ms of one, mostly for making a key and checking signatures. */
    private static final int WORKERS = 2;
    private static final Duration DEADLINE = Duration.ofSeconds(10);
    private static final int QUIET_MILLIS = 100; // with none, Netty 4.2 may end a loop without closing its channels

    private final CaConfig config;
    private final MultiThreadIoEventLoopGroup loops;
    private final ThreadPoolExecutor worker;
    private final CaChannel channel;
    private final CaClient client;

    private RemoteCa(CaConfig config, MultiThreadIoEventLoopGroup loops, ThreadPoolExecutor worker, CaChannel channel) {
        this.config = config;
        this.loops = loops;
        this.worker = worker;
        this.channel = channel;
        this.client = client(DEADLINE);
    }

    static RemoteCa open(CaConfig config, List<String> groups) throws IOException {
        MultiThreadIoEventLoopGroup loops =
                new MultiThreadIoEventLoopGroup(1, new DefaultThreadFactory("ca", true), EpollIoHandler.newFactory());
        loops.next().submit(() -> {}).awaitUninterruptibly(); // its thread must not be started later, in a pod's namespace
        ThreadPoolExecutor worker = new ThreadPoolExecutor(WORKERS, WORKERS, 0, TimeUnit.SECONDS, new LinkedBlockingQueue<>(),
                new DefaultThreadFactory("ca-worker", true));
        worker.prestartAllCoreThreads();
        try {
            CaChannel channel = new CaChannel(config, groups, loops, worker);
            return new RemoteCa(config, loops, worker, channel);
        } catch (IOException | RuntimeException e) {
            end(loops, worker);
            throw e;
        }
    }

    @Override
    public CompletionStage<WorkloadCertificate> fetch(SpiffeId identity) {
        return client.fetch(identity);
    }

    /** A client with another patience, over the same connection. */
    CaClient client(Duration deadline) {
        return new CaClient(config, channel, worker, deadline);
    }

    /** Looks at the roots that vouch for the CA, and returns whether they have changed. */
    boolean look() throws IOException {
        return channel.look();
    }

    @Override
    public void close() {
        channel.close();
        end(loops, worker);
    }

    @SuppressWarnings("FutureReturnValueIgnored") // nothing waits for it
    private static void end(MultiThreadIoEventLoopGroup loops, ThreadPoolExecutor worker) {
        loops.shutdownGracefully(QUIET_MILLIS, 10_000, TimeUnit.MILLISECONDS);
        worker.shutdown();
    }
}
