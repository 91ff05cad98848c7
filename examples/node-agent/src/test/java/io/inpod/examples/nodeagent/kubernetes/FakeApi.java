package io.inpod.examples.nodeagent.kubernetes;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.inpod.examples.nodeagent.json.Json;
import java.io.BufferedInputStream;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * A small API server that speaks the real one's bytes over HTTP/1.1: lists, watches and gets of pods and namespaces, patches of a pod's
 * status, events. Whatever a test wants to go wrong is a {@link Fault}.
 */
final class FakeApi implements AutoCloseable {
    /** What happens to the next request that fits, instead of an answer. */
    record Fault(Predicate<String> request, Action action) {}

    interface Action {
        void run(String request, Socket socket) throws IOException, InterruptedException;
    }

    private final Map<String, ObjectNode> objects = new TreeMap<>();
    private final List<ObjectNode> history = new ArrayList<>();
    private final Queue<Fault> faults = new ConcurrentLinkedQueue<>();
    private final Set<Socket> sockets = Collections.synchronizedSet(new HashSet<>());
    private final List<String> requests = Collections.synchronizedList(new ArrayList<>());
    private final List<JsonNode> events = Collections.synchronizedList(new ArrayList<>());
    private ServerSocket server;
    private Thread acceptor;
    private long version = 100;
    private long oldest = 100;

    FakeApi() throws IOException {
        server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        acceptor = accept(server);
    }

    private Thread accept(ServerSocket listener) {
        Thread thread = new Thread(() -> {
            try {
                while (true) {
                    Socket socket = listener.accept();
                    sockets.add(socket);
                    Thread one = new Thread(() -> serve(socket), "fake-api");
                    one.setDaemon(true);
                    one.start();
                }
            } catch (IOException e) { // closed
                assert listener.isClosed();
            }
        }, "fake-api-accept");
        thread.setDaemon(true);
        thread.start();
        return thread;
    }

    int port() {
        return server.getLocalPort();
    }

    List<String> requests() {
        synchronized (requests) {
            return List.copyOf(requests);
        }
    }

    List<JsonNode> events() {
        synchronized (events) {
            return List.copyOf(events);
        }
    }

    /** The next request whose text contains this meets this. */
    void fault(String request, Action action) {
        faults.add(new Fault(text -> text.contains(request), action));
    }

    /** The server is gone: no port, no connection. */
    void stop() throws IOException {
        server.close();
        try {
            acceptor.join(); // it holds the port as long as it runs
        } catch (InterruptedException e) {
            throw new java.io.InterruptedIOException();
        }
        breakOff();
    }

    void restart() throws IOException {
        server = new ServerSocket(port(), 50, InetAddress.getLoopbackAddress());
        acceptor = accept(server);
    }

    /** All connections break off, in the middle of whatever they carry. */
    void breakOff() throws IOException {
        synchronized (sockets) {
            for (Socket socket : sockets) {
                socket.close();
            }
            sockets.clear();
        }
    }

    /** What was written before can't be watched any more. */
    synchronized void compact() {
        oldest = version;
    }

    /** As after a restart from a backup: the same objects, older versions. */
    synchronized void setBack(long to) {
        version = to;
        oldest = to;
        history.clear();
        objects.values().forEach(object -> ((ObjectNode) object.path("metadata")).put("resourceVersion", "" + (to - 1)));
    }

    synchronized void put(ObjectNode object) {
        String path = path(object);
        ((ObjectNode) object.path("metadata")).put("resourceVersion", "" + ++version);
        happened(objects.put(path, object) == null ? "ADDED" : "MODIFIED", object);
    }

    synchronized void delete(String path) {
        ObjectNode object = objects.remove(path).deepCopy();
        ((ObjectNode) object.path("metadata")).put("resourceVersion", "" + ++version);
        happened("DELETED", object);
    }

    synchronized void bookmark(String kind) {
        ObjectNode object = Json.object().put("kind", kind);
        object.putObject("metadata").put("resourceVersion", "" + ++version);
        happened("BOOKMARK", object);
    }

    synchronized @Nullable JsonNode get(String path) {
        ObjectNode object = objects.get(path);
        return object == null ? null : object.deepCopy();
    }

    private void happened(String type, ObjectNode object) {
        ObjectNode event = Json.object().put("type", type);
        event.set("object", object.deepCopy());
        history.add(event);
        notifyAll();
    }

    private static String path(JsonNode object) {
        JsonNode metadata = object.path("metadata");
        return object.path("kind").asText().equals("Namespace") ? "/api/v1/namespaces/" + metadata.path("name").asText()
                : "/api/v1/namespaces/" + metadata.path("namespace").asText() + "/pods/" + metadata.path("name").asText();
    }

