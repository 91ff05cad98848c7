package io.inpod.examples.nodeagent.json;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.inpod.examples.nodeagent.pod.IpLiteral;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

/** Trees and texts are those of Jackson's mapper; what is no JSON, or no address, is refused. */
class JsonTest {
    private static final ObjectMapper MAPPER = new ObjectMapper();

    @Test
    void readsAndWritesAsTheMapperDoes() throws Exception {
        String text = "{\"a\":[1,-20000000000,123456789012345678901234567890,1.5,1e300,true,false,null,\"\\u0000\\n\\\"ä\"],\"b\":{},\"c\":[],\"a\":[[2]]}";
        for (String json : new String[] {text, text.replace(",\"a\":[[2]]", ""), "3", "\"x\"", "", " ", "null"}) {
            assertThat(Json.read(json)).as(json).isEqualTo(MAPPER.readTree(json));
            assertThat(Json.write(Json.read(json))).as(json).isEqualTo(json.isBlank() ? "null" : MAPPER.writeValueAsString(MAPPER.readTree(json)));
        }
    }

    @Test
    void refusesWhatIsNoJson() {
        for (String json : new String[] {"{", "[1", "{\"a\"", "{\"a\":", "]", "{1:2}", "x"}) {
            assertThatThrownBy(() -> Json.read(json)).as(json).isInstanceOf(JsonProcessingException.class);
        }
        for (String json : new String[] {"{\"a\":1,\"a\":2}", "{} {}", "{}x"}) {
            byte[] bytes = json.getBytes(StandardCharsets.UTF_8);
            assertThatThrownBy(() -> Json.readStrictly(bytes, 0, bytes.length)).as(json).isInstanceOf(JsonProcessingException.class);
        }
    }

    @Test
    void readsAddressesAndNoNames() throws Exception {
        for (String address : new String[] {"10.0.0.9", "0.0.0.0", "255.255.255.255", "::", "fd00::1", "::ffff:1.2.3.4", "1:2:3:4:5:6:7:8"}) {
            assertThat(IpLiteral.parse(address)).as(address).contains(InetAddress.getByName(address));
        }
        for (String other : new String[] {"", "localhost", "1", "1.2.3", "256.1.1.1", "01.2.3.4", "1.2.3.4.5", "1::2::3", ":", "12345::", "fe80::1%lo"}) {
            assertThat(IpLiteral.parse(other)).as(other).isEmpty();
        }
    }
}
