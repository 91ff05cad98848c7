package io.inpod.examples.ztunnel.admin;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * What is behind a path of the admin port.
 *
 * @param get answers {@code GET} and {@code HEAD}, and changes nothing; null if there is nothing to read
 * @param post answers {@code POST}, after which something may be different; null if there is nothing to do. Pages of other origins can't
 * cause it
 */
public record Page(@Nullable Handler get, @Nullable Handler post) {
    /** Answers requests on the admin port's thread: others wait meanwhile, but no pod does. */
    public interface Handler {
        /**
         * Answers a request.
         *
         * @param request the request
         * @return the answer
         * @throws IOException if there is none; answered with 500 and the message
         */
        Answer answer(AdminRequest request) throws IOException;
    }

    /**
     * Returns a page that is only read.
     *
     * @param get answers
     * @return the page
     */
    public static Page read(Handler get) {
        return new Page(get, null);
    }

    /**
     * Returns a page that does something.
     *
     * @param post does it
     * @return the page
     */
    public static Page act(Handler post) {
        return new Page(null, post);
    }
}
