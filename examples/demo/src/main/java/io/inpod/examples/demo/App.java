package io.inpod.examples.demo;

import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.Executors;
import java.util.concurrent.locks.LockSupport;

/**
 * The app in pod B, a separate process that isn't aware of the redirection: it answers each client with the address from which it connects.
 */
public final class App {
    private static final long PACE_NANOS = 200_000_000;

    private App() {}

    /**
     * Serves until killed.
     *
     * @param arguments the port, and the text to serve
     * @throws IOException if it can't listen
     */
    public static void main(String[] arguments) throws IOException {
        HttpServer server = HttpServer.create(new InetSocketAddress(Integer.parseInt(arguments[0])), 0);
        server.createContext("/", exchange -> {
            byte[] body = (arguments[1] + "\npeer: " + exchange.getRemoteAddress().getAddress().getHostAddress() + "\n")
                    .getBytes(StandardCharsets.UTF_8);
            exchange.sendResponseHeaders(200, body.length);
            try (OutputStream out = exchange.getResponseBody()) {
                out.write(body);
            }
        });
        server.createContext("/stream", exchange -> {
            exchange.sendResponseHeaders(200, 0);
            try (OutputStream out = exchange.getResponseBody()) {
                for (;;) {
                    out.write("still here\n".getBytes(StandardCharsets.UTF_8));
                    out.flush();
                    LockSupport.parkNanos(PACE_NANOS);
                }
            }
        });
        server.setExecutor(Executors.newCachedThreadPool());
        server.start();
        System.out.println("listening");
    }
}
