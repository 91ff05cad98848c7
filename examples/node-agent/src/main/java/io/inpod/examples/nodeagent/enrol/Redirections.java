package io.inpod.examples.nodeagent.enrol;

import io.inpod.iptables.pod.PodOverrides;
import io.inpod.netns.NamespaceChange;
import java.util.function.Function;

/**
 * What is installed in pods.
 *
 * @param change creates the redirection that a pod with these overrides should have now; throws IllegalArgumentException if the overrides
 *     are impossible
 * @param closing what is installed instead of a redirection that can't be installed
 */
public record Redirections(Function<PodOverrides, NamespaceChange> change, NamespaceChange closing) {}
