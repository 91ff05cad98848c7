package io.inpod.examples.ztunnel.source;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.inpod.examples.ztunnel.config.ConfigException;
import io.inpod.examples.ztunnel.mesh.AccountMatch;
import io.inpod.examples.ztunnel.mesh.AddressBlock;
import io.inpod.examples.ztunnel.mesh.ApplicationTunnel;
import io.inpod.examples.ztunnel.mesh.Endpoint;
import io.inpod.examples.ztunnel.mesh.Gateway;
import io.inpod.examples.ztunnel.mesh.IpFamilies;
import io.inpod.examples.ztunnel.mesh.LoadBalancing;
import io.inpod.examples.ztunnel.mesh.Locality;
import io.inpod.examples.ztunnel.mesh.Mesh;
import io.inpod.examples.ztunnel.mesh.NetworkAddress;
import io.inpod.examples.ztunnel.mesh.Policy;
import io.inpod.examples.ztunnel.mesh.Ports;
import io.inpod.examples.ztunnel.mesh.Service;
import io.inpod.examples.ztunnel.mesh.ServiceName;
import io.inpod.examples.ztunnel.mesh.TextMatch;
import io.inpod.examples.ztunnel.mesh.WeightedGateway;
import io.inpod.examples.ztunnel.mesh.Workload;
import java.net.InetAddress;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The keys for services, waypoints, gateways and policies. */
class MeshSchemaTest {
    private static final String YAML = """
            workloads:
            - uid: cluster1//v1/Pod/default/web
              name: web
              namespace: default
              workloadIps: [10.0.0.1]
              network: west
              protocol: HBONE
              nativeTunnel: true
              status: Unhealthy
              capacity: 3
              locality: {region: r, zone: z, subzone: s}
              waypoint: {destination: west/10.0.0.9}
              networkGateway: {destination: istio-system/Gateway.Example.com, hboneMtlsPort: 15009}
              applicationTunnel: {protocol: PROXY, port: 15088}
              authorizationPolicies: [default/deny-9999]
              services: {default/web.default.svc.cluster.local: {80: 8080}}
            services:
            - name: web
              namespace: default
              hostname: Web.default.svc.cluster.local
              vips: [west/10.96.0.1, "/fd00::1"]
              cidrVips: [{network: west, cidr: 10.97.1.2/16}]
              ports: {80: 8080, "443": 0}
              endpoints:
                cluster1//v1/Pod/default/other: {workloadUid: cluster1//v1/Pod/default/other, port: {443: 8443}, status: Unhealthy}
              subjectAltNames: [spiffe://cluster.local/ns/default/sa/web]
              waypoint: {destination: default/waypoint.example}
              weightedWaypoints:
              - {destination: default/canary.example, weight: 10}
              - {destination: {destination: west/10.0.0.8, hboneMtlsPort: 15010}, weight: 90}
              loadBalancer: {routingPreferences: [Network, Region, Zone, Subzone, Node, Cluster], mode: Failover, healthPolicy: AllowAll}
              ipFamilies: IPv4
              canonical: true
              visibility: Namespace
            - {name: all, namespace: other, hostname: "*.example.com"}
            policies:
            - name: deny-9999
              namespace: default
              scope: WorkloadSelector
              action: Deny
              dryRun: true
              rules:
              - - - namespaces: [!Exact default, {prefix: kube-}]
                    notNamespaces: [!Presence , !Presence [], {presence: {}}]
                    serviceAccounts: [{namespace: default, serviceAccount: web}]
                    notServiceAccounts: [{namespace: default, serviceAccount: other}]
                    principals: [!Suffix /sa/web, {Exact: cluster.local/ns/a/sa/b}]
                    notPrincipals: [!Prefix "example.org/"]
                    sourceIps: [10.1.2.3/8, "fd00::/8"]
                    notSourceIps: [10.0.0.7]
                    destinationIps: [10.0.0.0/24]
                    notDestinationIps: ["::1/128"]
                    destinationPorts: [9999]
                    notDestinationPorts: [1, 65535]
                  - {}
                - []
              - []
            - {name: all, namespace: "", scope: Global, action: Allow, dryRun: false, rules: []}
            """;

    private static InetAddress ip(String text) throws Exception {
        return InetAddress.getByName(text);
    }

