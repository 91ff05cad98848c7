package io.inpod.examples.nodeagent;

import io.inpod.examples.nodeagent.enrol.FailedEnrolment;
import io.inpod.examples.nodeagent.enrol.Ledger;
import io.inpod.examples.nodeagent.enrol.PodRedirection;
import io.inpod.examples.nodeagent.enrol.PodStatus;
import io.inpod.examples.nodeagent.enrol.Reconciler;
import io.inpod.examples.nodeagent.enrol.Redirections;
import io.inpod.examples.nodeagent.enrol.StepListener;
import io.inpod.examples.nodeagent.files.PodDirectory;
import io.inpod.examples.nodeagent.files.PodFile;
import io.inpod.examples.nodeagent.pod.NamespaceFinder;
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
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.function.Function;

/** An agent with its ZDS server, in this process. Its pods are files in a directory. */
final class Scene implements AutoCloseable {
    static final WorkloadInfo WEB = new WorkloadInfo("web-0", "shop", "web");

    final ExecutorService threads = Executors.newCachedThreadPool();
    final Path socket;
    final ZdsServer server;
    final PodDirectory pods;
    final Reconciler reconciler;
    final FileCommands commands;
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
        this(directory, redirections, policy, proxyPatience, unknown -> Map.of(), (work, step) -> {});
    }

    Scene(Path directory, NamespaceFinder finder, StepListener steps) throws IOException {
        this(directory, new PodRedirection(Profile.REDIRECT, false, true)::change, FailedEnrolment.CLOSED, Duration.ofSeconds(10), finder, steps);
    }

    private Scene(Path directory, Function<PodOverrides, NamespaceChange> redirections, FailedEnrolment policy, Duration proxyPatience,
            NamespaceFinder finder, StepListener steps) throws IOException {
        socket = directory.resolve("zds/ztunnel.sock");
        server = ZdsServer.listen(socket, threads, Duration.ofSeconds(20));
        pods = new PodDirectory(directory.resolve("pods"), true);
        reconciler = new Reconciler(pods, finder, NoProbeAddresses.INSTANCE, server,
                new Redirections(redirections, new PodRedirection(Profile.REDIRECT, false, true).closing()), new Ledger(directory.resolve("enrolled")),
                policy, this::later, threads, steps);
        commands = new FileCommands(pods, reconciler, proxyPatience, new Inspection(reconciler, pods, finder, server,
                new PodRedirection(Profile.REDIRECT, false, true), List::of, null));
        CountDownLatch ready = new CountDownLatch(1);
        reconciler.whenReady(() -> {
            threads.execute(server::run);
            ready.countDown();
        });
        reconciler.start();
        try {
            ready.await();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
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

    void awaitReason(String uid, String reason) throws InterruptedException {
        while (list().stream().noneMatch(pod -> pod.uid().equals(uid) && String.valueOf(pod.state().reason()).contains(reason))) {
            Thread.sleep(1);
        }
    }

    /** Waits until a pod's state is of a kind; the test's time limit is the limit. */
    PodState awaitState(String uid, PodState.Kind kind) throws InterruptedException {
        for (;;) {
            for (PodStatus pod : list()) {
                if (pod.uid().equals(uid) && pod.state().kind() == kind) {
                    return pod.state();
                }
            }
            Thread.sleep(1);
        }
    }

    PodState state(String uid) {
        return list().stream().filter(pod -> pod.uid().equals(uid)).findFirst().orElseThrow().state();
    }

    List<PodStatus> list() {
        return commands.list();
    }

    void add(String uid, Path path) throws IOException, InterruptedException {
        add(uid, WEB, Map.of(), path);
    }

    void add(String uid, WorkloadInfo info, Map<String, String> annotations, Path path) throws IOException, InterruptedException {
        commands.add(new PodFile(uid, info.name(), info.namespace(), info.serviceAccount(), path.toString(), null, null, Map.copyOf(annotations)));
    }

    void delete(String uid, Path path) throws IOException, InterruptedException {
        commands.delete(uid, path);
    }

    Future<Void> adding(String uid, NetworkNamespace namespace) throws IOException {
        Path path = Tool.pathOf(namespace);
        return threads.submit(() -> {
            add(uid, path);
            return null;
        });
    }

    Future<Void> deleting(String uid) {
        return threads.submit(() -> {
            delete(uid, null);
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
        reconciler.close();
        threads.shutdown();
    }
}
