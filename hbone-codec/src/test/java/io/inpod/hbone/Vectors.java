package io.inpod.hbone;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.util.Objects;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;

/** Reads the test vectors that accompany docs/hbone.md. */
public final class Vectors {
    private Vectors() { }

    /** Returns all vectors of one file. */
    public static Stream<JsonNode> of(String file) throws IOException {
        try (InputStream in = Objects.requireNonNull(Vectors.class.getResourceAsStream("/vectors/" + file), file)) {
            return StreamSupport.stream(new ObjectMapper().readTree(in).get("vectors").spliterator(), false);
        }
    }
}
