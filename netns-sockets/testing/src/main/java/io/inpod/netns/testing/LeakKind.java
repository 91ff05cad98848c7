package io.inpod.netns.testing;

/** The kinds of things that a {@link LeakCheck} finds. */
public enum LeakKind {
    /** A socket of this process. */
    SOCKET,
    /** Another descriptor of this process that isn't a file: a namespace, a pipe, an event queue, a memfd. */
    DESCRIPTOR,
    /** A thread of this process in another network namespace than that in which the work began. */
    THREAD,
    /** A child of this process, or of such a child, in another network namespace. */
    PROCESS,
    /** A network namespace with a name or another mount. */
    NAME
}
