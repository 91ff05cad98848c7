package io.inpod.hbone;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.util.Objects;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;

/** The test vectors that come with docs/hbone.md. */
public final class Vectors {
    private Vectors() { }

    /** All of one file. */
    public static Stream<JsonNode> of(String file) throws IOException {
        try (InputStream in = Objects.requireNonNull(Vectors.class.getResourceAsStream("/vectors/" + file), file)) {
            return StreamSupport.stream(new ObjectMapper().readTree(in).get("vectors").spliterator(), false);
        }
    }
}
