package io.inpod.examples.nodeagent.kubernetes;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.http.HttpClient;
import io.fabric8.kubernetes.client.http.HttpRequest;
import io.fabric8.kubernetes.client.http.HttpResponse;
import io.fabric8.kubernetes.client.jdkhttp.JdkHttpClientFactory;
import io.inpod.examples.nodeagent.json.Json;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/** Requests to the API server, each made once and bounded in time. Times are measured by a clock that never jumps. Thread-safe. */
final class ApiServer implements AutoCloseable {
    private static final int LONGEST_MESSAGE = 16 * 1024;
    private static final int LONGEST_PAUSE_SECONDS = 120;

    private final ApiAccess access;
    private final ScheduledExecutorService timer;
    private final JdkHttpClientFactory factory = new JdkHttpClientFactory();
    private @Nullable HttpClient client;
    private String url = "";
    private boolean closed;

    /**
     * Creates a client that has connected to nothing yet.
     *
     * @param timer ends answers that take too long
     */
    ApiServer(ApiAccess access, ScheduledExecutorService timer) {
        this.access = access;
        this.timer = timer;
    }

    /** Reads the configuration now, so that a wrong one is noticed at the start. */
    void check() throws IOException {
        client();
    }

    /**
     * Begins to read something.
     *
     * @param path what, with its parameters
     * @param patience how long it may take until the answer begins
     * @param silence the longest pause within the answer
     * @return the answer's body, to be closed
     * @throws ApiException if it isn't answered with success
     */
    InputStream open(String path, Duration patience, Duration silence) throws IOException, InterruptedException {
        HttpClient http = client();
        return body("GET " + path, http.newHttpRequestBuilder().uri(url + path), http, patience, silence);
    }

    /**
     * Reads one object.
     *
     * @param path which
     * @param patience how long it may take until the answer begins, and the longest pause within it
     */
    JsonNode get(String path, Duration patience) throws IOException, InterruptedException {
        try (InputStream in = open(path, patience, patience)) {
            return Json.read(in);
        }
    }

    /**
     * Writes an object.
     *
     * @param method PATCH or POST
     * @param type the body's media type
     * @return what the server made of it
     */
    JsonNode send(String method, String path, String type, JsonNode body, Duration patience) throws IOException, InterruptedException {
        HttpClient http = client();
        HttpRequest.Builder request = http.newHttpRequestBuilder().uri(url + path).method(method, type, Json.write(body));
        try (InputStream in = body(method + " " + path, request, http, patience, patience)) {
            return Json.read(in);
        }
    }

    private InputStream body(String what, HttpRequest.Builder request, HttpClient http, Duration patience, Duration silence)
            throws IOException, InterruptedException {
        HttpResponse<InputStream> answer = answer(what, request.header("Accept", "application/json")
                .timeout(patience.toMillis(), TimeUnit.MILLISECONDS).build(), http, patience);
        InputStream in = new BoundedStream(answer.body(), silence, timer);
        if (answer.code() / 100 == 2) {
            return in;
        }
        try (in) {
            String text = message(in.readNBytes(LONGEST_MESSAGE));
            throw new ApiException(answer.code(), what + ": " + answer.code() + " " + text, retryAfter(answer.header("Retry-After")));
        }
    }

    private HttpResponse<InputStream> answer(String what, HttpRequest request, HttpClient http, Duration patience)
            throws IOException, InterruptedException {
        CompletableFuture<HttpResponse<InputStream>> answer = CompletableFuture.completedFuture(request)
                .thenCompose(one -> http.sendAsync(one, InputStream.class)); // also catches what is thrown before it is sent
        try {
            return answer.get(patience.toNanos(), TimeUnit.NANOSECONDS);
        } catch (TimeoutException e) {
            answer.cancel(true);
            throw new InterruptedIOException(what + ": no answer within " + patience.toMillis() + " ms");
        } catch (InterruptedException e) {
            answer.cancel(true);
            throw e;
        } catch (ExecutionException e) {
            Throwable cause = e;
            while (cause.getCause() != null && !(cause instanceof SSLException)) {
                cause = cause.getCause();
            }
            if (cause instanceof SSLException) {
                renew(http);
            }
            throw new IOException(what + ": " + (cause.getMessage() == null ? cause : cause.getMessage()), e);
        }
    }

    /** Explains an answer: with the message of the Status object if it is one. */
    private static String message(byte[] body) {
        try {
            String message = Json.read(new ByteArrayInputStream(body)).path("message").asText("");
            return message.isEmpty() ? "without a message" : message;
        } catch (JsonProcessingException e) {
            return "with an answer that isn't an API server's";
        } catch (IOException e) {
            return "with half an answer";
        }
    }

    private static Duration retryAfter(@Nullable String header) {
        if (header == null || !header.matches("\\d{1,9}")) {
            return Duration.ZERO;
        }
        return Duration.ofSeconds(Math.min(Integer.parseInt(header), LONGEST_PAUSE_SECONDS));
    }

    private synchronized HttpClient client() throws IOException {
        if (closed) {
            throw new IOException("the connection to the API server has been closed");
        }
        if (client == null) {
            Config config = access.read();
            String master = config.getMasterUrl();
            url = master.endsWith("/") ? master.substring(0, master.length() - 1) : master;
            try {
                client = factory.newBuilder(config).build();
            } catch (RuntimeException e) {
                throw new IOException("the certificates of the API server or of its client can't be used: " + e.getMessage(), e);
            }
        }
        return client;
    }

    /** Reads the authorities' certificates again before the next request: they may have been replaced. */
    @SuppressWarnings("ReferenceEquality") // another thread may have renewed it
    private synchronized void renew(HttpClient failed) {
        if (client == failed) {
            client = null;
            failed.close();
        }
    }

    @Override
    public synchronized void close() {
        closed = true;
        if (client != null) {
            client.close();
        }
    }
}