    private void serve(Socket socket) {
        try (socket) {
            InputStream in = new BufferedInputStream(socket.getInputStream());
            while (true) {
                String line = line(in);
                if (line.isEmpty()) {
                    return;
                }
                int length = 0;
                for (String header = line(in); !header.isEmpty(); header = line(in)) {
                    if (header.regionMatches(true, 0, "content-length:", 0, 15)) {
                        length = Integer.parseInt(header.substring(15).strip());
                    }
                }
                String request = line.replace(" HTTP/1.1", "");
                JsonNode body = length == 0 ? Json.object() : Json.read(new ByteArrayInputStream(in.readNBytes(length)));
                requests.add(request);
                Fault fault = faults.stream().filter(one -> one.request().test(request)).findFirst().orElse(null);
                if (fault != null && faults.remove(fault)) {
                    fault.action().run(request, socket);
                } else {
                    answer(request.split(" ")[0], request.split(" ")[1], body, socket.getOutputStream());
                }
            }
        } catch (IOException e) { // the client has gone, or the test broke it off
            sockets.remove(socket);
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    private static String line(InputStream in) throws IOException {
        StringBuilder line = new StringBuilder();
        for (int c = in.read(); c >= 0 && c != '\n'; c = in.read()) {
            line.append((char) c);
        }
        return line.toString().strip();
    }

    private void answer(String method, String target, JsonNode body, OutputStream out) throws IOException, InterruptedException {
        String path = target.split("\\?")[0];
        if (target.contains("watch=true")) {
            watch(path, Long.parseLong(target.replaceAll(".*resourceVersion=(\\d+).*", "$1")), out);
        } else if (path.equals("/api/v1/pods") || path.equals("/api/v1/namespaces")) {
            send(out, 200, "", list(path));
        } else if (method.equals("POST")) {
            events.add(body);
            send(out, 201, "", body.toString());
        } else {
            one(method, path.replaceAll("/status$", ""), body, out);
        }
    }

    private synchronized void one(String method, String path, JsonNode body, OutputStream out) throws IOException {
        ObjectNode object = objects.get(path);
        if (object == null) {
            send(out, 404, "", status(404, "not found"));
            return;
        }
        if (method.equals("PATCH")) {
            if (!body.path("metadata").path("uid").equals(object.path("metadata").path("uid"))) {
                send(out, 409, "", status(409, "Precondition failed: UID in precondition"));
                return;
            }
            ObjectNode annotations = ((ObjectNode) object.path("metadata")).withObjectProperty("annotations");
            body.path("metadata").path("annotations").properties().forEach(entry -> {
                if (entry.getValue().isNull()) {
                    annotations.remove(entry.getKey());
                } else {
                    annotations.set(entry.getKey(), entry.getValue());
                }
            });
            put(object);
        }
        send(out, 200, "", object.toString());
    }

    synchronized String list(String path) {
        String kind = path.endsWith("pods") ? "Pod" : "Namespace";
        ObjectNode list = Json.object().put("kind", kind + "List");
        list.putObject("metadata").put("resourceVersion", "" + version);
        var items = list.putArray("items");
        objects.values().stream().filter(object -> object.path("kind").asText().equals(kind)).forEach(items::add);
        return list.toString();
    }

    private void watch(String path, long from, OutputStream out) throws IOException, InterruptedException {
        begin(out);
        String kind = path.endsWith("pods") ? "Pod" : "Namespace";
        long seen = from;
        if (from < oldest) {
            chunk(out, "{\"type\":\"ERROR\",\"object\":" + status(410, "too old resource version") + "}\n");
            chunk(out, "");
            return;
        }
        while (true) {
            List<JsonNode> due = new ArrayList<>();
            synchronized (this) {
                for (ObjectNode event : history) {
                    long at = event.path("object").path("metadata").path("resourceVersion").asLong();
                    if (at > seen && event.path("object").path("kind").asText().equals(kind)) {
                        due.add(event);
                    }
                }
                if (due.isEmpty()) {
                    wait();
                }
            }
            for (JsonNode event : due) {
                chunk(out, event + "\n");
                seen = event.path("object").path("metadata").path("resourceVersion").asLong();
            }
        }
    }

    static String status(int code, String message) {
        return Json.object().put("kind", "Status").put("code", code).put("message", message).toString();
    }

    static void begin(OutputStream out) throws IOException {
        out.write("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
        out.flush();
    }

    static void chunk(OutputStream out, String text) throws IOException {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        out.write((Integer.toHexString(bytes.length) + "\r\n" + text + "\r\n").getBytes(StandardCharsets.UTF_8));
        out.flush();
    }

    static void send(OutputStream out, int status, String header, String body) throws IOException {
        byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
        out.write(("HTTP/1.1 " + status + " x\r\n" + header + "Content-Type: application/json\r\nContent-Length: " + bytes.length + "\r\n\r\n" + body)
                .getBytes(StandardCharsets.UTF_8));
        out.flush();
    }

    @Override
    public void close() throws IOException {
        stop();
    }
}
