package io.inpod.netns;

import java.io.IOException;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URLConnection;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A body whose result is checked: what it has left to be done later is done in the namespace, or reported. */
final class CheckedBody {
    static {
        // No class may be loaded, and the JDK's cleaner thread may not be started, inside a foreign namespace.
        try (Socket client = new Socket(); ServerSocket server = new ServerSocket()) {
            makeDescriptor(client);
            makeDescriptor(server);
        } catch (IOException e) {
            // Too many files open: the classes are loaded nevertheless, and the next call reports it.
        }
    }

    private CheckedBody() {}

    static <T extends @Nullable Object, X extends Throwable> T call(NetworkNamespace namespace, NamespaceBody<T, X> body)
            throws IOException, X {
        Visit visit = Visit.ofCallingThread();
        long threads = StrayThreads.started();
        long begin = System.nanoTime();
        T result;
        visit.begin();
        try {
            result = Bracket.call(namespace, body);
        } catch (Throwable e) {
            String problem = StrayThreads.started() == threads ? null : strays(namespace, begin);
            if (problem != null) {
                e.addSuppressed(new IllegalStateException(problem));
            }
            throw e;
        } finally {
            visit.end();
        }
        String problem = result instanceof URLConnection ? urlConnection(namespace)
                : StrayThreads.started() == threads ? null : strays(namespace, begin);
        if (problem != null) {
            throw refusal(problem, result);
        }
        return result;
    }

    /** Called in the namespace: the JDK makes the descriptor of an unbound socket with the first option that is read or set. */
    static void makeDescriptor(@Nullable Object made) throws IOException {
        if (made instanceof Socket socket && !socket.isBound() && !socket.isClosed()) {
            socket.getReuseAddress();
        } else if (made instanceof ServerSocket socket && !socket.isBound() && !socket.isClosed()) {
            socket.getReuseAddress();
        }
    }

    private static String urlConnection(NetworkNamespace namespace) {
        return "a URLConnection has no place in " + namespace
                + ": it connects later, wherever it is used, or takes a connection that the JVM"
                + " has kept, to the same address in any namespace; use an HTTP client that accepts JdkSockets.client(namespace)";
    }

    private static @Nullable String strays(NetworkNamespace namespace, long begin) {
        List<String> strays;
        try {
            strays = StrayThreads.since(begin, namespace.identity());
        } catch (IOException e) {
            return null; // too many files open: the body's result matters more
        }
        return strays.isEmpty() ? null : "threads were started in " + namespace + ", where they stay until they end: "
                + String.join(", ", strays) + "; start threads, executors, event loops and the first process outside. Threads that a client"
                + " library needs in the namespace come from NamespaceThreads";
    }

    private static IllegalStateException refusal(String problem, @Nullable Object result) {
        IllegalStateException refusal = new IllegalStateException(problem);
        if (result instanceof AutoCloseable resource) {
            try {
                resource.close();
            } catch (Exception e) {
                refusal.addSuppressed(e);
            }
        }
        return refusal;
    }
}
