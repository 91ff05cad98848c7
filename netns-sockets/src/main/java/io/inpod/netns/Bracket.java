package io.inpod.netns;

import io.inpod.netns.internal.Native;
import java.io.IOException;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Switches the calling thread, unless it is in the namespace already, and switches it back whatever happens in between. */
final class Bracket {
    private Bracket() {}

    static <T extends @Nullable Object, X extends Throwable> T call(NetworkNamespace namespace, NamespaceBody<T, X> body)
            throws IOException, X {
        ThreadNamespace thread = usable();
        SwitchTrace trace = SwitchTrace.begin();
        boolean failed = true;
        int number = namespace.acquire();
        try {
            if (thread.isIn(namespace.identity())) {
                trace = null; // nothing is switched
                return body.call();
            }
            int previous = thread.current();
            NamespaceIdentity from = thread.currentIdentity();
            thread.enter(number, namespace.identity(), namespace);
            T result;
            try {
                result = body.call();
                CheckedBody.makeDescriptor(result);
            } catch (Throwable e) {
                leave(thread, previous, from, namespace, e);
                throw e;
            }
            leave(thread, previous, from, namespace, null);
            failed = false;
            return result;
        } finally {
            namespace.fd().release();
            if (trace != null) {
                trace.end(namespace.identity(), failed);
            }
        }
    }

    /** Returns a descriptor of a new namespace. */
    @SuppressWarnings("Finally") // a thread that can't return outweighs whatever failed before
    static int openNew() throws IOException {
        ThreadNamespace thread = usable();
        int previous = thread.current();
        NamespaceIdentity from = thread.currentIdentity();
        thread.enterNew();
        int opened = -1;
        try {
            opened = ThreadNamespace.open();
        } finally {
            try {
                thread.leave(previous, from);
            } catch (IOException | Error e) {
                if (opened >= 0) {
                    Native.LIBC.close(opened);
                }
                throw new NamespaceLostError("a new network namespace", e);
            }
        }
        return opened;
    }

    private static ThreadNamespace usable() throws IOException {
        ThreadNamespace.needRoom();
        ThreadNamespace thread = ThreadNamespace.ofCallingThread();
        if (thread.isLost()) {
            throw new NamespaceLostError("an earlier switch", new IllegalStateException("it has been lost since then"));
        }
        return thread;
    }

    private static void leave(ThreadNamespace thread, int previous, NamespaceIdentity from, NetworkNamespace namespace,
            @Nullable Throwable fromBody) {
        try {
            thread.leave(previous, from);
        } catch (IOException | Error e) {
            NamespaceLostError lost = new NamespaceLostError(namespace.toString(), e);
            if (fromBody != null) {
                lost.addSuppressed(fromBody);
            }
            Consumer<NamespaceLostError> handler = namespace.lostHandler();
            if (handler != null) {
                try {
                    handler.accept(lost);
                } catch (RuntimeException | Error fromHandler) {
                    lost.addSuppressed(fromHandler);
                }
            }
            throw lost;
        }
    }
}
