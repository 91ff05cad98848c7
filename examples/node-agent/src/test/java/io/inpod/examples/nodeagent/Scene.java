package io.inpod.examples.nodeagent;

import io.inpod.examples.nodeagent.pod.PodState;
import io.inpod.examples.zds.WorkloadInfo;
import io.inpod.examples.zds.ZdsServer;
import io.inpod.iptables.pod.InPodRedirection.Profile;
import io.inpod.iptables.pod.PodOverrides;
import io.inpod.netns.NamespaceChange;
import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.testing.Tool;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.function.Function;

/** An agent with its ZDS server, in this process. */
final class Scene implements AutoCloseable {
    static final WorkloadInfo WEB = new WorkloadInfo("web-0", "shop", "web");

    final ExecutorService threads = Executors.newCachedThreadPool();
    final Path socket;
    final ZdsServer server;
    final Agent agent;
    /** What the agent does later, which the tests run: no pause passes. */
    final BlockingQueue<Runnable> later = new LinkedBlockingQueue<>();
    /** The pauses, in the same order. */
    final Queue<Duration> pauses = new ConcurrentLinkedQueue<>();

    /** Uses the same redirection for every pod. */
    Scene(Path directory, NamespaceChange redirection, Duration proxyPatience) throws IOException {
        this(directory, overrides -> redirection, proxyPatience);
    }

    Scene(Path directory, Function<PodOverrides, NamespaceChange> redirections, Duration proxyPatience) throws IOException {
        this(directory, redirections, FailedEnrolment.CLOSED, proxyPatience);
    }

    Scene(Path directory, Function<PodOverrides, NamespaceChange> redirections, FailedEnrolment policy, Duration proxyPatience)
            throws IOException {
        socket = directory.resolve("zds/ztunnel.sock");
        server = ZdsServer.listen(socket, threads, Duration.ofSeconds(20));
        threads.execute(server::run);
        agent = new Agent(server, redirections, new PodRedirection(Profile.REDIRECT, false, true).closing(), policy, proxyPatience, this::later);
        server.onSnapshotAnswer(agent::answered);
    }

    /** Notes what the agent, or a watch, does later. */
    void later(Duration pause, Runnable task) {
        pauses.add(pause);
        later.add(task);
    }

    /** Runs the next thing that the agent does later, in another thread. */
    Future<?> next() throws InterruptedException {
        return threads.submit(later.take());
    }

    PodState state(String uid) {
        return agent.list().stream().filter(pod -> pod.uid().equals(uid)).findFirst().orElseThrow().state();
    }

    Future<Void> adding(String uid, NetworkNamespace namespace) throws IOException {
        Path path = Tool.pathOf(namespace);
        return threads.submit(() -> {
            agent.add(uid, WEB, PodOverrides.NONE, path);
            return null;
        });
    }

    Future<Void> deleting(String uid) {
        return threads.submit(() -> {
            agent.delete(uid, null);
            return null;
        });
    }

    static Throwable failureOf(Future<Void> future) throws InterruptedException {
        try {
            future.get();
        } catch (ExecutionException e) {
            return e.getCause();
        }
        throw new AssertionError("no failure");
    }

    @Override
    public void close() {
        server.close();
        agent.list().forEach(pod -> pod.netns().close());
        threads.shutdown();
    }
}
