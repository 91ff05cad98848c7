package io.inpod.examples.nodeagent.enrol;

import io.inpod.examples.nodeagent.pod.AgentException;
import io.inpod.examples.nodeagent.pod.MeshPod;
import io.inpod.examples.zds.ZdsServer;
import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.NodeNamespaces;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One attempt to enrol a pod, which finds out by itself what is missing. The redirection comes first: connections that are redirected to a
 * port without a listener are refused, while connections that aren't redirected yet would leave in plaintext. The addresses for probes come
 * last: before that, nothing would answer.
 */
final class Enrolling {
    private static final Logger LOG = LoggerFactory.getLogger("nodeagent");

    private final Parts parts;
    private final ZdsServer proxies;
    private final Slot slot;
    private final MeshPod pod;
    private final Steps steps;

    Enrolling(Parts parts, Slot slot, MeshPod pod) {
        this.parts = parts;
        this.proxies = parts.proxies();
        this.slot = slot;
        this.pod = pod;
        this.steps = new Steps("add pod " + pod.uid(), parts.listener());
    }

    /**
     * Makes the attempt.
     *
     * @param inside is run when what has to be done in the namespace has succeeded, before a proxy is waited for
     * @return ends when the pod is served, so that {@link #enterAddresses} remains, or with the exception that says which step failed
     */
    CompletableFuture<Void> run(Runnable inside) {
        steps.begin("find its network namespace");
        return parts.locator().locate(slot, pod).thenCompose(netns -> {
            try {
                enter(netns);
                redirect();
                inside.run();
                return hand();
            } catch (IOException e) {
                return CompletableFuture.failedFuture(e);
            }
        });
    }

    /** Makes the namespace the pod's; owns it from now on. */
    private void enter(NetworkNamespace netns) throws IOException {
        EnrolledPod before = slot.enrolledOrNull();
        try {
            steps.run("check that it is a pod's", () -> {
                NodeNamespaces.refuse(netns);
                String other = parts.owners().take(netns, pod.uid()).orElse(null);
                if (other != null) {
                    throw new WaitingException(netns + " is already that of pod " + other, false);
                }
                return netns;
            });
            if (before != null && before.netns().equals(netns)) {
                slot.enrolled(new EnrolledPod(pod.uid(), pod.info(), pod.overrides(), before.redirection(), before.netns()));
                netns.close();
            } else {
                slot.enrolled(new EnrolledPod(pod.uid(), pod.info(), pod.overrides(), parts.installed().closing(), netns));
            }
        } catch (IOException | RuntimeException e) {
            netns.close();
            if (before == null) {
                parts.owners().release(netns, pod.uid());
            }
            throw e;
        }
        if (before != null && !before.netns().equals(netns)) {
            LOG.info("pod {} has another network namespace now: {} instead of {}", pod.uid(), netns, before.netns());
            slot.gone(before.netns().identity());
            parts.owners().release(before.netns(), pod.uid());
            before.netns().close();
        }
    }

    private void redirect() throws AgentException {
        parts.ledger().enter(slot.enrolled());
        if (pod.fault() != null) {
            throw new AgentException("pod " + pod.uid() + ": " + pod.fault());
        }
        EnrolledPod enrolled = slot.enrolled();
        parts.installed().plan(steps, pod.overrides());
        if (parts.policy() == FailedEnrolment.OPEN && proxies.proxies() == 0 && !PodRedirection.isRouted(enrolled.netns())) {
            findProxy(); // rules that are undone at once would only break connections
        }
        try {
            parts.installed().install(slot, steps);
        } catch (AgentException e) {
            proxies.keep(pod.uid()); // no proxy gets a pod whose rules aren't there, and none loses it
            throw e;
        }
    }

    private void findProxy() throws AgentException {
        steps.run("find a proxy", () -> {
            try {
                proxies.awaitProxy(Duration.ZERO);
            } catch (IOException e) {
                throw new NoProxyException(String.valueOf(e.getMessage()), e);
            }
            return proxies;
        });
    }

    private CompletableFuture<Void> hand() throws IOException {
        EnrolledPod enrolled = slot.enrolled();
        slot.handed();
        if (parts.policy() == FailedEnrolment.CLOSED) {
            steps.run("have it served by proxies that connect later", () -> {
                proxies.include(enrolled.handed());
                return enrolled;
            });
        }
        if (proxies.serves(enrolled.handed())) {
            return CompletableFuture.completedFuture(null);
        }
        findProxy();
        steps.begin("hand it to the proxy");
        return proxies.send(enrolled.handed()).exceptionallyCompose(failure -> undo(enrolled, Failures.cause(failure)));
    }

    private CompletableFuture<Void> undo(EnrolledPod enrolled, Throwable failure) {
        if (proxies.isServed(enrolled.handed())) {
            return CompletableFuture.failedFuture(steps.failure("hand it to the newest proxy",
                    new StillServedException("an older proxy serves it; " + failure.getMessage(), failure)));
        }
        if (parts.policy() == FailedEnrolment.CLOSED) {
            return CompletableFuture.failedFuture(steps.failure("hand it to the proxy", failure));
        }
        return proxies.withdraw(pod.uid()).handleAsync((withdrawn, ignored) -> {
            throw new CompletionException(steps.failure("hand it to the proxy", failure));
        }, parts.workers());
    }

    /** The last step, which may block. */
    void enterAddresses() {
        try {
            steps.run("enter its addresses for the node's probes", () -> {
                try {
                    parts.probes().put(pod.uid(), pod.addresses());
                } catch (IOException e) {
                    throw new StillServedException(String.valueOf(e.getMessage()), e);
                }
                return pod;
            });
        } catch (AgentException e) {
            throw new CompletionException(e);
        }
    }
}
