package io.inpod.examples.nodeagent.kubernetes;

import io.inpod.examples.nodeagent.pod.Membership;
import io.inpod.examples.nodeagent.pod.MeshPod;
import io.inpod.examples.nodeagent.pod.PodSource;
import io.inpod.examples.nodeagent.pod.PodState;
import java.io.IOException;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import org.jspecify.annotations.Nullable;

/**
 * The pods of one node as a cluster's API server describes them. Watches the node's pods, and all namespaces for their labels. What was
 * known stays true while the API server is away.
 */
public final class KubernetesPods implements PodSource {
    private static final String PODS = "/api/v1/pods";
    private static final String NAMESPACES = "/api/v1/namespaces";

    private final ApiServer api;
    private final String node;
    private final Selection selection;
    private final ScheduledExecutorService timer;
    private final List<Thread> threads = new ArrayList<>();
    private final ListWatch<ApiPod> podWatch;
    private final ListWatch<ApiNamespace> namespaceWatch;
    private final WriteBack writeBack;

    private final Known<ApiPod> pods = new Known<>();
    private final Known<ApiNamespace> namespaces = new Known<>();
    /** Of namespaces that are gone, as long as they have pods: the deletions of both may come in any order. */
    private final Map<String, ApiNamespace> lastKnown = new HashMap<>();
    private final Map<String, MeshPod> members = new HashMap<>();
    private volatile boolean synced;
    private volatile @Nullable Listener listener;

    /**
     * Creates a source that hasn't begun to watch.
     *
     * @param access where the API server is
     * @param node the node's name in the cluster
     * @param selection which pods are in the mesh
     */
    KubernetesPods(ApiAccess access, String node, Selection selection, ListWatch.Times times, WriteBack.Times writing) {
        this.node = node;
        this.selection = selection;
        var executor = new ScheduledThreadPoolExecutor(1, task -> daemon(task, "nodeagent-kubernetes-timer"));
        executor.setRemoveOnCancelPolicy(true);
        timer = executor;
        api = new ApiServer(access, timer);
        podWatch = new ListWatch<>(api, PODS, "fieldSelector=" + URLEncoder.encode("spec.nodeName=" + node, StandardCharsets.UTF_8),
                ApiPod::read, new PodSink(), times);
        namespaceWatch = new ListWatch<>(api, NAMESPACES, "", ApiNamespace::read, new NamespaceSink(), times);
        writeBack = new WriteBack(api, node, this::known, this::offer, writing);
    }

    private static Thread daemon(Runnable task, String name) {
        Thread thread = new Thread(task, name);
        thread.setDaemon(true);
        return thread;
    }

    @Override
    public void start(Listener listener) throws IOException {
        this.listener = listener;
        api.check();
        threads.add(daemon(namespaceWatch, "nodeagent-namespaces"));
        threads.add(daemon(podWatch, "nodeagent-pods"));
        threads.add(daemon(writeBack, "nodeagent-write-back"));
        threads.forEach(Thread::start);
    }

    @Override
    public boolean synced() {
        return synced;
    }

    @Override
    public synchronized Collection<MeshPod> pods() {
        return List.copyOf(members.values());
    }

    @Override
    public synchronized Optional<MeshPod> pod(String uid) {
        return Optional.ofNullable(members.get(uid));
    }

    @Override
    public Membership membership(String namespace, String name, String uid, Duration patience) throws InterruptedException {
        return new Question(namespace, name, uid, patience).answer();
    }

    /** What the watches say of namespaces doesn't count: another cluster may have namespaces of the same names. */
    @Override
    public Membership ask(MeshPod pod, Duration patience) throws InterruptedException {
        Question question = new Question(pod.info().namespace(), pod.info().name(), pod.uid(), patience);
        return podWatch.live() ? question.answerOnce()
                : question.excluded().orElse(new Membership.Unknown("the API server doesn't list the pods of this node at the moment"));
    }

    @Override
    public void report(MeshPod pod, Optional<PodState> state) {
        writeBack.put(pod, state);
    }

    @Override
    public String toString() {
        return "those of node " + node + ", from the API server";
    }

