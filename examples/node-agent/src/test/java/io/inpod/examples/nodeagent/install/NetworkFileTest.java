package io.inpod.examples.nodeagent.install;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Our entry comes and goes, and every other byte stays. */
class NetworkFileTest {
    private static final PluginEntry ENTRY = new PluginEntry(Path.of("/run/x.sock"), List.of("kube-system", "a"));
    private static final String JSON = "{\"type\":\"inpod-cni\",\"agentSocket\":\"/run/x.sock\",\"excludeNamespaces\":[\"a\",\"kube-system\"]}";
    private static final String PRETTY = "{\n \"cniVersion\" : \"1.0.0\",\"x\":[1.50e+3,{\"plugins\":[]}], \"name\":\"ü\\u00e4\",\n  \"plugins\": [\n    { \"type\":\"bridge\", "
            + "\"mtu\":9007199254740993, \"ipam\": {\"type\":\"host-local\"}},\n    {\"type\":\"portmap\",\"capabilities\":{\"portMappings\":true}}\n  ], \"disableCheck\":true }\n";

    private static NetworkFile file(String text) throws IOException {
        return new NetworkFile(text.getBytes(StandardCharsets.UTF_8));
    }

    private static String text(NetworkFile file) {
        return new String(file.bytes(), StandardCharsets.UTF_8);
    }

    @Test
    void theEntryIsAppendedAndNothingElseChanges() throws IOException {
        assertThat(text(file(PRETTY).with(ENTRY))).isEqualTo(PRETTY.replace("true}}\n  ]", "true}},\n    " + JSON + "\n  ]"));
        assertThat(text(file(PRETTY).with(ENTRY).without())).isEqualTo(PRETTY);
        assertThat(file(PRETTY).types()).containsExactly("bridge", "portmap");
    }

    @Test
    void whatIsThereStays() throws IOException {
        NetworkFile with = file(PRETTY).with(ENTRY);
        assertThat(with.with(ENTRY)).isSameAs(with);
        NetworkFile laidOut = file(text(with).replace(JSON, JSON.replace(",", ",\n   ").replace(":", ": ")));
        assertThat(laidOut.with(ENTRY)).isSameAs(laidOut);
        NetworkFile extended = file(text(with).replace(JSON, JSON.replace("}", ",\"timeoutSeconds\":9}")));
        assertThat(extended.with(ENTRY)).isSameAs(extended);
        assertThat(text(extended.with(new PluginEntry(Path.of("/y"), List.of())))).contains("{\"type\":\"inpod-cni\",\"agentSocket\":\"/y\",\"excludeNamespaces\":[],\"timeoutSeconds\":9}");
        assertThat(file(PRETTY).without().without()).satisfies(same -> assertThat(text(same)).isEqualTo(PRETTY));
    }

    /** Older entries, and entries that others have moved or doubled, give way to one at the end. */
    @ParameterizedTest
    @ValueSource(strings = {
        "{\"type\":\"inpod-cni\",\"agentSocket\":\"/old\"},A,B",
        "{\"type\":\"inpod-cni\"}, {\"type\":\"inpod-cni\"},A,B",
        "A,{\"type\":\"inpod-cni\"},B",
        "A,B,{\"type\":\"inpod-cni\",\"agentSocket\":[{}]}",
        "A,{\"type\":\"inpod-cni\"},B,{\"type\":\"inpod-cni\"}"
    })
    void thereIsOnlyOneEntryAndItIsTheLast(String plugins) throws IOException {
        String list = "{\"cniVersion\":\"0.4.0\",\"name\":\"n\",\"plugins\":[" + plugins.replace("A", "{\"type\":\"a\"}").replace("B", "{\"type\":\"b\"}") + "]}";
        assertThat(text(file(list).with(ENTRY))).isEqualTo("{\"cniVersion\":\"0.4.0\",\"name\":\"n\",\"plugins\":[{\"type\":\"a\"},{\"type\":\"b\"}," + JSON + "]}");
        assertThat(file(list).without().types()).containsExactly("a", "b");
    }

    @Test
    void aListIsNeverLeftEmpty() throws IOException {
        NetworkFile only = file("{\"cniVersion\":\"0.4.0\",\"name\":\"n\",\"plugins\":[" + JSON + "]}");
        assertThatThrownBy(only::without).hasMessageContaining("only plugin", "no network");
        assertThat(only.with(ENTRY)).isSameAs(only);
    }

    @Test
    void aSinglePluginBecomesAList() throws IOException {
        String single = "{\"cniVersion\":\"0.4.0\",\"name\":\"n\\\"\", \"type\":\"bridge\",\"mtu\":1.50}";
        NetworkFile list = file(single + "\n").asList().with(ENTRY);
        assertThat(list.types()).containsExactly("bridge", "inpod-cni");
        assertThat(text(list)).startsWith("{\n  \"cniVersion\": \"0.4.0\",\n  \"name\": \"n\\\"\",\n").contains("    " + single + ",\n    " + JSON + "\n");
        assertThat(text(file("{\"cniVersion\":\"1.0.0\",\"type\":\"t\"}").asList())).contains("\"name\": \"k8s-pod-network\"");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '\0', value = {
        "''|isn't a JSON object",
        "[]|isn't a JSON object",
        "{}|neither plugins nor a type",
        "{\"type\":\"\"}|neither plugins nor a type",
        "{\"name\":\"n\",\"plugins\":[]}|has no plugins",
        "{\"name\":\"n\",\"plugins\":{}}|aren't an array",
        "{\"name\":\"n\",\"plugins\":[1]}|isn't an object",
        "{\"name\":\"n\",\"plugins\":[{\"ipam\":{\"type\":\"x\"}}]}|without a type",
        "{\"plugins\":[{\"type\":\"x\"}]}|has no name",
        "{\"type\":\"x\"}}|Unexpected close marker",
        "{\"type\":\"x\"} {}|behind the object",
        "{\"type\":\"x\"|end-of-input",
        "\ufeff{\"type\":\"x\"}|isn't a JSON object",
    })
    void whatNoRuntimeAcceptsIsRefused(String text, String reason) {
        assertThatThrownBy(() -> file(text.replace("''", ""))).isInstanceOf(IOException.class).hasMessageContaining(reason);
    }

    @Test
    void aVersionWithoutChainsIsRefused() {
        for (String version : List.of("\"cniVersion\":\"0.2.0\",", "", "\"cniVersion\":7,")) {
            assertThatThrownBy(() -> file("{" + version + "\"name\":\"n\",\"plugins\":[{\"type\":\"x\"}]}").with(ENTRY)).hasMessageContaining("\"cniVersion\": \"0.4.0\" or later");
            assertThatThrownBy(() -> file("{" + version + "\"type\":\"x\"}").asList()).hasMessageContaining("from 0.3.1 to 1.1.0");
        }
    }
}
