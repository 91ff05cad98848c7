package io.inpod.examples.nodeagent.health;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Answers {@code GET /healthz} and {@code GET /readyz} with 200 if all checks are passed, and otherwise with 503 and the problems. An agent
 * that doesn't live should be ended and started again; one that isn't ready only needs time.
 */
public final class HealthServer implements AutoCloseable {
    private static final String LONGEST_REQUEST = "sun.net.httpserver.maxReqTime";
    private static final int THREADS = 4;
    private final HttpServer server;
    private final ExecutorService threads;

    private HealthServer(HttpServer server, ExecutorService threads) {
        this.server = server;
        this.threads = threads;
    }

    /**
     * Begins to answer.
     *
     * @param address where; a loopback address suffices for a pod with the node's network, since the kubelet asks from the node
     * @param live what must hold for the agent to live
     * @param ready what must hold for it to enrol pods
     * @return the server, to be closed
     * @throws IOException if the address can't be used
     */
    public static HealthServer start(InetSocketAddress address, List<HealthCheck> live, List<HealthCheck> ready) throws IOException {
        if (System.getProperty(LONGEST_REQUEST) == null) {
            System.setProperty(LONGEST_REQUEST, "5"); // seconds: who sends no request must not keep a thread
        }
        HttpServer server;
        try {
            server = HttpServer.create(address, 0);
        } catch (IOException e) {
            throw new IOException("health can't be served at " + address + ": " + e.getMessage() + "; name another address with --health",
                    e);
        }
        AtomicInteger number = new AtomicInteger();
        ExecutorService threads = Executors.newFixedThreadPool(THREADS, task -> {
            Thread thread = new Thread(task, "nodeagent-health-" + number.incrementAndGet());
            thread.setDaemon(true);
            return thread;
        });
        server.setExecutor(threads);
        server.createContext("/healthz", exchange -> answer(exchange, "/healthz", List.copyOf(live)));
        server.createContext("/readyz", exchange -> answer(exchange, "/readyz", List.copyOf(ready)));
        server.start();
        return new HealthServer(server, threads);
    }

    /** {@return the address at which it answers} */
    public InetSocketAddress address() {
        return server.getAddress();
    }

    private static void answer(HttpExchange exchange, String path, List<HealthCheck> checks) throws IOException {
        try (exchange) {
            StringBuilder text = new StringBuilder();
            int status = exchange.getRequestURI().getPath().equals(path) ? 200 : 404;
            for (HealthCheck check : status == 200 ? checks : List.<HealthCheck>of()) {
                String problem = check.ask().orElse("");
                text.append(check.name()).append(": ").append(problem.isEmpty() ? "ok" : problem).append('\n');
                status = problem.isEmpty() ? status : 503;
            }
            byte[] body = text.toString().getBytes(StandardCharsets.UTF_8);
            exchange.getResponseHeaders().set("Content-Type", "text/plain; charset=utf-8");
            exchange.sendResponseHeaders(status, body.length == 0 ? -1 : body.length);
            try (OutputStream out = exchange.getResponseBody()) {
                out.write(body);
            }
        }
    }

    @Override
    public void close() {
        server.stop(0);
        threads.shutdownNow();
    }
}
