package io.inpod.examples.ztunnel.dump;

import static org.assertj.core.api.Assertions.assertThat;

import io.inpod.examples.ztunnel.config.ProxyConfig;
import io.inpod.examples.ztunnel.mesh.Mesh;
import io.inpod.examples.ztunnel.source.MeshSource;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;

class ConfigDumpTest {
    private static final int PIECE = 20_000;

    private ProxyConfig config;
    private int largest;
    private int pieces;

    ConfigDumpTest() throws Exception {
        config = ProxyConfig.from(Map.of("FAKE_CA", "true", "LOCAL_XDS", "{}"));
    }

    private Map<?, ?> dump(Mesh mesh) throws Exception {
        StringBuilder text = new StringBuilder();
        ConfigDump dump = new ConfigDump(config, mesh, List.of(), List.of());
        boolean more;
        do {
            ByteBuf piece = Unpooled.buffer();
            more = dump.next(piece);
            largest = Math.max(largest, piece.readableBytes());
            pieces++;
            text.append(piece.toString(StandardCharsets.UTF_8));
        } while (more);
        return (Map<?, ?>) new Load(LoadSettings.builder().setCodePointLimit(Integer.MAX_VALUE).build()).loadFromString(text.toString());
    }

    private Mesh mesh(Path home, String text) throws Exception {
        Path file = Files.writeString(home.resolve("mesh.yaml"), text);
        return MeshSource.read(config, file);
    }

    @Test
    void everythingThatIstioctlReadsIsThere(@TempDir Path home) throws Exception {
        Map<?, ?> dump = dump(mesh(home, """
                workloads:
                - {uid: w, name: w, namespace: default, serviceAccount: sa, trustDomain: td, protocol: HBONE, workloadIps: [10.0.0.1, "fd00::1"],
                   network: n, node: x, status: Unhealthy, networkMode: HostNetwork, nativeTunnel: true, capacity: 3, services: {default/s.example: {80: 81}},
                   waypoint: {destination: default/wp.example, hboneMtlsPort: 15009}, locality: {region: r, zone: z, subzone: s},
                   applicationTunnel: {protocol: PROXY, port: 9}, authorizationPolicies: [default/p]}
                services:
                - {name: s, namespace: default, hostname: s.example, vips: [n/10.2.0.1], cidrVips: [{network: n, cidr: 10.1.0.0/16}, {network: n, cidr: "fd01::/16"}], ports: {80: 80}, subjectAltNames: ["spiffe://td/ns/a/sa/b"],
                   loadBalancer: {mode: Failover, routingPreferences: [Network, Region], healthPolicy: AllowAll}, ipFamilies: IPv4, visibility: Namespace}
                policies:
                - {name: p, namespace: default, scope: WorkloadSelector, action: Deny, dryRun: false, rules: [[[{principals: [{Exact: td/ns/a/sa/b}, {Presence: []}],
                   notSourceIps: [10.0.0.0/8], destinationPorts: [81, 80], serviceAccounts: [{namespace: a, serviceAccount: b}]}]]]}
                """));
        assertThat(((List<?>) dump.get("workloads")).get(0)).hasToString("{uid=w, workloadIps=[10.0.0.1, fd00::1], "
                + "waypoint={destination=default/wp.example, hboneMtlsPort=15009}, protocol=HBONE, networkMode=HostNetwork, network=n, name=w, "
                + "namespace=default, trustDomain=td, serviceAccount=sa, workloadName=, workloadType=deployment, canonicalName=, canonicalRevision=, "
                + "clusterId=Kubernetes, node=x, nativeTunnel=true, applicationTunnel={protocol=PROXY, port=9}, locality={region=r, zone=z, subzone=s}, "
                + "authorizationPolicies=[default/p], status=Unhealthy, capacity=3}");
        assertThat(((List<?>) dump.get("services")).get(0)).hasToString("{name=s, namespace=default, hostname=s.example, vips=[n/10.2.0.1], cidrVips=[{network=n, cidr=10.1.0.0/16}, {network=n, cidr=fd01::/16}], "
                + "ports={80=80}, endpoints={w={workloadUid=w, port={80=81}, status=Unhealthy}}, subjectAltNames=[spiffe://td/ns/a/sa/b], "
                + "loadBalancer={routingPreferences=[Network, Region], mode=Failover, healthPolicy=AllowAll}, ipFamilies=IPv4, canonical=false, "
                + "visibility=Namespace}");
        assertThat(((List<?>) dump.get("policies")).get(0)).hasToString("{name=p, namespace=default, scope=WorkloadSelector, action=Deny, "
                + "rules=[[[{serviceAccounts=[{namespace=a, serviceAccount=b}], principals=[{Exact=td/ns/a/sa/b}, {Presence=[]}], notSourceIps=[10.0.0.0/8], "
                + "destinationPorts=[80, 81]}]]], dryRun=false}");
    }

    /** A service may come after the workloads that name it, or be gone; Istio's ztunnel shows their endpoints by the same keys. */
    @Test
    void endpointsOfServicesThatTheMeshHasNotAreStaged(@TempDir Path home) throws Exception {
        Mesh known = mesh(home, """
                workloads:
                - {uid: w, name: w, namespace: default, workloadIps: [10.0.0.1], status: Unhealthy, services: {default/s.example: {80: 81}}}
                services:
                - {name: s, namespace: default, hostname: s.example, ports: {80: 80}}
                """);
        assertThat(dump(known).get("stagedServices")).hasToString("{}");
        Mesh mesh = known.change().removeService(known.services().iterator().next().hostname()).build();
        assertThat(dump(mesh).get("stagedServices")).hasToString("{default/s.example={w={workloadUid=w, port={80=81}, status=Unhealthy}}}");
    }

    /** What the file says, with the services that workloads name; a control plane's mesh is no static configuration. */
    @Test
    void theStaticConfigurationIsWhatTheFileSays(@TempDir Path home) throws Exception {
        Mesh mesh = mesh(home, """
                workloads:
                - {uid: w, name: w, namespace: default, workloadIps: [10.0.0.1], services: {default/s.example: {80: 81}}}
                services:
                - {name: s, namespace: default, hostname: s.example, ports: {80: 80}}
                """);
        Map<?, ?> configured = (Map<?, ?>) dump(mesh).get("staticConfig");
        assertThat(((Map<?, ?>) ((List<?>) configured.get("workloads")).get(0)).get("services")).hasToString("{default/s.example={80=81}}");
        assertThat(((Map<?, ?>) ((List<?>) configured.get("services")).get(0)).get("endpoints")).hasToString("{}");
        assertThat(configured.get("policies")).isEqualTo(List.of());

        config = ProxyConfig.from(Map.of("FAKE_CA", "true", "XDS_ADDRESS", "unix:/x"));
        assertThat(dump(mesh).get("staticConfig")).hasToString("{policies=[], services=[], workloads=[]}");
    }

    @Test
    void aLargeMeshIsWrittenInSmallPieces(@TempDir Path home) throws Exception {
        StringBuilder text = new StringBuilder("{\"workloads\":[");
        for (int i = 0; i < 2000; i++) {
            text.append(i == 0 ? "" : ",").append("{\"uid\":\"w" + i + "\",\"name\":\"w" + i + "\",\"namespace\":\"default\",\"workloadIps\":[\"10.0."
                    + i / 200 + "." + i % 200 + "\"]}");
        }
        Map<?, ?> dump = dump(mesh(home, text.append("]}").toString()));
        assertThat((List<?>) dump.get("workloads")).hasSize(2000);
        assertThat(largest).isLessThan(PIECE);
        assertThat(pieces).isGreaterThan(20);
    }
}
