package io.inpod.examples.ztunnel;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import io.inpod.netns.testing.Tool;
import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.StringWriter;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;

/** A real browser without a screen, remote controlled with WebDriver (W3C) and, through its driver, with Chromium's own commands. */
final class Browser implements AutoCloseable {
    private static final Pattern STARTED = Pattern.compile("started successfully on port (\\d+)");
    private static final String ALWAYS = """
            const look = () => { let so; try { so = condition(); } catch { so = false; } if (so) { watch.disconnect(); done(so); } };
            const watch = new MutationObserver(look);
            watch.observe(document, { subtree: true, childList: true, characterData: true, attributes: true });
            look();
            """;

    private final HttpClient http = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
    private final Process driver;
    private final String base;

    /** {@code profile} is a new directory. */
    Browser(Path profile) throws IOException {
        Tool.require("chromedriver");
        Tool.require("chromium");
        driver = new ProcessBuilder("chromedriver", "--port=0", "--log-level=WARNING").redirectErrorStream(true)
                .redirectInput(new File("/dev/null")).start();
        String port = port();
        base = "http://127.0.0.1:" + port + "/session";
        Map<?, ?> session = (Map<?, ?>) ask("POST", "", Map.of("capabilities", Map.of("alwaysMatch", Map.of("goog:chromeOptions",
                Map.of("args", List.of("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
                        "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
                        "--user-data-dir=" + profile))))));
        id = "/" + session.get("sessionId");
    }

    private String id = "";

    private String port() throws IOException {
        BufferedReader output = new BufferedReader(new InputStreamReader(driver.getInputStream(), StandardCharsets.UTF_8));
        StringBuilder said = new StringBuilder();
        for (String line = output.readLine(); line != null; line = output.readLine()) {
            Matcher started = STARTED.matcher(line);
            if (started.find()) {
                Thread rest = new Thread(() -> output.lines().forEach(ignored -> {}), "chromedriver output");
                rest.setDaemon(true);
                rest.start();
                return started.group(1);
            }
            said.append(line).append('\n');
        }
        throw new IOException("chromedriver doesn't start: " + said);
    }

    private Object ask(String method, String path, Object body) throws IOException {
        try {
            HttpResponse<String> response = http.send(HttpRequest.newBuilder(URI.create(base + id + path))
                    .method(method, HttpRequest.BodyPublishers.ofString(json(body))).build(), HttpResponse.BodyHandlers.ofString());
            Object value = load(response.body()).get("value");
            if (response.statusCode() != 200) {
                throw new IOException(path + ": " + ((Map<?, ?>) value).get("error") + ": " + ((Map<?, ?>) value).get("message"));
            }
            return value;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        }
    }

    /** JSON is YAML. */
    private static Map<?, ?> load(String json) {
        return (Map<?, ?>) new Load(LoadSettings.builder().setCodePointLimit(Integer.MAX_VALUE).build()).loadFromString(json);
    }

    private static String json(Object value) throws IOException {
        StringWriter text = new StringWriter();
        try (JsonGenerator json = new JsonFactory().createGenerator(text)) {
            write(json, value);
        }
        return text.toString();
    }

    private static void write(JsonGenerator json, Object value) throws IOException {
        if (value instanceof Map<?, ?> map) {
            json.writeStartObject();
            for (Map.Entry<?, ?> entry : map.entrySet()) {
                json.writeFieldName(entry.getKey().toString());
                write(json, entry.getValue());
            }
            json.writeEndObject();
        } else if (value instanceof Collection<?> list) {
            json.writeStartArray();
            for (Object one : list) {
                write(json, one);
            }
            json.writeEndArray();
        } else if (value instanceof Integer number) {
            json.writeNumber(number);
        } else if (value instanceof Boolean yes) {
            json.writeBoolean(yes);
        } else {
            json.writeString((String) value);
        }
    }

    void open(String url) throws IOException {
        ask("POST", "/url", Map.of("url", url));
    }

    /** Runs the body of a function in the page; if it returns a promise, waits for its value. */
    Object run(String script) throws IOException {
        return ask("POST", "/execute/sync", Map.of("script", script, "args", List.of()));
    }

    /** Waits for a change of the page that makes an expression true, and returns its value. */
    Object await(String expression) throws IOException {
        try {
            return run("return new Promise(done => { const condition = () => (" + expression + ");\n" + ALWAYS + "});");
        } catch (IOException e) {
            throw new AssertionError("not so: " + expression + "\n" + run("return document.body.innerText"), e);
        }
    }

    /** Presses a key; the codes of special ones are WebDriver's. */
    void press(String key) throws IOException {
        ask("POST", "/actions", Map.of("actions", List.of(Map.of("type", "key", "id", "keyboard", "actions",
                List.of(Map.of("type", "keyDown", "value", key), Map.of("type", "keyUp", "value", key))))));
    }

    /** Runs a command of the Chrome DevTools Protocol. */
    Map<?, ?> command(String name, Map<String, ?> parameters) throws IOException {
        return (Map<?, ?>) ask("POST", "/goog/cdp/execute", Map.of("cmd", name, "params", parameters));
    }

    void resize(int width) throws IOException {
        command("Emulation.setDeviceMetricsOverride", Map.of("width", width, "height", 900, "deviceScaleFactor", 1, "mobile", false));
    }

    void scheme(String scheme) throws IOException {
        command("Emulation.setEmulatedMedia", Map.of("features", List.of(Map.of("name", "prefers-color-scheme", "value", scheme))));
    }

    @Override
    public void close() throws IOException {
        List<ProcessHandle> all = driver.descendants().toList();
        try {
            if (!id.isEmpty()) {
                ask("DELETE", "", Map.of());
            }
        } finally {
            driver.destroyForcibly().onExit().join();
            all.forEach(ProcessHandle::destroyForcibly);
            all.forEach(process -> process.onExit().join());
        }
    }
}
