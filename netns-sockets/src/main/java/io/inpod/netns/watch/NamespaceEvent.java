package io.inpod.netns.watch;

/** A change of the network namespaces of a machine, as reported by {@link NamespaceWatch}. */
public sealed interface NamespaceEvent {
    /**
     * There is a namespace that wasn't there before.
     *
     * @param namespace the namespace
     */
    record Appeared(FoundNamespace namespace) implements NamespaceEvent {}

    /**
     * A namespace has neither a name nor a process any more. Who still has it open should close it: nothing else keeps it alive.
     *
     * @param namespace the namespace as it was when it was last seen
     */
    record Gone(FoundNamespace namespace) implements NamespaceEvent {}
}
