package io.inpod.tproxy;

import io.inpod.netns.NamespaceChange;
import io.inpod.netns.NetworkNamespace;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/**
 * Combines several changes of a namespace: installs them in order, all or none, and removes them in reverse order. To redirect packets only
 * when a listener is ready for them, install {@link io.inpod.tproxy.listen.Listeners} first, then {@link PolicyRouting}, then rules:
 *
 * <pre>{@code
 * Redirection redirection = Redirection.of(listeners, PolicyRouting.DEFAULT, rules)
 *         .withChecks(listeners.pathCheck(node, new DestinationAddress(podAddress), Duration.ofSeconds(5)));
 * redirection.install(pod);
 * redirection.verify(pod); // each step, and a real connection
 * redirection.remove(pod);
 * }</pre>
 *
 * @param steps the changes, in the order of installation; {@code toString()} names them in errors
 * @param checks checks that the changes work together; {@code toString()} names them in errors
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
     * Combines changes, without checks.
     *
     * @param steps the changes, in the order of installation
     * @return the redirection
     */
    public static Redirection of(NamespaceChange... steps) {
        return new Redirection(List.of(steps), List.of());
    }

    /**
     * Adds checks.
     *
     * @param more run by {@link #verify} after all steps have been verified
     * @return a copy with these checks in addition
     */
    public Redirection withChecks(PathCheck... more) {
        List<PathCheck> all = new ArrayList<>(checks);
        all.addAll(List.of(more));
        return new Redirection(steps, all);
    }

    /**
     * Installs the steps in order, all or none. If one fails, the earlier ones are undone, except those that were in place before.
     *
     * @param namespace the namespace
     * @throws RedirectionException naming the step that failed, and the earlier steps that were undone or could not be
     */
    @Override
    public void install(NetworkNamespace namespace) throws RedirectionException {
        UndoLog done = new UndoLog();
        for (int i = 0; i < steps.size(); i++) {
            NamespaceChange step = steps.get(i);
            boolean changed = false;
            try {
                if (i < steps.size() - 1) {
                    changed = step.installMissing(namespace);
                } else {
                    step.install(namespace); // the last one is never undone
                }
            } catch (IOException | RuntimeException e) {
                throw new RedirectionException("install", List.of(step.toString()), done.undo(), e);
            }
            if (changed) {
                done.add(step.toString(), () -> step.remove(namespace));
            }
        }
    }

    /**
     * Verifies every step, continuing after a failure; then, if no step failed, runs the checks.
     *
     * @param namespace the namespace
     * @throws RedirectionException naming all steps, or else all checks, that failed
     */
    @Override
    public void verify(NetworkNamespace namespace) throws RedirectionException {
        all("verify", steps, step -> step.verify(namespace));
        all("verify", checks, check -> check.run(namespace));
    }

    @Override
    public boolean isInstalled(NetworkNamespace namespace) {
        if (!steps.stream().allMatch(step -> step.isInstalled(namespace))) {
            return false;
        }
        try {
            for (PathCheck check : checks) {
                check.run(namespace);
            }
            return true;
        } catch (IOException | RuntimeException e) {
            return false;
        }
    }

    /**
     * Removes the steps, the last one first, continuing after a failure.
     *
     * @param namespace the namespace
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
            RedirectionException failure = new RedirectionException(action, failed, UndoLog.Result.NOTHING, causes.get(0));
            causes.stream().skip(1).forEach(failure::addSuppressed);
            throw failure;
        }
    }
}
