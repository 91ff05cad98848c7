package io.inpod.netns.testing;

import java.io.IOException;
import java.time.Duration;
import java.util.List;

/** A network as {@link Pods} asks for it, and the check of what is left behind when it ends. */
final class PodsSession {
    private final PodNetwork network;
    private final LeakCheck leaks;
    private volatile boolean failed;

    private PodsSession(PodNetwork network, LeakCheck leaks) {
        this.network = network;
        this.leaks = leaks;
    }

    static PodsSession begin(Pods pods) throws IOException {
        List<String> names = pods.names().length == 0 ? PodNames.numbered(pods.value()) : List.of(pods.names());
        PodNetwork network = PodNetwork.create(names, pods.nodes());
        try {
            LeakCheck leaks = pods.alone() ? LeakCheck.begin(network) : LeakCheck.within(network);
            return new PodsSession(network, leaks.except(pods.mayLeave()));
        } catch (IOException | RuntimeException e) {
            network.close();
            throw e;
        }
    }

    PodNetwork network() {
        return network;
    }

    /** Adds the output of processes in pods, and the faults between them, to a test's failure. What that leaves behind doesn't matter. */
    void failed(Throwable failure) throws IOException {
        failed = true;
        String report = network.report();
        if (!report.isEmpty()) {
            failure.addSuppressed(new PodOutput("the processes in pods:\n" + report));
        }
        if (!network.faults().isEmpty()) {
            failure.addSuppressed(new FaultsReport(network.faults().toString()));
        }
    }

    void end(Duration limit) throws IOException, InterruptedException {
        try (network) {
            network.endFaultsAndProcesses();
            if (!failed) {
                leaks.verify(limit);
            }
        }
    }
}
