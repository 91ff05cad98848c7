package io.inpod.examples.ztunnel.admin;

import io.netty.buffer.ByteBuf;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.text.ParseException;
import java.time.Duration;
import jdk.jfr.Configuration;
import jdk.jfr.Recording;
import jdk.jfr.RecordingState;
import org.jspecify.annotations.Nullable;

/** One recording of Flight Recorder at a time, of bounded time and size. On the admin port's thread. */
final class RecordingPage {
    private static final int DEFAULT_SECONDS = 30;
    private static final int MOST_SECONDS = 300;
    private static final long MOST_BYTES = 64 << 20;
    private static final int PIECE = 16 << 10;

    private @Nullable Recording recording;

    /** Starts one, and forgets the one before. */
    Answer start(AdminRequest request) throws IOException {
        String text = request.parameter("seconds");
        int seconds = text == null ? DEFAULT_SECONDS : seconds(text);
        if (recording != null && recording.getState() == RecordingState.RUNNING) {
            return Answer.text(409, "a recording is running; GET waits for nobody, so ask again later\n");
        }
        if (recording != null) {
            recording.close();
        }
        try {
            Recording next = new Recording(Configuration.getConfiguration("profile"));
            next.setDuration(Duration.ofSeconds(seconds));
            next.setMaxSize(MOST_BYTES);
            next.start();
            recording = next;
        } catch (ParseException e) {
            throw new IOException("this JVM has no settings for Flight Recorder: " + e.getMessage(), e);
        }
        return Answer.text(202, "recording for " + seconds + " s; then GET /debug/recording\n");
    }

    private static int seconds(String text) {
        if (!text.matches("\\d{1,3}") || Integer.parseInt(text) < 1 || Integer.parseInt(text) > MOST_SECONDS) {
            throw new IllegalArgumentException("seconds must be a number from 1 to " + MOST_SECONDS + ", not \"" + text + "\"");
        }
        return Integer.parseInt(text);
    }

    /** Returns the last one as a file. */
    Answer result() throws IOException {
        Recording last = recording;
        if (last == null) {
            return Answer.text(404, "no recording; POST /debug/recording?seconds=30 starts one\n");
        }
        if (last.getState() == RecordingState.RUNNING) {
            return Answer.text(409, "the recording is still running\n");
        }
        Path file = Files.createTempFile("ztunnel", ".jfr");
        try {
            last.dump(file);
            return new Answer.Streamed("application/octet-stream", new FilePieces(Files.newInputStream(file)));
        } finally {
            Files.delete(file); // what is open stays readable
        }
    }

    private record FilePieces(InputStream file) implements Answer.Pieces {
        @Override
        public boolean next(ByteBuf piece) throws IOException {
            return piece.writeBytes(file, PIECE) >= 0;
        }

        @Override
        public void close() throws IOException {
            file.close();
        }
    }
}
