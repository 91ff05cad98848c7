package io.inpod.examples.ztunnel;

import io.inpod.examples.zds.WorkloadInfo;
import io.inpod.examples.ztunnel.admin.AdminServer;
import io.inpod.examples.ztunnel.dashboard.Dashboard;
import io.inpod.examples.ztunnel.dashboard.Sources;
import io.inpod.examples.ztunnel.health.OutboundFailures;
import io.inpod.examples.ztunnel.inpod.PodState;
import io.inpod.examples.ztunnel.live.Denials;
import io.inpod.examples.ztunnel.mesh.Mesh;
import io.inpod.examples.ztunnel.mesh.Telemetry;
import io.inpod.examples.ztunnel.mesh.Workload;
import io.inpod.examples.ztunnel.source.SourceStatus;
import io.inpod.examples.ztunnel.traffic.Flow;
import io.inpod.examples.ztunnel.traffic.PodTraffic;
import io.inpod.examples.ztunnel.traffic.Traffic;
import io.inpod.examples.ztunnel.traffic.TrafficKey;
import io.netty.channel.EventLoopGroup;
import io.netty.util.concurrent.ScheduledFuture;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import io.inpod.hbone.identity.CertificateStatus;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/** The dashboard on an admin port of its own, with whatever pods and connections a test says. */
final class DashboardScene implements AutoCloseable {
    final Traffic traffic = new Traffic(1000);
    final List<PodState> pods = new CopyOnWriteArrayList<>();
    /** How often the proxy was asked for its pods, which is once for each snapshot. */
    final AtomicInteger asked = new AtomicInteger();
    volatile SourceStatus source = new SourceStatus("/etc/ztunnel/mesh.yaml", "5c1f0d3a9b27", Instant.now().minusSeconds(4000), null, null, 3, 0);
    volatile List<CertificateStatus> certificates = List.of();
    /** Each begins when somebody looks, and is cancelled when nobody does any more. */
    final BlockingQueue<ScheduledFuture<?>> clocks = new LinkedBlockingQueue<>();
    private final EventLoopGroup thread = AdminServer.thread();
    private final ScheduledExecutorService clock = new ScheduledThreadPoolExecutor(0) {
        @Override
        public ScheduledFuture<?> scheduleAtFixedRate(Runnable task, long delay, long period, TimeUnit unit) {
            ScheduledFuture<?> begun = thread.next().scheduleAtFixedRate(task, delay, period, unit);
            clocks.add(begun);
            return begun;
        }
    };
    private final AdminServer server;

    DashboardScene() throws IOException {
        Sources sources = new Sources("worker-1", () -> {
            asked.incrementAndGet();
            return List.copyOf(pods);
        }, () -> Map.of("uid-0", Set.of(15001, 15006, 15008)), traffic, new Denials(), new OutboundFailures(), () -> certificates, () -> source,
                () -> Mesh.EMPTY);
        server = AdminServer.open(thread, 0, Dashboard.pages(sources, clock, Map.of()));
    }

    String url() {
        return "http://127.0.0.1:" + server.port() + "/";
    }

    static Workload workload(String namespace, String name, String deployment) {
        return Workload.builder("cluster//v1/Pod/" + namespace + "/" + name, namespace).name(name).serviceAccount("default")
                .telemetry(new Telemetry("deployment", deployment, deployment, "v1", "Kubernetes")).build();
    }

    /** Opens connections of a pod, each with a port and a number of bytes of its own. */
    List<Flow> connections(PodTraffic of, Workload from, Workload to, boolean tunnel, int number) {
        TrafficKey key = new TrafficKey(false, from, tunnel ? from.identity() : null, to, tunnel ? to.identity() : null, null, tunnel);
        List<Flow> flows = new ArrayList<>();
        for (int i = 0; i < number; i++) {
            long bytes = 37L * i * i;
            Flow flow = of.opened(key, new Flow.Route(new InetSocketAddress("10.244.1.7", 1024 + i), new InetSocketAddress("10.96.3.4", 8080),
                    new InetSocketAddress("10.244.2.9", 15008)));
            flow.carriedBy(() -> bytes, () -> bytes * 20);
            flows.add(flow);
        }
        return flows;
    }

    void pod(String namespace, String name, boolean served, String reason, List<Flow> flows) {
        pods.add(new PodState("uid-" + pods.size(), new WorkloadInfo(name, namespace, "default"), served, reason, flows));
    }

    @Override
    public void close() {
        server.close();
        clock.shutdown();
        thread.shutdownGracefully(100, 10_000, TimeUnit.MILLISECONDS).syncUninterruptibly();
    }
}
