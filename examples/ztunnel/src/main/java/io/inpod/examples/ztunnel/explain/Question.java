package io.inpod.examples.ztunnel.explain;

import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What somebody wants to know.
 *
 * @param from the client, as people name it; "" if only a change is asked about
 * @param host the host to which it connects
 * @param port the port
 * @param change the file of a mesh that would replace the one that counts, or null
 */
record Question(String from, String host, int port, @Nullable Path change) {
    private static final int WORDS = 4;

    /** {@return the form in which it is sent, a line for each value} */
    String text() {
        return String.join("\n", from, host, Integer.toString(port), change == null ? "" : change.toString());
    }

    /**
     * Reads the form in which it is sent.
     *
     * @throws IllegalArgumentException if it has another form
     */
    static Question parse(String text) {
        List<String> words = List.of(text.split("\n", -1));
        if (words.size() != WORDS) {
            throw new IllegalArgumentException("not a question");
        }
        return new Question(words.get(0), words.get(1), Integer.parseInt(words.get(2)),
                words.get(3).isEmpty() ? null : Path.of(words.get(3)));
    }
}
