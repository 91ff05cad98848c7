package io.inpod.examples.ztunnel.dashboard;

import io.inpod.examples.ztunnel.admin.Answer;
import io.inpod.examples.ztunnel.admin.Page;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ScheduledExecutorService;

/** The page at {@code /}, with what it loads. */
public final class Dashboard {
    private static final String HERE = "/dashboard/";
    private static final String OTHERS = "<!-- other pages -->";
    private static final int LONGEST_SEARCH = 200;

    private Dashboard() {}

    /**
     * Returns the page, and what it asks for.
     *
     * @param sources what it shows
     * @param thread the admin port's thread
     * @param others other pages, which it lists
     * @return pages by path
     */
    public static Map<String, Page> pages(Sources sources, ScheduledExecutorService thread, Map<String, Page> others) {
        Snapshots snapshots = new Snapshots(sources, System::nanoTime);
        Viewers viewers = new Viewers(snapshots, thread);
        String html = new String(resource("index.html"), StandardCharsets.UTF_8).replace(OTHERS, list(others));
        return Map.of(
                "/", file(Answer.HTML, html.getBytes(StandardCharsets.UTF_8)),
                HERE + "style.css", file("text/css; charset=utf-8", resource("style.css")),
                HERE + "page.js", file("text/javascript; charset=utf-8", resource("page.js")),
                HERE + "icon.svg", file("image/svg+xml", resource("icon.svg")),
                HERE + "events", Page.read(request -> new Answer.Events(viewers::add)),
                HERE + "connections", Page.read(request -> {
                    String text = request.parameter("q");
                    if (text == null || text.length() > LONGEST_SEARCH) {
                        return Answer.text(400, "q must be a text of at most " + LONGEST_SEARCH + " characters\n");
                    }
                    return Answer.of(200, Answer.JSON, snapshots.current().search(text));
                }));
    }

    private static Page file(String type, byte[] content) {
        Answer answer = new Answer.Whole(200, type, content);
        return Page.read(request -> answer);
    }

    private static String list(Map<String, Page> pages) {
        StringBuilder html = new StringBuilder();
        new TreeMap<>(pages).forEach((path, page) -> html.append("<li>")
                .append(page.get() == null ? "<code>POST " + path + "</code>" : "<a href=\"" + path + "\">" + path + "</a>")
                .append("</li>\n"));
        return html.toString();
    }

    private static byte[] resource(String name) {
        try (InputStream in = Dashboard.class.getResourceAsStream(name)) {
            if (in == null) {
                throw new IllegalStateException("the program is incomplete: it lacks " + name);
            }
            return in.readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException("reading " + name, e);
        }
    }
}
