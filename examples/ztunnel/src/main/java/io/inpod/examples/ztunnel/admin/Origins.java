package io.inpod.examples.ztunnel.admin;

import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpRequest;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Keeps web pages of others out: a browser on the operator's machine that reaches the port, perhaps through a forwarded one, runs them too.
 */
final class Origins {
    private static final Set<String> NAMES = Set.of("localhost", "127.0.0.1", "[::1]");

    private Origins() {}

    /** Returns why a request is refused, or null if it isn't. */
    static @Nullable Answer refusal(HttpRequest request) {
        HttpHeaders headers = request.headers();
        List<String> hosts = headers.getAll(HttpHeaderNames.HOST);
        if (hosts.size() != 1) {
            return Answer.text(400, "one Host header is needed\n");
        }
        String host = hosts.get(0).toLowerCase(Locale.ROOT);
        if (!NAMES.contains(host.replaceFirst(":\\d{1,5}$", ""))) { // otherwise a name that leads here would make its pages ours
            return Answer.text(421, "the Host header must be localhost, 127.0.0.1 or [::1], with any port\n");
        }
        for (String origin : headers.getAll(HttpHeaderNames.ORIGIN)) {
            if (!origin.equalsIgnoreCase("http://" + host)) {
                return Answer.text(403, "refused: a page of another origin has asked\n");
            }
        }
        for (String site : headers.getAll("sec-fetch-site")) {
            boolean link = request.method().equals(HttpMethod.GET) && "navigate".equals(headers.get("sec-fetch-mode"));
            if (!site.equals("same-origin") && !site.equals("none") && !link) {
                return Answer.text(403, "refused: a page of another site has asked\n");
            }
        }
        return null;
    }
}
