package io.inpod.examples.nodeagent.control;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.MapperFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.inpod.examples.nodeagent.pod.AgentException;
import io.inpod.netns.unix.UnixMessage;
import java.io.IOException;
import java.nio.ByteBuffer;

/** Control messages as packets. Parsing is strict, so that a mistyped key can't change what a command does. */
public final class ControlJson {
    /** More than any command needs. */
    public static final int MAX_REQUEST_BYTES = 8 * 1024;

    /** Fits into a socket's default buffer (net.core.wmem_default), and holds several hundred pods. */
    public static final int MAX_REPLY_BYTES = 128 * 1024;

    /** Is created for the first message, because it takes 6 MB, and an agent may never get one. */
    private static final class Mapper {
        private static final ObjectMapper STRICT = JsonMapper.builder()
                .enable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES, DeserializationFeature.FAIL_ON_TRAILING_TOKENS,
                        DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES)
                .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                .disable(MapperFeature.ALLOW_COERCION_OF_SCALARS)
                .build();
    }

    /**
     * Writes a message.
     *
     * @param message a request or an answer
     * @return the packet
     * @throws IOException if it can't be written
     */
    public ByteBuffer write(Object message) throws IOException {
        return ByteBuffer.wrap(Mapper.STRICT.writeValueAsBytes(message));
    }

    /**
     * Reads a message.
     *
     * @param packet the packet
     * @param type what it should be
     * @param <T> its type
     * @return the message
     * @throws IOException saying what is wrong with it
     */
    public <T> T read(UnixMessage packet, Class<T> type) throws IOException {
        ByteBuffer data = packet.data();
        byte[] bytes = new byte[data.remaining()];
        data.get(bytes);
        try {
            T message = Mapper.STRICT.readValue(bytes, type);
            if (message == null) {
                throw new AgentException("null is not a message");
            }
            return message;
        } catch (JsonProcessingException e) {
            throw new AgentException("not a valid message: " + e.getOriginalMessage(), e);
        }
    }
}