    @Override
    public void close() {
        threads.forEach(Thread::interrupt);
        timer.shutdownNow();
        api.close();
    }

    private synchronized Optional<ApiPod> known(String uid) {
        return pods.all().stream().filter(pod -> pod.pod().uid().equals(uid)).findFirst();
    }

    private synchronized Optional<ApiPod> named(String namespace, String name) {
        return pods.all().stream().filter(pod -> pod.name().equals(name) && pod.namespace().equals(namespace)).findFirst();
    }

    private synchronized @Nullable ApiNamespace namespace(String name) {
        return namespaces.get(name).orElseGet(() -> lastKnown.get(name));
    }

    /** Takes over a pod that was the answer to a single request. Returns whether it still exists. */
    private synchronized boolean offer(ApiPod pod) {
        boolean exists = !pod.node().equals(node) || pods.offer(pod);
        evaluate();
        return exists;
    }

    private synchronized void offer(ApiNamespace namespace) {
        namespaces.offer(namespace);
        evaluate();
    }

    /** Decides about all pods again, and tells of those that are other than before. There are few hundred at most. */
    private synchronized void evaluate() {
        Map<String, MeshPod> now = new HashMap<>();
        for (ApiPod pod : pods.all()) {
            if (selection.decide(pod, namespace(pod.namespace())) instanceof Membership.Member member) {
                now.put(member.pod().uid(), member.pod());
            }
        }
        Set<String> changed = new HashSet<>(members.keySet());
        changed.addAll(now.keySet());
        changed.removeIf(uid -> now.containsKey(uid) && now.get(uid).equals(members.get(uid)));
        members.clear();
        members.putAll(now);
        boolean first = !synced && pods.complete() && namespaces.complete();
        if (!changed.isEmpty() || first) {
            tell(changed, first);
        }
    }

    private void tell(Set<String> changed, boolean first) {
        Listener told = listener;
        synced |= first;
        if (told != null && !timer.isShutdown()) {
            timer.execute(() -> {
                changed.forEach(told::changed);
                if (first) {
                    told.synced();
                }
            });
        }
    }

    private synchronized void forgetUnused() {
        Set<String> used = new HashSet<>();
        pods.all().forEach(pod -> used.add(pod.namespace()));
        lastKnown.keySet().retainAll(used);
    }

    private final class PodSink implements ListWatch.Sink<ApiPod> {
        @Override
        public void listed(Collection<ApiPod> all, long version) {
            synchronized (KubernetesPods.this) {
                Set<String> before = uids();
                pods.replace(all, version);
                before.removeAll(uids());
                before.forEach(writeBack::gone);
                forgetUnused();
                evaluate();
            }
            all.forEach(writeBack::changed);
        }

        private Set<String> uids() {
            Set<String> uids = new HashSet<>();
            pods.all().forEach(pod -> uids.add(pod.pod().uid()));
            return uids;
        }

        @Override
        public void changed(ApiPod one) {
            synchronized (KubernetesPods.this) {
                pods.put(one);
                evaluate();
            }
            known(one.pod().uid()).ifPresent(writeBack::changed);
        }

        @Override
        public void gone(ApiPod one) {
            synchronized (KubernetesPods.this) {
                pods.remove(one);
                forgetUnused();
                evaluate();
            }
            writeBack.gone(one.pod().uid());
        }

        @Override
        public void seen(long version) {
            synchronized (KubernetesPods.this) {
                pods.seen(version);
            }
        }
    }

    private final class NamespaceSink implements ListWatch.Sink<ApiNamespace> {
        @Override
        public void listed(Collection<ApiNamespace> all, long version) {
            synchronized (KubernetesPods.this) {
                namespaces.all().forEach(one -> lastKnown.put(one.name(), one));
                namespaces.replace(all, version);
                forgetUnused();
                evaluate();
            }
        }

        @Override
        public void changed(ApiNamespace one) {
            synchronized (KubernetesPods.this) {
                namespaces.put(one);
                evaluate();
            }
        }

