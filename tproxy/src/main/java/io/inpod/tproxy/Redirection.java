package io.inpod.tproxy;

import io.inpod.netns.NamespaceChange;
import io.inpod.netns.NetworkNamespace;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/**
 * Several changes of a namespace as one: installed in order, all or none, and removed in the reverse order. The order that lets no
 * packet go where nobody serves it is {@link io.inpod.tproxy.listen.Listeners}, then {@link PolicyRouting}, then rules:
 *
 * <pre>{@code
 * Redirection redirection = Redirection.of(listeners, PolicyRouting.DEFAULT, rules)
 *         .withChecks(listeners.pathCheck(node, new DestinationAddress(podAddress), Duration.ofSeconds(5)));
 * redirection.install(pod);
 * redirection.verify(pod); // each step, and a connection that really travels the path
 * redirection.remove(pod);
 * }</pre>
 *
 * @param steps the changes, in the order of installation; their {@code toString()} names them in errors
 * @param checks what proves that the changes together do what they are for; their {@code toString()} names them in errors
 */
public record Redirection(List<NamespaceChange> steps, List<PathCheck> checks) implements NamespaceChange {
    /**
     * Copies the lists.
     *
     * @param steps see {@link Redirection}
     * @param checks see {@link Redirection}
     */
    public Redirection {
        steps = List.copyOf(steps);
        checks = List.copyOf(checks);
    }

    /**
     * Composes changes.
     *
     * @param steps in the order of installation
     * @return all of them as one, without probes
     */
    public static Redirection of(NamespaceChange... steps) {
        return new Redirection(List.of(steps), List.of());
    }

    /**
     * Adds probes.
     *
     * @param more run by {@link #verify} after all steps have been found in order
     * @return a redirection with these too, otherwise like this
     */
    public Redirection withChecks(PathCheck... more) {
        List<PathCheck> all = new ArrayList<>(checks);
        all.addAll(List.of(more));
        return new Redirection(steps, all);
    }

    /**
     * Installs the steps in order, all or none.
     *
     * @param namespace where
     * @throws RedirectionException naming the step that failed and the earlier ones that were undone, or could not be
     */
    @Override
    public void install(NetworkNamespace namespace) throws RedirectionException {
        for (int i = 0; i < steps.size(); i++) {
            try {
                steps.get(i).install(namespace);
            } catch (IOException | RuntimeException e) {
                throw undo(namespace, i, e);
            }
        }
    }

    private RedirectionException undo(NetworkNamespace namespace, int failed, Exception cause) {
        List<String> undone = new ArrayList<>();
        List<String> left = new ArrayList<>();
        List<Exception> more = new ArrayList<>();
        for (int i = failed - 1; i >= 0; i--) {
            try {
                steps.get(i).remove(namespace);
                undone.add(steps.get(i).toString());
            } catch (IOException | RuntimeException e) {
                left.add(steps.get(i).toString());
                more.add(e);
            }
        }
        RedirectionException failure = new RedirectionException("install", List.of(steps.get(failed).toString()), undone, left, cause);
        more.forEach(failure::addSuppressed);
        return failure;
    }

    /**
     * Checks every step, also after a failure; then, if all are as they should be, runs the probes.
     *
     * @param namespace where
     * @throws RedirectionException naming all steps that aren't as they should be, or all probes that failed
     */
    @Override
    public void verify(NetworkNamespace namespace) throws RedirectionException {
        all("verify", steps, step -> step.verify(namespace));
        all("verify", checks, check -> check.run(namespace));
    }

    /**
     * Removes the steps, the last one first, and goes on after a failure.
     *
     * @param namespace where
     * @throws RedirectionException naming all steps that could not be removed
     */
    @Override
    public void remove(NetworkNamespace namespace) throws RedirectionException {
        List<NamespaceChange> reverse = new ArrayList<>(steps);
        Collections.reverse(reverse);
        all("remove", reverse, step -> step.remove(namespace));
    }

    private interface Action<T> {
        void on(T step) throws IOException;
    }

    private static <T> void all(String action, List<T> steps, Action<T> each) throws RedirectionException {
        List<String> failed = new ArrayList<>();
        List<Exception> causes = new ArrayList<>();
        for (T step : steps) {
            try {
                each.on(step);
            } catch (IOException | RuntimeException e) {
                failed.add(step.toString());
                causes.add(e);
            }
        }
        if (!failed.isEmpty()) {
            RedirectionException failure = new RedirectionException(action, failed, List.of(), List.of(), causes.get(0));
            causes.stream().skip(1).forEach(failure::addSuppressed);
            throw failure;
        }
    }
}
