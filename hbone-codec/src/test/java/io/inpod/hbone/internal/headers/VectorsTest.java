package io.inpod.hbone.internal.headers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import io.inpod.hbone.Authority;
import io.inpod.hbone.Vectors;
import io.inpod.hbone.identity.SpiffeId;
import io.netty.buffer.Unpooled;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The test vectors for header lists and names, in a form that any implementation could run. */
class VectorsTest {
    static Stream<JsonNode> requests() throws IOException {
        return Vectors.of("requests.json");
    }

    static Stream<JsonNode> responses() throws IOException {
        return Vectors.of("responses.json");
    }

    static Stream<JsonNode> authorities() throws IOException {
        return Vectors.of("authorities.json");
    }

    static Stream<JsonNode> identities() throws IOException {
        return Vectors.of("identities.json");
    }

    @ParameterizedTest
    @MethodSource("requests")
    void request(JsonNode vector) throws StreamError {
        List<HeaderCodec.Field> fields = fields(vector);
        if (vector.get("result").asText().equals("malformed")) {
            assertThatThrownBy(() -> RequestRules.check(fields)).isInstanceOf(StreamError.class);
            return;
        }
        Authority authority = RequestRules.check(fields).authority();
        assertThat(authority).isEqualTo(vector.has("authority")
                ? new Authority(vector.at("/authority/0").asText(), vector.at("/authority/1").asInt()) : null);
    }

    @ParameterizedTest
    @MethodSource("responses")
    void response(JsonNode vector) throws StreamError {
        List<HeaderCodec.Field> fields = fields(vector);
        if (vector.get("result").asText().equals("malformed")) {
            assertThatThrownBy(() -> ResponseRules.check(fields)).isInstanceOf(StreamError.class);
            return;
        }
        int status = ResponseRules.check(fields).status();
        assertThat(status < 200 ? "interim" : status == 200 ? "tunnel" : "refused").isEqualTo(vector.get("result").asText());
    }

    @ParameterizedTest
    @MethodSource("authorities")
    void authority(JsonNode vector) {
        String text = vector.get("text").asText();
        if (vector.has("host")) {
            assertThat(Authority.parse(text)).isEqualTo(new Authority(vector.get("host").asText(), vector.get("port").asInt())).hasToString(text);
        } else {
            assertThatThrownBy(() -> Authority.parse(text)).isInstanceOf(IllegalArgumentException.class);
        }
    }

    @ParameterizedTest
    @MethodSource("identities")
    void identity(JsonNode vector) {
        String uri = vector.get("uri").asText();
        if (vector.has("parts")) {
            assertThat(SpiffeId.parse(uri)).isEqualTo(new SpiffeId(vector.at("/parts/0").asText(), vector.at("/parts/1").asText(), vector.at("/parts/2").asText()))
                    .isEqualTo(SpiffeId.parseAnyPath(uri)).hasToString(uri);
            return;
        }
        assertThatThrownBy(() -> SpiffeId.parse(uri)).isInstanceOf(IllegalArgumentException.class);
        if (vector.has("path")) {
            assertThat(SpiffeId.parseAnyPath(uri)).hasToString(uri).extracting(SpiffeId::path).isEqualTo(vector.get("path").asText());
            assertThat(SpiffeId.parseAnyPath(uri).isIstio()).isFalse();
        } else {
            assertThatThrownBy(() -> SpiffeId.parseAnyPath(uri)).isInstanceOf(IllegalArgumentException.class);
        }
    }

    @Test
    void theHeaderBlocksOfARealPeer() throws Exception {
        try (HeaderCodec codec = new HeaderCodec(16 << 10)) {
            for (JsonNode vector : Vectors.of("hpack.json").toList()) {
                assertThat(codec.decode(1, Unpooled.wrappedBuffer(HexFormat.of().parseHex(vector.get("block").asText())))).isEqualTo(fields(vector));
            }
        }
    }

    private static List<HeaderCodec.Field> fields(JsonNode vector) {
        List<HeaderCodec.Field> fields = new ArrayList<>();
        vector.get("headers").forEach(h -> fields.add(new HeaderCodec.Field(h.get(0).asText(), h.get(1).asText())));
        return fields;
    }
}
