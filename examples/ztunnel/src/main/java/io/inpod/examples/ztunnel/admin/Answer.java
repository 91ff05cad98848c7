package io.inpod.examples.ztunnel.admin;

import io.netty.buffer.ByteBuf;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.function.Consumer;

/** What the admin port answers. */
public sealed interface Answer {
    /** The type of plain text. */
    String TEXT = "text/plain; charset=utf-8";
    /** The type of JSON. */
    String JSON = "application/json";
    /** The type of a page for browsers. */
    String HTML = "text/html; charset=utf-8";

    /**
     * An answer that is there as a whole.
     *
     * @param status the status code
     * @param contentType what the body is
     * @param body the body
     */
    @SuppressWarnings("ArrayRecordComponent") // nobody compares answers
    record Whole(int status, String contentType, byte[] body) implements Answer {}

    /**
     * An answer that is made while it is sent, as fast as the client reads.
     *
     * @param contentType what the body is
     * @param pieces makes it
     */
    record Streamed(String contentType, Pieces pieces) implements Answer {}

    /**
     * An answer without end: server-sent events (WHATWG HTML, section 9.2).
     *
     * @param opened is given the stream, on the admin port's thread
     */
    record Events(Consumer<EventStream> opened) implements Answer {}

    /** Makes an answer piece by piece, on the admin port's thread. */
    interface Pieces extends AutoCloseable {
        /**
         * Writes the next piece, of some 10 KiB.
         *
         * @param piece where to
         * @return whether there may be more
         * @throws IOException if the rest can't be made; the client sees that the answer is incomplete
         */
        boolean next(ByteBuf piece) throws IOException;

        /** The answer is complete, or the client is gone. */
        @Override
        default void close() throws IOException {}
    }

    /**
     * Returns a short text.
     *
     * @param status the status code
     * @param text the text
     * @return the answer
     */
    static Answer text(int status, String text) {
        return of(status, TEXT, text);
    }

    /**
     * Returns an answer.
     *
     * @param status the status code
     * @param contentType what the body is
     * @param body the body
     * @return the answer
     */
    static Answer of(int status, String contentType, String body) {
        return new Whole(status, contentType, body.getBytes(StandardCharsets.UTF_8));
    }
}