    @Test
    void workloads() throws Exception {
        Workload web = MeshFiles.parse(YAML).workload("cluster1//v1/Pod/default/web").orElseThrow();

        assertThat(web.waypoint()).isEqualTo(new Gateway(new NetworkAddress("west", ip("10.0.0.9")), 15008));
        assertThat(web.networkGateway()).isEqualTo(new Gateway(new ServiceName("istio-system", "gateway.example.com"), 15009));
        assertThat(web.applicationTunnel()).isEqualTo(new ApplicationTunnel(ApplicationTunnel.Protocol.PROXY, 15088));
        assertThat(web.policies()).containsExactly("default/deny-9999");
        assertThat(web.services()).isEqualTo(Map.of(new ServiceName("default", "web.default.svc.cluster.local"), new Ports(Map.of(80, 8080))));
        assertThat(web.nativeTunnel()).isTrue();
        assertThat(web.healthy()).isFalse();
        assertThat(web.capacity()).isEqualTo(3);
        assertThat(web.locality()).isEqualTo(new Locality("r", "z", "s"));
    }

    @Test
    void services() throws Exception {
        Mesh mesh = MeshFiles.parse(YAML);
        Service web = mesh.service(new ServiceName("default", "web.default.svc.cluster.local")).orElseThrow();

        assertThat(mesh.servicesAt("west", ip("10.96.0.1"))).containsExactly(web);
        assertThat(mesh.servicesAt("", ip("fd00::1"))).containsExactly(web);
        assertThat(mesh.servicesAround("west", ip("10.97.255.255"))).containsExactly(new Mesh.ServiceBlock(web, new AddressBlock(ip("10.97.0.0"), 16)));
        assertThat(web.ports()).isEqualTo(new Ports(Map.of(80, 8080, 443, 0)));
        assertThat(mesh.endpoints(web.hostname())).containsExactlyInAnyOrder(
                new Endpoint("cluster1//v1/Pod/default/web", new Ports(Map.of(80, 8080)), true),
                new Endpoint("cluster1//v1/Pod/default/other", new Ports(Map.of(443, 8443)), false));
        assertThat(web.subjectAltNames()).containsExactly("spiffe://cluster.local/ns/default/sa/web");
        assertThat(web.waypoint()).isEqualTo(new Gateway(new ServiceName("default", "waypoint.example"), 15008));
        assertThat(web.weightedWaypoints()).containsExactly(
                new WeightedGateway(new Gateway(new ServiceName("default", "canary.example"), 15008), 10),
                new WeightedGateway(new Gateway(new NetworkAddress("west", ip("10.0.0.8")), 15010), 90));
        assertThat(web.loadBalancing()).isEqualTo(new LoadBalancing(List.of(LoadBalancing.Scope.NETWORK, LoadBalancing.Scope.REGION, LoadBalancing.Scope.ZONE,
                LoadBalancing.Scope.SUBZONE, LoadBalancing.Scope.NODE, LoadBalancing.Scope.CLUSTER), LoadBalancing.Mode.FAILOVER, true));
        assertThat(web.ipFamilies()).isEqualTo(IpFamilies.IPV4);
        assertThat(web.canonical()).isTrue();
        assertThat(web.ofNamespaceOnly()).isTrue();
        Service wild = mesh.servicesNamed("*.EXAMPLE.com").get(0);
        assertThat(wild.ipFamilies()).isEqualTo(IpFamilies.AUTOMATIC);
        assertThat(wild.loadBalancing()).isEqualTo(LoadBalancing.ANY);
        assertThat(wild.canonical()).isFalse();
        assertThat(wild.ofNamespaceOnly()).isFalse();
    }

    @Test
    void policies() throws Exception {
        Mesh mesh = MeshFiles.parse(YAML);

        Policy.Match match = new Policy.Match(
                List.of(new TextMatch(TextMatch.Kind.EXACT, "default"), new TextMatch(TextMatch.Kind.PREFIX, "kube-")),
                List.of(new TextMatch(TextMatch.Kind.PRESENCE, ""), new TextMatch(TextMatch.Kind.PRESENCE, ""), new TextMatch(TextMatch.Kind.PRESENCE, "")),
                List.of(new AccountMatch("default", "web")), List.of(new AccountMatch("default", "other")),
                List.of(new TextMatch(TextMatch.Kind.SUFFIX, "/sa/web"), new TextMatch(TextMatch.Kind.EXACT, "cluster.local/ns/a/sa/b")),
                List.of(new TextMatch(TextMatch.Kind.PREFIX, "example.org/")),
                List.of(new AddressBlock(ip("10.0.0.0"), 8), new AddressBlock(ip("fd00::"), 8)), List.of(AddressBlock.of(ip("10.0.0.7"))),
                List.of(new AddressBlock(ip("10.0.0.0"), 24)), List.of(AddressBlock.of(ip("::1"))), Set.of(9999), Set.of(1, 65535));
        assertThat(mesh.policy("default/deny-9999")).contains(new Policy("default", "deny-9999", Policy.Scope.WORKLOAD_SELECTOR, Policy.Action.DENY, true,
                List.of(new Policy.Rule(List.of(new Policy.Clause(List.of(match, Policy.Match.EMPTY)), new Policy.Clause(List.of()))), new Policy.Rule(List.of())),
                null));
        assertThat(mesh.globalPolicies()).containsExactly(new Policy("", "all", Policy.Scope.GLOBAL, Policy.Action.ALLOW, false, List.of(), null));
    }