        @Override
        public void gone(ApiNamespace one) {
            synchronized (KubernetesPods.this) {
                namespaces.get(one.name()).ifPresent(last -> lastKnown.put(last.name(), last));
                namespaces.remove(one);
                forgetUnused();
                evaluate();
            }
        }

        @Override
        public void seen(long version) {
            synchronized (KubernetesPods.this) {
                namespaces.seen(version);
            }
        }
    }

    /** Whether a pod that is about to start belongs to the mesh. */
    private final class Question {
        private static final Duration PAUSE = Duration.ofMillis(100);
        private static final Duration LONGEST_PAUSE = Duration.ofSeconds(1);
        private final String namespace;
        private final String name;
        private final String uid;
        private final long deadline;

        Question(String namespace, String name, String uid, Duration patience) {
            this.namespace = namespace;
            this.name = name;
            this.uid = uid;
            this.deadline = System.nanoTime() + patience.toNanos();
        }

        Membership answer() throws InterruptedException {
            Optional<Membership> excluded = excluded();
            if (excluded.isPresent()) {
                return excluded.get();
            }
            Optional<Membership> cached = cached();
            if (cached.isPresent() && (cached.get() instanceof Membership.Member || podWatch.live() && namespaceWatch.live())) {
                return cached.get();
            }
            Pauses pauses = new Pauses(PAUSE, LONGEST_PAUSE);
            while (true) {
                try {
                    return ask();
                } catch (IOException | RuntimeException e) {
                    Duration pause = pauses.next(e instanceof IOException ? e : new IOException(e));
                    if (left().compareTo(pause) <= 0) {
                        return cached.orElse(noAnswer(e));
                    }
                    Thread.sleep(pause.toMillis());
                }
            }
        }

        /** Asks the API server, and doesn't repeat that if it fails. */
        Membership answerOnce() throws InterruptedException {
            Optional<Membership> excluded = excluded();
            if (excluded.isPresent()) {
                return excluded.get();
            }
            try {
                return ask();
            } catch (IOException | RuntimeException e) {
                return noAnswer(e);
            }
        }

        Optional<Membership> excluded() {
            return selection.excluded().contains(namespace) ? Optional.of(Selection.excludedNamespace(namespace)) : Optional.empty();
        }

        private Membership noAnswer(Exception failure) {
            return new Membership.Unknown("the API server can't be asked whether pod " + namespace + "/" + name
                    + " belongs to the mesh: " + failure.getMessage());
        }

        /** What is known without asking; empty if that isn't enough. */
        private Optional<Membership> cached() {
            if (uid.isEmpty()) {
                return Optional.empty(); // an earlier pod may have had the same name
            }
            return named(namespace, name).filter(pod -> pod.pod().uid().equals(uid))
                    .map(pod -> selection.decide(pod, namespace(namespace)))
                    .filter(decision -> !(decision instanceof Membership.Unknown));
        }

        private Membership ask() throws IOException, InterruptedException {
            ApiPod pod;
            try {
                pod = ApiPod.read(api.get(NAMESPACES + "/" + namespace + "/pods/" + name, left()));
            } catch (ApiException e) {
                if (e.status() == ApiException.NOT_FOUND) {
                    return new Membership.Unknown("the API server has no pod " + namespace + "/" + name);
                }
                throw e;
            }
            if (!uid.isEmpty() && !pod.pod().uid().equals(uid)) {
                return new Membership.Unknown("pod " + namespace + "/" + name + " has the uid " + pod.pod().uid() + " by now, not " + uid);
            }
            if (!pod.node().equals(node)) {
                return new Membership.Unknown("pod " + namespace + "/" + name + " is bound to node '" + pod.node() + "', not to this one");
            }
            ApiNamespace labels = ApiNamespace.read(api.get(NAMESPACES + "/" + namespace, left()));
            offer(labels);
            if (!offer(pod)) {
                return new Membership.Unknown("pod " + namespace + "/" + name + " has just been deleted");
            }
            return selection.decide(pod, labels);
        }

        private Duration left() {
            return Duration.ofNanos(Math.max(1_000_000, deadline - System.nanoTime()));
        }
    }
}
