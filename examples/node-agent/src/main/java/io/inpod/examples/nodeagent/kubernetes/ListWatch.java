package io.inpod.examples.nodeagent.kubernetes;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.databind.JsonNode;
import io.inpod.examples.nodeagent.json.Json;
import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Lists the objects of one kind, and watches them from the list on, until the thread is interrupted. Whatever goes wrong, it goes on: with
 * a watch from the last version if a connection broke, with a list if the server no longer has that version.
 *
 * <p>Lists are asked for without a resourceVersion, so that they are as new as any write: one from a cache that lags behind could lack a
 * pod that was just enrolled. The server is asked to end each watch soon. One that it doesn't end, although nothing comes, is dead. One
 * that ends as it should without an event is normal, but also what a watch from a version that doesn't exist looks like, for instance after
 * the cluster was set back to a backup; so after many of them the server is asked which version it has.
 *
 * @param <T> the kind
 */
final class ListWatch<T extends Versioned> implements Runnable {
    private static final Logger LOG = LoggerFactory.getLogger("nodeagent");
    private static final int SILENT_WATCHES = 10;
    private static final int BROKEN_WATCHES = 3;

    /**
     * How long things may take.
     *
     * @param watch how long a watch lasts if nothing goes wrong; at random up to a quarter longer
     * @param grace how much longer it may be silent
     * @param answer how long the server may take to begin an answer, and the longest pause within a list
     * @param firstPause the pause after a failure, which doubles
     * @param longestPause the longest
     */
    record Times(Duration watch, Duration grace, Duration answer, Duration firstPause, Duration longestPause) {
        static final Times DEFAULT = new Times(Duration.ofSeconds(30), Duration.ofSeconds(5), Duration.ofSeconds(15),
                Duration.ofMillis(200), Duration.ofSeconds(10));
    }

    /** Is told what the server says. */
    interface Sink<T> {
        void listed(Collection<T> all, long version);

        void changed(T one);

        void gone(T one);

        void seen(long version);
    }

    /** Reads an object. */
    interface Reader<T> {
        T read(JsonNode object) throws IOException;
    }

    private final ApiServer api;
    private final String path;
    private final String query;
    private final Reader<T> reader;
    private final Sink<T> sink;
    private final Times times;
    private final Pauses pauses;
    private int broken;
    private volatile boolean live;

    /**
     * Creates a watch that hasn't begun.
     *
     * @param path the collection's path
     * @param query restricts it; empty, or a query's parameters
     */
    ListWatch(ApiServer api, String path, String query, Reader<T> reader, Sink<T> sink, Times times) {
        this.api = api;
        this.path = path;
        this.query = query;
        this.reader = reader;
        this.sink = sink;
        this.times = times;
        this.pauses = new Pauses(times.firstPause(), times.longestPause());
    }

    /** {@return whether a watch is open, so that what is known is at most as old as it may be silent} */
    boolean live() {
        return live;
    }

    @Override
    public void run() {
        try {
            long version = 0;
            boolean listed = false;
            while (true) {
                try {
                    if (!listed) {
                        version = list();
                        listed = true;
                    }
                    follow(version);
                    listed = false;
                } catch (Interrupted e) {
                    version = e.version;
                    listed = pause(e.reason);
                } catch (IOException | RuntimeException e) {
                    pause(e);
                }
            }
        } catch (InterruptedException e) {
            live = false; // closed
        }
    }

    /** A watch has failed. */
    private static final class Interrupted extends Exception {
        private static final long serialVersionUID = 1;
        private final long version;
        private final Exception reason;

        Interrupted(long version, Exception reason) {
            super(reason);
            this.version = version;
            this.reason = reason;
        }
    }

    /** Returns whether the watch may go on from its version. */
    private boolean pause(Exception failure) throws InterruptedException {
        if (Thread.currentThread().isInterrupted()) {
            throw new InterruptedException();
        }
        boolean gone = failure instanceof ApiException answer && answer.status() == ApiException.GONE;
        if (!pauses.failed() && !gone) {
            LOG.warn("{}; what was known stays true until the API server answers again", words(failure));
        }
        Duration pause = pauses.next(failure);
        Thread.sleep(pause.toMillis());
        return !gone && ++broken < BROKEN_WATCHES; // perhaps it is this version from which nothing can be read
    }

    private String words(Exception failure) {
        return path + " can't be watched: " + (failure.getMessage() == null ? failure : failure.getMessage());
    }

    private void works() {
        if (pauses.failed()) {
            LOG.info("{} is watched again", path);
        }
        pauses.reset();
        broken = 0;
    }

