package io.inpod.examples.nodeagent.json;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParseException;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.MissingNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.InputStream;
import java.io.StringWriter;
import java.util.Map;

/**
 * Reads and writes JSON as trees. Jackson's mapper does the same, but takes 6 MB for as long as the agent runs, mostly for classes that
 * bind data to objects; so does {@link JsonNode#toString}. Thread-safe.
 */
public final class Json {
    private static final JsonFactory FACTORY = JsonFactory.builder().disable(JsonFactory.Feature.INTERN_FIELD_NAMES).build();
    private static final JsonFactory STRICT = JsonFactory.builder().enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION).build();
    private static final JsonNodeFactory NODES = JsonNodeFactory.instance;

    private Json() {}

    /**
     * {@return an empty object}
     */
    public static ObjectNode object() {
        return NODES.objectNode();
    }

    /**
     * Reads tokens one by one; {@link #value} reads a value as a whole.
     *
     * @param in what to read
     * @return a parser, to be closed
     * @throws IOException if the first bytes can't be read
     */
    public static JsonParser parser(InputStream in) throws IOException {
        return FACTORY.createParser(in);
    }

    /**
     * Reads the first value of a stream.
     *
     * @param in what to read; isn't closed if this fails
     * @return the value; a {@link MissingNode} if there is none
     * @throws IOException if it can't be read, or isn't JSON
     */
    public static JsonNode read(InputStream in) throws IOException {
        return first(FACTORY.createParser(in));
    }

    /**
     * Reads the first value of a text.
     *
     * @param text the text
     * @return the value; a {@link MissingNode} if there is none
     * @throws IOException if it isn't JSON
     */
    public static JsonNode read(String text) throws IOException {
        return first(FACTORY.createParser(text));
    }

    /**
     * Reads bytes that are one value, in whose objects no key is twice.
     *
     * @param bytes contains the value
     * @param offset where it begins
     * @param length how many bytes it has
     * @return the value; a {@link MissingNode} if there is none
     * @throws IOException if it isn't JSON, or more than one value
     */
    public static JsonNode readStrictly(byte[] bytes, int offset, int length) throws IOException {
        try (JsonParser parser = STRICT.createParser(bytes, offset, length)) {
            JsonNode value = parser.nextToken() == null ? MissingNode.getInstance() : value(parser);
            if (parser.nextToken() != null) {
                throw new JsonParseException(parser, "something follows the value");
            }
            return value;
        }
    }

    private static JsonNode first(JsonParser opened) throws IOException {
        try (JsonParser parser = opened) {
            return parser.nextToken() == null ? MissingNode.getInstance() : value(parser);
        }
    }

    /**
     * Reads the value whose first token is the parser's current one, up to its last token.
     *
     * @param parser where to read
     * @return the value
     * @throws IOException if it can't be read, ends early, or isn't JSON
     */
    public static JsonNode value(JsonParser parser) throws IOException {
        JsonToken token = parser.currentToken();
        if (token == null) {
            throw new JsonParseException(parser, "the end instead of a value");
        }
        return switch (token) {
            case START_OBJECT -> {
                ObjectNode object = NODES.objectNode();
                while (parser.nextToken() == JsonToken.FIELD_NAME) {
                    String name = parser.currentName();
                    parser.nextToken();
                    object.set(name, value(parser));
                }
                yield object;
            }
            case START_ARRAY -> {
                ArrayNode array = NODES.arrayNode();
                while (parser.nextToken() != JsonToken.END_ARRAY) {
                    array.add(value(parser));
                }
                yield array;
            }
            case VALUE_STRING -> NODES.textNode(parser.getText());
            case VALUE_NUMBER_INT -> switch (parser.getNumberType()) {
                case INT -> NODES.numberNode(parser.getIntValue());
                case LONG -> NODES.numberNode(parser.getLongValue());
                default -> NODES.numberNode(parser.getBigIntegerValue());
            };
            case VALUE_NUMBER_FLOAT -> NODES.numberNode(parser.getDoubleValue());
            case VALUE_TRUE, VALUE_FALSE -> NODES.booleanNode(token == JsonToken.VALUE_TRUE);
            case VALUE_NULL -> NODES.nullNode();
            default -> throw new JsonParseException(parser, token + " instead of a value");
        };
    }

    /**
     * Writes a value on one line.
     *
     * @param value a value
     * @return its text
     * @throws IOException if it is nested too deeply
     */
    public static String write(JsonNode value) throws IOException {
        StringWriter text = new StringWriter();
        try (JsonGenerator generator = FACTORY.createGenerator(text)) {
            write(value, generator);
        }
        return text.toString();
    }

    private static void write(JsonNode value, JsonGenerator to) throws IOException {
        switch (value.getNodeType()) {
            case OBJECT -> {
                to.writeStartObject();
                for (Map.Entry<String, JsonNode> entry : value.properties()) {
                    to.writeFieldName(entry.getKey());
                    write(entry.getValue(), to);
                }
                to.writeEndObject();
            }
            case ARRAY -> {
                to.writeStartArray();
                for (JsonNode element : value) {
                    write(element, to);
                }
                to.writeEndArray();
            }
            case STRING -> to.writeString(value.textValue());
            case NUMBER -> to.writeNumber(value.asText());
            case BOOLEAN -> to.writeBoolean(value.booleanValue());
            default -> to.writeNull();
        }
    }
}
