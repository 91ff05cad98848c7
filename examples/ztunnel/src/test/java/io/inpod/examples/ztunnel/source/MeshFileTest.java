package io.inpod.examples.ztunnel.source;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.inpod.examples.ztunnel.config.ConfigException;
import io.inpod.examples.ztunnel.mesh.Mesh;
import io.inpod.examples.ztunnel.mesh.Workload;
import java.net.InetAddress;
import java.util.Optional;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class MeshFileTest {
    private static final String EVERY_KEY = """
            # as Istio's own local configurations look
            workloads:
            - uid: cluster1//v1/Pod/default/local
              name: local
              namespace: default
              serviceAccount: sa-local
              trustDomain: example.org
              workloadIps: ["10.0.0.1", "fd00::1"]
              network: ""
              hostname: local.example
              node: node-1
              protocol: HBONE
              networkMode: Standard
              workloadName: local-v1
              workloadType: Deployment
              canonicalName: local
              canonicalRevision: v1
              nativeTunnel: false
              status: Healthy
              clusterId: cluster1
              locality: {region: r, zone: z, subzone: s}
              capacity: 1
              authorizationPolicies: []
              services: {}
            - namespace: default
              workloadIps: [10.0.0.2]
            policies: []
            services: []
            """;

    private static Mesh parse(String text) throws ConfigException {
        return MeshFiles.parse(text);
    }

    private static InetAddress ip(String text) throws Exception {
        return InetAddress.getByName(text);
    }

    @Test
    void readsEveryKeyThatItKnows() throws Exception {
        Mesh mesh = parse(EVERY_KEY);

        Workload workload = mesh.at("", ip("10.0.0.1")).orElseThrow();
        assertThat(workload.identity()).hasToString("spiffe://example.org/ns/default/sa/sa-local");
        assertThat(workload.addresses()).containsExactly(ip("10.0.0.1"), ip("fd00::1"));
        assertThat(workload.hbone()).isTrue();
        assertThat(workload.node()).isEqualTo("node-1");
        assertThat(workload.telemetry().workloadType()).isEqualTo("deployment");
        assertThat(workload.telemetry().clusterId()).isEqualTo("cluster1");
        assertThat(mesh.at("", ip("fd00::1"))).contains(workload);
        assertThat(mesh.local("node-1", "local", "default", "sa-local")).contains(workload);
        assertThat(mesh.named("LOCAL.example")).contains(workload);
        assertThat(mesh.size()).isEqualTo(2);
    }

    @Test
    void whatIsNotSaidHasADefault() throws Exception {
        Workload workload = parse(EVERY_KEY).at("", ip("10.0.0.2")).orElseThrow();

        assertThat(workload.identity()).hasToString("spiffe://cluster.local/ns/default/sa/default");
        assertThat(workload.hbone()).isFalse();
        assertThat(workload.hostNetwork()).isFalse();
        assertThat(workload.telemetry().clusterId()).isEqualTo("Kubernetes");
    }

    @ParameterizedTest
    @ValueSource(strings = {
        "{\"workloads\": [{\"namespace\": \"default\", \"workloadIps\": [\"10.0.0.1\"], \"protocol\": \"HBONE\", \"waypoint\": null}]}",
        "{\n\t\"workloads\": [\n\t\t{\n\t\t\t\"namespace\":\"default\",\n\t\t\t\"workloadIps\":[\"10.0.0.1\"],\n\t\t\t\"protocol\":\"HBONE\"\n\t\t}\n\t]\n}\n",
        "---\nworkloads:\n  - {namespace: default, workloadIps: ['10.0.0.1'], protocol: HBONE}\n"
    })
    void readsJsonAsWellAsYaml(String text) throws Exception {
        assertThat(parse(text).at("", ip("10.0.0.1")).map(Workload::hbone)).contains(true);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "{}", "# nothing\n", "workloads:\n", "workloads: []\npolicies:\n"})
    void aMeshMayBeEmpty(String text) throws Exception {
        assertThat(parse(text).size()).isZero();
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "policies: nonsense | policies",
        "authorities: [] | authorities",
        "1: [] | 1",
        "workloads: {namespace: default} | workloads",
        "workloads: [nonsense] | workloads[0]",
        "workloads: [null] | workloads[0]",
        "[] | the document",
        "text | the document"
    })
    void refusesAtTheTopWhatItDoesntKnow(String text, String place) {
        assertThatThrownBy(() -> parse(text)).isInstanceOf(ConfigException.class).hasMessageMatching("(?s)mesh\\.yaml:1: " + Pattern.quote(place) + ": .*");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "applicationTunnel: text | applicationTunnel",
        "serviceaccount: sa | serviceaccount",
        "workloadIPs: [10.0.0.9] | workloadIPs",
        "locality: {city: x} | locality.city",
        "locality: x | locality",
        "protocol: hbone | protocol",
        "protocol: LEGACY_ISTIO_MTLS | protocol",
        "networkMode: Bridge | networkMode",
        "status: Sick | status",
        "nativeTunnel: 'true' | nativeTunnel",
        "capacity: many | capacity",
        "capacity: -1 | capacity",
        "serviceAccount: 1e3 | serviceAccount",
        "name: true | name",
        "node: [n] | node",
        "trustDomain: a/b | ''",
        "uid: first | uid"
    })
    void refusesInAWorkloadWhatItDoesntKnow(String key, String place) {
        String text = "workloads:\n- {uid: first, namespace: default, workloadIps: [10.0.0.1]}\n- namespace: default\n  workloadIps: [10.0.0.2]\n  " + key + "\n";

        assertThatThrownBy(() -> parse(text)).isInstanceOf(ConfigException.class)
                .hasMessageMatching("(?s)mesh\\.yaml:[35]: " + Pattern.quote("workloads[1]" + (place.isEmpty() ? "" : "." + place)) + ": .*");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "{workloadIps: [10.0.0.1]} | workloads[0].namespace",
        "{namespace: '', workloadIps: []} | workloads[0].namespace",
        "{namespace: default} | workloads[0].workloadIps",
        "{namespace: default, workloadIps: 10.0.0.1} | workloads[0].workloadIps",
        "{namespace: default, workloadIps: [10.0.0.1, 10.0.0.256]} | workloads[0].workloadIps[1]",
        "{namespace: default, workloadIps: [pod.example]} | workloads[0].workloadIps[0]",
        "{namespace: default, workloadIps: [1]} | workloads[0].workloadIps[0]",
        "{namespace: a/b, workloadIps: []} | workloads[0]"
    })
    void aWorkloadNeedsNamespaceAndAddresses(String workload, String place) {
        assertThatThrownBy(() -> parse("workloads: [" + workload + "]")).isInstanceOf(ConfigException.class)
                .hasMessageMatching("(?s)mesh\\.yaml:1: " + Pattern.quote(place) + ": .*");
    }

    @ParameterizedTest
    @ValueSource(strings = {"workloads: [", "{\"workloads\": ", "a: b: c", "workloads: []\nworkloads: []\n", "\u0000", "&a [*a]", "!!java.net.URL [x]"})
    void refusesWhatIsNoDocument(String text) {
        assertThatThrownBy(() -> parse(text)).isInstanceOf(ConfigException.class).hasMessageStartingWith("mesh.yaml");
    }

    @ParameterizedTest
    @ValueSource(strings = {"[", "{a: ", "- ", "? "})
    void refusesWhatIsNestedTooDeep(String opening) {
        assertThatThrownBy(() -> parse("workloads:\n " + opening.repeat(20_000))).isInstanceOf(ConfigException.class)
                .hasMessage("mesh.yaml:2: workloads: nested more than 16 levels deep");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "{a: 1, b: {}, a: 2} | mesh.yaml:1: duplicate key a",
        "{workloads: [], policies: !x []} | mesh.yaml:1: policies: unknown tag !x",
        "policies: &a [*a] | mesh.yaml:1: policies: the alias a contains itself",
        "policies: *a | mesh.yaml:1: policies: there is no anchor a",
        "{[a]: b} | mesh.yaml:1: a key must be a text",
        "{workloads: !!int x} | mesh.yaml:1: workloads: x is not of type tag:yaml.org,2002:int"
    })
    void saysWhereAndWhy(String text, String message) {
        assertThatThrownBy(() -> parse(text)).isInstanceOf(ConfigException.class).hasMessage(message);
    }

    @Test
    void takesOneDocument() {
        assertThatThrownBy(() -> parse("workloads: []\n---\npolicies: [1]\n")).hasMessage("mesh.yaml:2: there is more than one document");
    }

    @Test
    void sizeAliasesAndNumbersHaveNoOtherLimitsThanIstios() throws Exception {
        StringBuilder json = new StringBuilder("\ufeff{\"workloads\": [");
        for (int i = 0; i < 30_000; i++) {
            json.append(i == 0 ? "" : ",").append("{\"uid\": \"cluster1//v1/Pod/default/w").append(i).append("\", \"namespace\": \"default\", \"capacity\": 4294967295, ")
                    .append("\"workloadIps\": [\"10.").append(i >> 16).append('.').append(i >> 8 & 255).append('.').append(i & 255).append("\"]}");
        }
        String text = json.append("]}").toString();
        assertThat(text.length()).isGreaterThan(3 << 20);
        assertThat(parse(text).size()).isEqualTo(30_000);

        StringBuilder yaml = new StringBuilder("workloads:\n- {namespace: &n default, workloadIps: &ips [10.0.0.1]}\n");
        yaml.append("- {namespace: *n, workloadIps: *ips}\n".repeat(1000));
        assertThat(parse(yaml.toString()).size()).isEqualTo(1001);
        assertThatThrownBy(() -> parse("workloads: [{namespace: a, workloadIps: [], capacity: 4294967296}]")).hasMessageContaining("workloads[0].capacity");
    }

    @Test
    void ofTwoWithOneAddressTheTunnelledOneCounts() throws Exception {
        Mesh mesh = parse("workloads: [{namespace: a, workloadIps: [10.0.0.1]}, {namespace: b, workloadIps: [10.0.0.1], protocol: HBONE}]");

        assertThat(mesh.at("", ip("10.0.0.1")).map(Workload::namespace)).contains("b");
    }

    @Test
    void anAddressOfTheNodeTellsNobody() throws Exception {
        Mesh mesh = parse("workloads: [{namespace: a, workloadIps: [10.0.0.1], networkMode: HostNetwork}, {namespace: b, workloadIps: [10.0.0.2], network: west}]");

        assertThat(mesh.at("", ip("10.0.0.1"))).isEqualTo(Optional.empty());
        assertThat(mesh.at("", ip("10.0.0.2"))).isEqualTo(Optional.empty());
        assertThat(mesh.at("west", ip("10.0.0.2"))).isPresent();
    }

    /** Whether it is as it was before (1), or has changed. */
    @ParameterizedTest
    @CsvSource({"1, 1", "1, 2", "2, 1", "2, 2", "2, 3"})
    void anEntryThatIsThereTwiceIsAnErrorAlsoAfterAChange(int first, int second) throws ConfigException {
        for (String[] entry : new String[][] {
                {"workloads", "{uid: u, name: n%d, namespace: default, protocol: HBONE, workloadIps: [10.0.0.1]}"},
                {"services", "{name: n%d, namespace: default, hostname: h.example, vips: [/10.9.0.1], ports: {80: 8080}}"},
                {"policies", "{name: p, namespace: default, scope: Namespace, action: Deny, dryRun: false, rules: [[[{destinationPorts: [%d]}]]]}"}}) {
            String before = entry[0] + ": [" + entry[1].formatted(1) + "]";
            Mesh known = MeshFiles.parse(before);
            assertThat(MeshFiles.parse(before, known)).as(before).isSameAs(known);
            String both = entry[0] + ": [" + entry[1].formatted(first) + ", " + entry[1].formatted(second) + "]";
            assertThatThrownBy(() -> MeshFiles.parse(both, known)).as(both).isInstanceOf(ConfigException.class)
                    .hasMessageContaining("there is another ");
        }
    }
}