    private long list() throws IOException, InterruptedException {
        try (InputStream in = api.open(path + (query.isEmpty() ? "" : "?" + query), times.answer(), times.answer());
                JsonParser parser = Json.parser(in)) {
            List<T> all = new ArrayList<>();
            long version = -1;
            expect(parser.nextToken(), JsonToken.START_OBJECT);
            while (parser.nextToken() == JsonToken.FIELD_NAME) {
                String name = parser.currentName();
                JsonToken value = parser.nextToken();
                if (name.equals("metadata")) {
                    version = Versioned.versionOf(Json.object().set("metadata", Json.value(parser)));
                } else if (name.equals("items") && value == JsonToken.START_ARRAY) {
                    while (parser.nextToken() == JsonToken.START_OBJECT) {
                        all.add(reader.read(Json.value(parser)));
                    }
                    expect(parser.currentToken(), JsonToken.END_ARRAY);
                } else {
                    parser.skipChildren();
                }
            }
            expect(parser.currentToken(), JsonToken.END_OBJECT);
            if (version < 0) {
                throw new IOException("the list " + path + " has no resourceVersion");
            }
            sink.listed(all, version);
            return version;
        }
    }

    private void expect(JsonToken found, JsonToken expected) throws IOException {
        if (found != expected) {
            throw new IOException("half a list, or none, of " + path + ": " + found + " instead of " + expected);
        }
    }

    /** Watches until the server turns out to have an older version than the one from which it is watched. */
    private void follow(long from) throws Interrupted, InterruptedException {
        long version = from;
        int silent = 0;
        while (silent < SILENT_WATCHES || isKnown(version)) {
            silent = silent < SILENT_WATCHES ? silent : 0;
            Duration length = times.watch().multipliedBy(ThreadLocalRandom.current().nextInt(100, 126)).dividedBy(100);
            Watch watch = new Watch(version);
            long began = System.nanoTime();
            try {
                watch.run(length);
            } catch (IOException | RuntimeException e) {
                throw new Interrupted(watch.version, e);
            } finally {
                live = false;
            }
            version = watch.version;
            silent = watch.heard ? 0 : silent + 1;
            if (!watch.heard && System.nanoTime() - began < length.toNanos() / 2) {
                throw new Interrupted(version, new IOException("the API server ends the watch of " + path + " at once"));
            }
            works();
        }
        LOG.warn("{} had version {}, of which the API server knows nothing; it is listed again", path, version);
    }

    /** Asks the server's cache, which is cheap, whether it has come as far as a version. */
    private boolean isKnown(long version) throws Interrupted, InterruptedException {
        try {
            String url = path + "?" + (query.isEmpty() ? "" : query + "&") + "resourceVersion=0";
            return Versioned.versionOf(api.get(url, times.answer())) >= version;
        } catch (IOException e) {
            throw new Interrupted(version, e);
        }
    }

    /** One watch. */
    private final class Watch {
        private long version;
        private boolean heard;

        Watch(long version) {
            this.version = version;
        }

        void run(Duration length) throws IOException, InterruptedException {
            String url =
                    path + "?" + (query.isEmpty() ? "" : query + "&") + "watch=true&allowWatchBookmarks=true&resourceVersion=" + version
                            + "&timeoutSeconds=" + Math.max(1, length.toSeconds());
            try (InputStream in = api.open(url, times.answer(), length.plus(times.grace()))) {
                live = true;
                read(in);
            }
        }

        /** Creating the parser already waits for the first event. */
        private void read(InputStream in) throws IOException {
            try (JsonParser parser = Json.parser(in)) {
                while (parser.nextToken() != null) {
                    take(Json.value(parser));
                }
            }
        }

        private void take(JsonNode event) throws IOException {
            JsonNode object = event.path("object");
            String type = event.path("type").asText("");
            if (type.equals("ERROR")) {
                throw new ApiException(object.path("code").asInt(500), "watch " + path + ": " + object.path("message").asText(""),
                        Duration.ofSeconds(object.path("details").path("retryAfterSeconds").asInt(0)));
            }
            long at = Versioned.versionOf(object);
            switch (type) {
                case "ADDED", "MODIFIED" -> sink.changed(reader.read(object));
                case "DELETED" -> sink.gone(reader.read(object));
                case "BOOKMARK" -> sink.seen(at);
                default ->
                    throw new ApiException(ApiException.GONE, "watch " + path + ": an event of the type '" + type + "'", Duration.ZERO);
            }
            version = at;
            heard = true;
            works();
        }
    }
}
