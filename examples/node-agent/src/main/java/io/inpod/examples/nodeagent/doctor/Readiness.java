package io.inpod.examples.nodeagent.doctor;

import io.inpod.netns.NetworkNamespace;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Set;

/** What a ztunnel says of itself on its port for readiness, in its own namespace. */
final class Readiness {
    private static final int PORT = 15021;
    private static final int MOST_BYTES = 4096;
    private static final int PATIENCE_MILLIS = 2_000;
    private static final String REQUEST = "GET /healthz/ready HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

    private Readiness() {}

    /** Returns what the ztunnel lacks; empty if it is ready, or doesn't tell. */
    static String missing(Set<Long> ztunnels) {
        for (long pid : ztunnels) {
            try (NetworkNamespace own = NetworkNamespace.ofProcess(pid)) {
                List<Listener> listeners = Listener.all(own).stream().filter(listener -> listener.port() == PORT).toList();
                if (listeners.stream().anyMatch(listener -> listener.isHeldBy(Set.of(pid)))) {
                    String answer = answer(own);
                    if (answer.startsWith("HTTP/1.1 5")) {
                        int body = answer.indexOf("\r\n\r\n");
                        return body < 0 ? answer.lines().findFirst().orElse("")
                                : answer.substring(body).strip().replaceAll("\\s*\n\\s*", "; ");
                    }
                }
            } catch (IOException e) {
                return ""; // it has ended, or its namespace may not be entered: other checks show what that means for the pod
            }
        }
        return "";
    }

    private static String answer(NetworkNamespace own) throws IOException {
        try (Attempt attempt = Attempt.of(own, new InetSocketAddress(InetAddress.getLoopbackAddress(), PORT))) {
            if (attempt.outcome() != Attempt.Outcome.ACCEPTED) {
                return "";
            }
            Socket socket = attempt.channel().socket();
            socket.setSoTimeout(PATIENCE_MILLIS);
            socket.getOutputStream().write(REQUEST.getBytes(StandardCharsets.US_ASCII));
            return new String(socket.getInputStream().readNBytes(MOST_BYTES), StandardCharsets.UTF_8);
        }
    }
}
