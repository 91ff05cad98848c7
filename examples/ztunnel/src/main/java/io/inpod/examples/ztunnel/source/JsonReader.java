package io.inpod.examples.ztunnel.source;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import io.inpod.examples.ztunnel.config.ConfigException;
import java.io.IOException;
import java.io.Reader;

/** Reads a document of JSON token by token. YAML contains JSON, but reading it as YAML takes ten times as long. */
final class JsonReader {
    private static final JsonFactory FACTORY = new JsonFactory();

    private JsonReader() {}

    /** Throws IOException if it isn't JSON; it may be YAML nevertheless. */
    static Located read(String source, Reader text, Entries entries) throws ConfigException, IOException {
        DocumentBuilder document = new DocumentBuilder(source, entries);
        int depth = 0;
        int line = 1;
        boolean ofKey = false; // errors name the line of the key
        try (JsonParser parser = FACTORY.createParser(text)) {
            for (JsonToken token = parser.nextToken(); token != null; token = parser.nextToken()) {
                if (token == JsonToken.END_OBJECT || token == JsonToken.END_ARRAY) {
                    document.end();
                    depth--;
                    continue;
                }
                line = ofKey ? line : parser.currentTokenLocation().getLineNr();
                ofKey = token == JsonToken.FIELD_NAME;
                if (depth == 0) {
                    document.startDocument(line);
                }
                switch (token) {
                    case START_OBJECT, START_ARRAY -> {
                        document.begin(line, token == JsonToken.START_OBJECT, null, null);
                        depth++;
                    }
                    case FIELD_NAME -> document.key(line, parser.currentName());
                    case VALUE_STRING -> document.scalar(line, parser.getText(), null);
                    case VALUE_NUMBER_INT, VALUE_NUMBER_FLOAT -> document.scalar(line, parser.getNumberValue(), null);
                    case VALUE_TRUE -> document.scalar(line, true, null);
                    case VALUE_FALSE -> document.scalar(line, false, null);
                    default -> document.scalar(line, null, null);
                }
            }
        }
        return document.document();
    }
}