    /** JSON has neither tags nor keys that are numbers. */
    @Test
    void theSameInJson() throws Exception {
        Mesh mesh = MeshFiles.parse("""
                {
                \t"policies": [{"name": "p", "namespace": "default", "scope": "Namespace", "action": "Allow", "dryRun": false,
                \t\t"rules": [[[{"namespaces": [{"exact": "a\\u00e9"}, {"Suffix": "b"}, {"presence": {}}]}]]]}],
                \t"services": [{"name": "s", "namespace": "default", "hostname": "s.example", "vips": ["/10.96.0.1"], "ports": {"80": 8080}}]
                }""");

        assertThat(mesh.policiesOf("default")).singleElement().satisfies(policy -> assertThat(policy.rules().get(0).clauses().get(0).matches().get(0).namespaces())
                .containsExactly(new TextMatch(TextMatch.Kind.EXACT, "a\u00e9"), new TextMatch(TextMatch.Kind.SUFFIX, "b"), new TextMatch(TextMatch.Kind.PRESENCE, "")));
        assertThat(mesh.servicesNamed("s.example")).singleElement().satisfies(service -> assertThat(service.ports().target(80)).isEqualTo(8080));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "waypoint: {destination: 10.0.0.9} | waypoint.destination",
        "waypoint: {destination: a/b/c} | waypoint.destination",
        "waypoint: {destination: /waypoint.example} | waypoint.destination",
        "waypoint: {destination: default/} | waypoint.destination",
        "waypoint: {destination: 'default/*.example'} | waypoint.destination",
        "waypoint: {destination: default/10.0.0.256} | waypoint.destination",
        "waypoint: {} | waypoint.destination",
        "waypoint: default/waypoint.example | waypoint",
        "networkGateway: {destination: default/a.example, hboneMtlsPort: 0} | networkGateway.hboneMtlsPort",
        "networkGateway: {destination: default/a.example, hboneMtlsPort: 65536} | networkGateway.hboneMtlsPort",
        "networkGateway: {destination: default/a.example, port: 1} | networkGateway.port",
        "applicationTunnel: {protocol: proxy} | applicationTunnel.protocol",
        "applicationTunnel: {port: 1} | applicationTunnel.protocol",
        "applicationTunnel: {protocol: PROXY, port: 0} | applicationTunnel.port",
        "authorizationPolicies: [deny] | authorizationPolicies[0]",
        "authorizationPolicies: [a/b, a/] | authorizationPolicies[1]",
        "services: {s.example: {80: 80}} | services.s.example",
        "services: {default/s.example: {0: 80}} | services.default/s.example.0",
        "services: {default/s.example: {65536: 80}} | services.default/s.example.65536",
        "services: {default/s.example: {'080': 80}} | services.default/s.example.080",
        "services: {default/s.example: {http: 80}} | services.default/s.example.http",
        "services: {default/s.example: {80: 0}} | services.default/s.example.80",
        "services: {default/s.example: {80: '80'}} | services.default/s.example.80",
        "services: {default/s.example: {}, default/S.example: {}} | services.default/S.example",
        "services: [] | ''",
        "hostname: '*.example' | hostname",
        "hostname: a..b | hostname",
        "hostname: example.com. | hostname",
        "hostname: 10.0.0.1 | hostname",
        "hostname: 'a b' | hostname",
        "hostname: \"a\\nb\" | hostname",
        "hostname: \"a\\0b\" | hostname",
        "hostname: -a.example | hostname",
        "hostname: stra\u00dfe.example | hostname",
        "hostname: a\u3002example | hostname",
        "hostname: \"a\\u200b.example\" | hostname",
        "workloadIps: [010.0.0.1] | workloadIps[0]",
        "workloadIps: [10.0.0] | workloadIps[0]",
        "workloadIps: ['fe80::1%eth0'] | workloadIps[0]",
        "workloadIps: ['[::1]'] | workloadIps[0]",
        "workloadIps: [''] | workloadIps[0]",
        "capacity: 1.0 | capacity",
        "capacity: 99999999999999999999999 | capacity",
        "capacity: 1e999 | capacity",
        "name: !Exact x | name",
        "name: !Unheard x | ''"
    })
    void refusesInAWorkload(String key, String place) {
        String text = "workloads:\n- namespace: default\n" + (key.startsWith("workloadIps") ? "" : "  workloadIps: [10.0.0.2]\n") + "  " + key + "\n";
        if (place.isEmpty() && key.startsWith("services")) {
            assertThat(parsed(text)).isEqualTo("must be a map");
        } else {
            refuses(text, place.isEmpty() ? "workloads" : "workloads[0]." + place);
        }
    }

    private static String parsed(String text) {
        try {
            MeshFiles.parse(text);
            return "";
        } catch (ConfigException e) {
            return e.getMessage().contains("must be a map, not a list") ? "must be a map" : e.getMessage();
        }
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "name: '' | name",
        "vips: [10.96.0.1] | vips[0]",
        "vips: [/a.example] | vips[0]",
        "vips: ['/10.96.0.1/8'] | vips[0]",
        "cidrVips: [{cidr: 10.0.0.0/33}] | cidrVips[0].cidr",
        "cidrVips: [{cidr: '10.0.0.0/'}] | cidrVips[0].cidr",
        "cidrVips: [{cidr: 10.0.0.0/-1}] | cidrVips[0].cidr",
        "cidrVips: [{cidr: 10.0.0.0/08}] | cidrVips[0].cidr",
        "cidrVips: [{cidr: 'fd00::/129'}] | cidrVips[0].cidr",
        "cidrVips: [{cidr: '::ffff:10.0.0.0/20'}] | cidrVips[0].cidr",
        "cidrVips: [{network: west}] | cidrVips[0].cidr",
        "cidrVips: [10.0.0.0/8] | cidrVips[0]",
        "ports: {80: -1} | ports.80",
        "ports: {80: 65536} | ports.80",
        "endpoints: {a: {workloadUid: x}, b: {workloadUid: x}} | endpoints.b",
        "endpoints: {'': {}} | endpoints.",
        "endpoints: {a: {port: {80: 0}}} | endpoints.a.port.80",
        "endpoints: {a: {status: Sick}} | endpoints.a.status",
        "endpoints: [a] | endpoints",
        "subjectAltNames: [web.example] | subjectAltNames[0]",
        "weightedWaypoints: [{destination: default/a.example}] | weightedWaypoints[0].weight",
        "weightedWaypoints: [{weight: 1}] | weightedWaypoints[0].destination",
        "weightedWaypoints: [{destination: default/a.example, weight: 4294967296}] | weightedWaypoints[0].weight",
        "weightedWaypoints: [{destination: {destination: default/a.example}, hboneMtlsPort: 1, weight: 1}] | weightedWaypoints[0].hboneMtlsPort",
        "loadBalancer: {routingPreferences: [Planet]} | loadBalancer.routingPreferences[0]",
        "loadBalancer: {routingPreferences: [Zone, Zone]} | loadBalancer.routingPreferences[1]",
        "loadBalancer: {mode: RoundRobin} | loadBalancer.mode",
        "loadBalancer: {healthPolicy: Any} | loadBalancer.healthPolicy",
        "ipFamilies: ipv4 | ipFamilies",
        "canonical: 1 | canonical",
        "visibility: Private | visibility",
        "ingressUseWaypoint: true | ingressUseWaypoint"
    })
    void refusesInAService(String key, String place) {
        String name = key.startsWith("name") ? "" : "  name: s\n";
        refuses("services:\n- namespace: default\n" + name + "  hostname: s.example\n  " + key + "\n", "services[0]." + place);
    }

    @ParameterizedTest
    @ValueSource(strings = {"hostname: a.*.example", "hostname: '*'", "hostname: '*.*.example'", "hostname: 'a*.example'", "namespace: ''"})
    void refusesAsTheNameOfAService(String key) {
        refuses("services:\n- name: s\n" + (key.startsWith("namespace") ? "  hostname: s.example" : "  namespace: default") + "\n  " + key + "\n",
                "services[0]." + key.substring(0, key.indexOf(':')));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "name: deny-9999 | name: deny/9999 | name",
        "dryRun: true | dryRun: | dryRun",
        "dryRun: true | dryRun: yes | dryRun",
        "scope: WorkloadSelector | scope: workload_selector | scope",
        "action: Deny | action: Log | action",
        "action: Deny | other: Deny | other",
        "!Exact default | default | rules[0][0][0].namespaces[0]",
        "!Exact default | {exact: a, prefix: b} | rules[0][0][0].namespaces[0]",
        "!Exact default | {regex: a} | rules[0][0][0].namespaces[0].regex",
        "!Exact default | {EXACT: a} | rules[0][0][0].namespaces[0].EXACT",
        "!Exact default | {exact: 1} | rules[0][0][0].namespaces[0].exact",
        "!Exact default | {presence: x} | rules[0][0][0].namespaces[0].presence",
        "{Exact: cluster.local/ns/a/sa/b} | {Exact: 'spiffe://cluster.local/ns/a/sa/b'} | rules[0][0][0].principals[1]",
        "10.1.2.3/8 | 10.1.2.3/33 | rules[0][0][0].sourceIps[0]",
        "10.1.2.3/8 | 10.1.2/8 | rules[0][0][0].sourceIps[0]",
        "[9999] | [99999] | rules[0][0][0].destinationPorts[0]",
        "[9999] | ['9999'] | rules[0][0][0].destinationPorts[0]",
        "{namespace: default, serviceAccount: web} | default/web | rules[0][0][0].serviceAccounts[0]",
        "{namespace: default, serviceAccount: web} | {namespace: default} | rules[0][0][0].serviceAccounts[0].serviceAccount",
        "notDestinationPorts | hosts | rules[0][0][0].hosts",
        "- {} | - | rules[0][0][1]"
    })
    void refusesInAPolicy(String good, String bad, String place) {
        int policies = YAML.indexOf("policies:\n- name");
        String text = YAML.substring(policies);
        assertThat(text).contains(good);

        refuses(text.replaceFirst(Pattern.quote(good), bad), "policies[0]." + place);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "services: [{name: s, namespace: n, hostname: a.b}, {name: t, namespace: n, hostname: A.b}] | services[1].hostname",
        "policies: [&p {name: s, namespace: n, scope: Global, action: Deny, dryRun: true, rules: []}, *p] | policies[1].name",
        "workloads: [{uid: 'workloads[1]', namespace: n, workloadIps: []}, {namespace: n, workloadIps: []}] | workloads[1].uid"
    })
    void refusesTwoOfOneName(String text, String place) {
        refuses(text, place);
    }

    private static void refuses(String text, String place) {
        assertThatThrownBy(() -> MeshFiles.parse(text)).isInstanceOf(ConfigException.class).hasMessageMatching("(?s)mesh\\.yaml:\\d+: " + Pattern.quote(place) + ": .*");
    }

    @ParameterizedTest
    @CsvSource({"B\u00fccher.Example, xn--bcher-kva.example", "*.B\u00dcCHER.example, *.xn--bcher-kva.example", "a_b-c.EXAMPLE, a_b-c.example", "localhost, localhost"})
    void hostnamesHaveOneForm(String written, String form) throws Exception {
        assertThat(MeshFiles.parse("services: [{name: s, namespace: n, hostname: '" + written + "'}]").services()).singleElement()
                .satisfies(service -> assertThat(service.hostname()).isEqualTo(new ServiceName("n", form)));
    }

    /** A chain of waypoints that ends where it began concerns routing, which bounds it; as an entry each is right. */
    @Test
    void servicesMayReferToOneAnother() throws Exception {
        assertThat(MeshFiles.parse("""
                services:
                - {name: a, namespace: n, hostname: a.example, waypoint: {destination: n/b.example}}
                - {name: b, namespace: n, hostname: b.example, waypoint: {destination: n/a.example}}
                """).services()).hasSize(2);
    }

    @Test
    void addressesMayBeSharedAndNothingTunnelledGoesInClear() throws Exception {
        Mesh mesh = MeshFiles.parse("""
                workloads:
                - {uid: a, namespace: n, workloadIps: [10.0.0.1, '::ffff:10.0.0.1']}
                - {uid: b, namespace: n, workloadIps: [10.0.0.1], protocol: HBONE}
                services:
                - {name: a, namespace: n, hostname: a.example, vips: [/10.96.0.1]}
                - {name: b, namespace: n, hostname: b.example, vips: [/10.96.0.1]}
                """);

        assertThat(mesh.at("", ip("10.0.0.1")).map(Workload::uid)).contains("b");
        assertThat(mesh.servicesAt("", ip("10.96.0.1"))).hasSize(2);
    }

    @Test
    void aliasesCantFillTheMemory() {
        StringBuilder text = new StringBuilder("policies: [&a [x, x, x, x, x, x, x, x, x, x]");
        for (char c = 'b'; c < 'j'; c++) {
            text.append(", &").append(c).append(" [").append(("*" + (char) (c - 1) + ", ").repeat(10)).append(']');
        }
        assertThatThrownBy(() -> MeshFiles.parse("x: {" + text.append("]}").toString())).hasMessageContaining("aliases stand for more than");
    }
}
