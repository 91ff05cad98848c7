package io.inpod.examples.ztunnel.xds;

import static io.inpod.examples.ztunnel.xds.Responses.addresses;
import static io.inpod.examples.ztunnel.xds.Responses.policies;
import static io.inpod.examples.ztunnel.xds.Responses.policy;
import static io.inpod.examples.ztunnel.xds.Responses.pod;
import static io.inpod.examples.ztunnel.xds.Responses.response;
import static io.inpod.examples.ztunnel.xds.Responses.workload;
import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import com.google.protobuf.ByteString;
import io.grpc.Status;
import io.inpod.examples.istio.DiscoveryApi.DeltaDiscoveryRequest;
import io.inpod.examples.istio.SecurityApi;
import io.inpod.examples.istio.WorkloadApi;
import io.inpod.examples.ztunnel.config.ProxyConfigTest;
import io.inpod.examples.ztunnel.mesh.MeshState;
import io.inpod.examples.ztunnel.mesh.Policy;
import io.inpod.examples.ztunnel.mesh.Trace;
import io.inpod.examples.ztunnel.mesh.Workload;
import io.inpod.examples.ztunnel.policy.Attempt;
import io.inpod.examples.ztunnel.policy.Authorization;
import io.inpod.examples.ztunnel.policy.Verdict;
import io.inpod.examples.ztunnel.route.Choice;
import io.inpod.examples.ztunnel.route.OutboundRoute;
import io.inpod.examples.ztunnel.route.OutboundRouting;
import io.inpod.examples.ztunnel.route.Target;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import io.inpod.examples.istio.DiscoveryApi.Resource;
import io.prometheus.metrics.model.snapshots.CounterSnapshot.CounterDataPointSnapshot;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.LoggerFactory;

/** The source against a control plane that does well, and one that doesn't. */
@Timeout(60)
class XdsSourceTest {
    private static final Duration LOST = Duration.ofMillis(10);
    private static final XdsSource.Limits PATIENT =
            new XdsSource.Limits(Duration.ofMinutes(1), Duration.ofMillis(20), Duration.ofMinutes(1), LOST, 1 << 20, Duration.ofMillis(10));
    private static TestAuthority authority;
    private static TestAuthority.Identity identity;

    private final List<AutoCloseable> open = new ArrayList<>();
    private final MeshState state = new MeshState();
    private final AtomicInteger swaps = new AtomicInteger();
    private TestControlPlane server;
    private XdsSource source;
    private Path roots;

    @BeforeAll
    static void issue() throws Exception {
        authority = new TestAuthority("CN=root");
        identity = authority.issue("localhost", "istiod.istio-system.svc");
    }

    @BeforeEach
    void create(@TempDir Path directory) throws Exception {
        roots = Files.writeString(directory.resolve("root-cert.pem"), authority.pem());
        server = keep(TestControlPlane.https(identity));
        state.onChange(swaps::incrementAndGet);
    }

    @AfterEach
    void close() throws Exception {
        if (source != null) {
            source.close();
        }
        for (AutoCloseable one : open) {
            one.close();
        }
    }

    private <T extends AutoCloseable> T keep(T one) {
        open.add(one);
        return one;
    }

    private void start(XdsSource.Limits limits, String... more) throws Exception {
        List<String> settings = new ArrayList<>(List.of("LOCAL_XDS", "", "XDS_ADDRESS", "https://localhost:" + server.port(), "XDS_ROOT_CA", roots.toString(),
                "NODE_NAME", "test"));
        settings.addAll(List.of(more));
        source = new XdsSource(ProxyConfigTest.config(settings.toArray(String[]::new)), limits);
        source.start(state);
    }

    /** A stream whose first two requests have come. */
    private TestControlPlane.Stream accept() throws Exception {
        TestControlPlane.Stream stream = server.accept();
        assertThat(stream.request().getTypeUrl()).isEqualTo(AddressSet.TYPE);
        assertThat(stream.request().getTypeUrl()).isEqualTo(PolicySet.TYPE);
        return stream;
    }

    /** A stream on which there were two responses: one workload, and no policy. */
    private TestControlPlane.Stream loaded() throws Exception {
        TestControlPlane.Stream stream = accept();
        stream.send(addresses("1", workload("a", "v1")));
        stream.send(policies("2"));
        assertThat(state.isLoaded()).isTrue();
        return stream;
    }

    private String awaitError(Predicate<String> expected) {
        for (;;) {
            String error = source.status().error();
            if (error != null && expected.test(error)) {
                return error;
            }
            Thread.onSpinWait();
        }
    }

    private Verdict verdict(String uid) throws Exception {
        Workload workload = state.get().workload(uid).orElseThrow();
        InetAddress address = workload.addresses().get(0);
        return Authorization.decide(state.get(), workload, new Attempt(address, null, new InetSocketAddress(address, 80)), Trace.NONE);
    }

    @Test
    void introducesItselfAndSubscribesToAll(@TempDir Path directory) throws Exception {
        Path token = Files.writeString(directory.resolve("token"), "first\n");
        start(PATIENT, "AUTH_TOKEN", token.toString(), "CLUSTER_ID", "c1", "XDS_HEADER_X-Tenant", "t", "INSTANCE_IP", "10.1.1.1", "POD_NAME", "z", "POD_NAMESPACE",
                "istio-system", "NODE_NAME", "n", "ISTIO_META_FLAVOUR", "fine", "ISTIO_METAJSON_MORE", "{\"list\": [1, true, null, \"x\"]}");
        TestControlPlane.Stream stream = server.accept();
        assertThat(stream.header("authorization")).isEqualTo("Bearer first");
        assertThat(stream.header("clusterid")).isEqualTo("c1");
        assertThat(stream.header("x-tenant")).isEqualTo("t");
        DeltaDiscoveryRequest request = stream.request();
        assertThat(request.getNode().getId()).isEqualTo("ztunnel~10.1.1.1~z.istio-system~istio-system.svc.cluster.local");
        assertThat(request.getNode().getMetadata().getFieldsMap().keySet())
                .contains("NAME", "NAMESPACE", "INSTANCE_IPS", "NODE_NAME", "FLAVOUR", "MORE").doesNotContain("ISTIO_META_FLAVOUR");
        assertThat(request.getNode().getMetadata().getFieldsOrThrow("MORE").getStructValue().getFieldsOrThrow("list").getListValue().getValuesList())
                .extracting(value -> value.getKindCase().name()).containsExactly("NUMBER_VALUE", "BOOL_VALUE", "NULL_VALUE", "STRING_VALUE");
        assertThat(request.getTypeUrl()).isEqualTo(AddressSet.TYPE);
        assertThat(request.getResourceNamesSubscribeList()).isEmpty();
        assertThat(request.getInitialResourceVersionsMap()).isEmpty();
        assertThat(stream.request().getTypeUrl()).isEqualTo(PolicySet.TYPE);

        Files.writeString(token, "second");
        stream.end(Status.UNAVAILABLE);
        assertThat(server.accept().header("authorization")).isEqualTo("Bearer second");
    }

    /** Connections need names at about the same time; the control plane gets one request for all of them. */
    @Test
    void whatIsNeededAtTheSameTimeIsOneRequest() throws Exception {
        assertThat(XdsSource.Limits.DEFAULT.gathering()).isEqualTo(Duration.ofMillis(10));
        start(new XdsSource.Limits(Duration.ofMinutes(1), Duration.ofMillis(20), Duration.ofMinutes(1), LOST, 1 << 20, Duration.ofSeconds(2)), "XDS_ON_DEMAND", "true");
        TestControlPlane.Stream stream = accept();
        stream.send(policies("1"));
        state.demand().ask("n/10.1.0.1", () -> { });
        assertThat(stream.send(addresses("2", workload("a", "v1"))).getResponseNonce()).as("the source's thread has done something else meanwhile").isEqualTo("2");
        state.demand().ask("n/10.1.0.2", () -> { });
        assertThat(stream.request().getResourceNamesSubscribeList()).containsExactly("n/10.1.0.1", "n/10.1.0.2");
        state.demand().ask("n/10.2.0.1", () -> { });
        assertThat(stream.request().getResourceNamesSubscribeList()).containsExactly("n/10.2.0.1");
    }

    /** Names, labels and values are those of Istio's ztunnel. */
    @Test
    void responsesAndEndedStreamsAreCounted() throws Exception {
        start(PATIENT);
        TestControlPlane.Stream stream = loaded();
        Resource second = workload("b", "v1");
        stream.send(addresses("3", second));
        assertThat(counted("istio_xds_message{url=\"" + AddressSet.TYPE + "\"}")).isEqualTo(2);
        assertThat(counted("istio_xds_message_bytes{url=\"" + AddressSet.TYPE + "\"}"))
                .isEqualTo(second.getResource().getValue().size() + workload("a", "v1").getResource().getValue().size());
        assertThat(counted("istio_xds_message{url=\"" + PolicySet.TYPE + "\"}")).isEqualTo(1);

        stream.end(Status.PERMISSION_DENIED);
        stream = accept();
        stream.send(addresses("4", workload("a", "v1")));
        stream.end(Status.UNAVAILABLE);
        accept().end(Status.OK);
        accept();
        assertThat(counted("istio_xds_connection_terminations{reason=\"Error\"}")).isEqualTo(1);
        assertThat(counted("istio_xds_connection_terminations{reason=\"Reconnect\"}")).isEqualTo(1);
        assertThat(counted("istio_xds_connection_terminations{reason=\"Complete\"}")).isEqualTo(1);
        assertThat(counted("istio_xds_connection_terminations{reason=\"ConnectionError\"}")).isZero();
        server.stop();
        awaitError(error -> error.contains("Connection refused"));
        assertThat(counted("istio_xds_connection_terminations{reason=\"ConnectionError\"}")).isPositive();
    }

    private double counted(String series) {
        Map<String, Double> all = new HashMap<>();
        source.counters().forEach(counter -> counter.collect().forEach(metric -> metric.getDataPoints().forEach(point -> all.put(
                metric.getMetadata().getName() + point.getLabels(), ((CounterDataPointSnapshot) point).getValue()))));
        assertThat(all).containsKey(series);
        return all.get(series);
    }

    @Test
    void nothingCountsBeforeBothTypesAreKnown() throws Exception {
        start(PATIENT);
        TestControlPlane.Stream stream = accept();
        DeltaDiscoveryRequest ack = stream.send(addresses("n1", workload("a", "v1"), workload("b", "v1")));
        assertThat(ack.getTypeUrl()).isEqualTo(AddressSet.TYPE);
        assertThat(ack.getResponseNonce()).isEqualTo("n1");
        assertThat(ack.hasErrorDetail()).isFalse();
        assertThat(state.isLoaded()).isFalse();

        assertThat(stream.send(policies("n2", policy(Responses.deny("all").addRules(SecurityApi.Rule.newBuilder())))).getResponseNonce()).isEqualTo("n2");
        assertThat(state.isLoaded()).isTrue();
        assertThat(swaps).hasValue(1);
        assertThat(state.get().size()).isEqualTo(2);
        assertThat(verdict("a").allowed()).isFalse();
        assertThat(source.status().error()).isNull();
        assertThat(source.status().version()).isEqualTo("n2");
    }

    @Test
    void aResponseIsOneChangeAndOneThatChangesNothingIsNone() throws Exception {
        start(PATIENT);
        TestControlPlane.Stream stream = loaded();
        assertThat(swaps).hasValue(1);
        Workload before = state.get().workload("a").orElseThrow();

        stream.send(response(AddressSet.TYPE, "3", workload("b", "v1"), workload("c", "v1"), workload("c", "v2"), workload("b", "v1")).addRemovedResources("gone").build());
        assertThat(swaps).hasValue(2);
        assertThat(state.get().workloads()).extracting(Workload::uid).containsExactlyInAnyOrder("a", "b", "c");

        stream.send(addresses("4", workload("a", "v1"), workload("b", "v1")));
        assertThat(swaps).hasValue(2);
        assertThat(state.get().workload("a").orElseThrow()).isSameAs(before);

        stream.send(response(AddressSet.TYPE, "5").addRemovedResources("a").addRemovedResources("b").build());
        assertThat(state.get().workloads()).extracting(Workload::uid).containsExactly("c");
        assertThat(source.status().reloads()).isEqualTo(2);
    }

    /** A control plane may send a thousand responses a second, one after the other. */
    @Test
    void whatComesAtAboutTheSameTimeCountsTogetherAndTheLastIsAcknowledged() throws Exception {
        start(gathering(Duration.ofSeconds(2)));
        TestControlPlane.Stream stream = loaded();
        for (int i = 1; i <= 5; i++) {
            stream.say(addresses("c" + i, workload("v" + i, pod("a", "10.0.0." + i, "test"))));
        }
        assertThat(stream.request().getResponseNonce()).isEqualTo("c5");
        assertThat(swaps).hasValue(2);
        assertThat(state.get().workload("a").orElseThrow().addresses()).containsExactly(InetAddress.getByName("10.0.0.5"));
        assertThat(source.status().version()).isEqualTo("c5");
        assertThat(counted("istio_xds_message{url=\"" + AddressSet.TYPE + "\"}")).isEqualTo(6);
    }

    @Test
    void eachRefusalIsToldInTheOrderOfTheResponses() throws Exception {
        start(gathering(Duration.ofSeconds(2)));
        TestControlPlane.Stream stream = loaded();
        stream.say(addresses("good 1", workload("b", "v1")));
        stream.say(policies("policy"));
        stream.say(Responses.garbage("bad 1", 3));
        stream.say(Responses.garbage("bad 2", 3));
        stream.say(addresses("good 2", workload("c", "v1")));
        List<String> told = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            DeltaDiscoveryRequest request = stream.request();
            assertThat(request.hasErrorDetail()).isEqualTo(request.getResponseNonce().startsWith("bad"));
            told.add(request.getResponseNonce());
        }
        assertThat(told).containsExactly("policy", "bad 1", "bad 2", "good 2");
        assertThat(swaps).hasValue(2);
        assertThat(source.status().failures()).isEqualTo(2);
    }

    /** Otherwise, no more than sixteen would count in each second. */
    @Test
    @Timeout(20)
    void aServerThatIsFasterIsntWaitedFor() throws Exception {
        start(gathering(Duration.ofSeconds(1)));
        TestControlPlane.Stream stream = loaded();
        for (int i = 1; i <= 200; i++) {
            stream.say(addresses("c" + i, workload("v" + i, pod("a", "10.0.0." + i, "test"))));
        }
        String nonce;
        do {
            nonce = stream.request().getResponseNonce();
        } while (Integer.parseInt(nonce.substring(1)) < 200);
    }

    @Test
    void whatHasComeCountsIfTheStreamEndsMeanwhile() throws Exception {
        start(new XdsSource.Limits(Duration.ofMinutes(1), Duration.ofMinutes(1), Duration.ofMinutes(1), Duration.ofHours(10), 1 << 20, Duration.ofMillis(100)));
        TestControlPlane.Stream stream = accept();
        stream.say(addresses("1", workload("a", "v1")));
        stream.say(policies("2"));
        stream.say(addresses("3", workload("b", "v1")));
        stream.end(Status.UNAVAILABLE.withDescription("in the middle"));
        awaitError(error -> error.contains("in the middle")); // long before the next attempt
        assertThat(state.get().workloads()).extracting(Workload::uid).containsExactlyInAnyOrder("a", "b");
    }

    private static XdsSource.Limits gathering(Duration time) {
        return new XdsSource.Limits(Duration.ofMinutes(1), Duration.ofMinutes(1), Duration.ofMinutes(1), LOST, 1 << 20, time);
    }

    /** The indexes hold the uid, so a mesh that changes for long would hold each twice otherwise. */
    @Test
    void aWorkloadThatChangesKeepsItsUid() throws Exception {
        start(PATIENT);
        TestControlPlane.Stream stream = loaded();
        String uid = state.get().workload("a").orElseThrow().uid();
        stream.send(addresses("3", workload("v2", pod("a", "10.0.0.2", "test"))));
        assertThat(state.get().workload("a").orElseThrow().uid()).isSameAs(uid);
    }

    @Test
    void theLastOfTwoCountsAndWhatIsRemovedAndSentIsThere() throws Exception {
        start(PATIENT);
        TestControlPlane.Stream stream = loaded();
        stream.send(response(AddressSet.TYPE, "3", workload("v2", pod("a", "10.0.0.2", "test")), workload("v3", pod("a", "10.0.0.3", "test")))
                .addRemovedResources("a").build());
        assertThat(state.get().workload("a").orElseThrow().addresses()).containsExactly(InetAddress.getByName("10.0.0.3"));
        assertThat(state.get().at("", InetAddress.getByName("10.0.0.2"))).isEmpty();
        stream.send(addresses("4", workload("v1", pod("a", "10.0.0.4", "test")), workload("v3", pod("a", "10.0.0.3", "test"))));
        assertThat(state.get().workload("a").orElseThrow().addresses()).containsExactly(InetAddress.getByName("10.0.0.3"));
    }

    /** Istiod sends the workloads that name a new policy before the policy. Until it is there, it would deny, and cut open connections. */
    @Test
    void aWorkloadThatNamesANewPolicyCountsWhenThePolicyHasCome() throws Exception {
        start(PATIENT);
        TestControlPlane.Stream stream = loaded();
        WorkloadApi.Workload.Builder guarded = pod("a", "10.0.0.1", "test").addAuthorizationPolicies("default/new");
        assertThat(stream.send(addresses("3", workload("v2", guarded))).hasErrorDetail()).isFalse();
        assertThat(swaps).hasValue(1);
        stream.send(addresses("4", workload("v1", pod("b", "10.0.0.2", "test"))));
        assertThat(state.get().workload("b")).as("what is unrelated counts at once").isPresent();
        assertThat(verdict("a").allowed()).isTrue();

        stream.send(policies("5", policy(Responses.deny("new").setScope(SecurityApi.Scope.WORKLOAD_SELECTOR).addRules(SecurityApi.Rule.newBuilder()))));
        assertThat(swaps).hasValue(3);
        assertThat(verdict("a").basis()).isEqualTo(Verdict.Basis.EXPLICITLY_DENIED);
    }

    @Test
    void aPolicyThatDoesntComeIsWaitedForOnceAndThenUnknown() throws Exception {
        start(new XdsSource.Limits(Duration.ofMinutes(1), Duration.ofMinutes(1), Duration.ofMillis(50), LOST, 1 << 20, Duration.ofMillis(10)));
        TestControlPlane.Stream stream = loaded();
        stream.send(addresses("3", workload("v2", pod("a", "10.0.0.1", "test").addAuthorizationPolicies("default/new"))));
        while (swaps.get() < 2) {
            Thread.onSpinWait();
        }
        assertThat(verdict("a").basis()).isEqualTo(Verdict.Basis.POLICY_UNKNOWN);
        stream.send(addresses("4", workload("v3", pod("a", "10.0.0.9", "test").addAuthorizationPolicies("default/new"))));
        assertThat(swaps).hasValue(3);
        assertThat(state.get().workload("a").orElseThrow().addresses()).containsExactly(InetAddress.getByName("10.0.0.9"));
    }

    @Test
    void whatWasAskedForIsAnsweredWhenItCounts() throws Exception {
        start(PATIENT, "XDS_ON_DEMAND", "true");
        TestControlPlane.Stream stream = accept();
        stream.send(policies("1"));
        AtomicInteger answers = new AtomicInteger();
        state.demand().ask("/10.0.0.1", answers::incrementAndGet);
        assertThat(stream.request().getResourceNamesSubscribeList()).containsExactly("/10.0.0.1");
        stream.send(addresses("2", workload("v1", pod("a", "10.0.0.1", "test").addAuthorizationPolicies("default/new")).toBuilder()
                .addAliases("/10.0.0.1").build()));
        stream.send(addresses("3")); // whose acknowledgement comes after what belongs to the one before
        assertThat(answers).hasValue(0);
        stream.send(policies("4", policy(Responses.deny("new").setScope(SecurityApi.Scope.WORKLOAD_SELECTOR))));
        awaitAnswers(answers, 1);
        assertThat(state.get().workload("a")).isPresent();
    }

    @Test
    void aBadResourceRefusesItselfOnlyAndWhatWasThereStays() throws Exception {
        start(PATIENT);
        TestControlPlane.Stream stream = loaded();
        DeltaDiscoveryRequest nack = stream.send(addresses("3",
                workload("v2", pod("a", "10.0.0.1", "test").setTunnelProtocol(WorkloadApi.TunnelProtocol.LEGACY_ISTIO_MTLS)),
                workload("b", "v1"),
                Responses.resource(PolicySet.TYPE, "odd", "v1", ByteString.EMPTY),
                Responses.resource(AddressSet.TYPE, "garbage", "v1", ByteString.copyFromUtf8("\377\377"))));
        assertThat(nack.getResponseNonce()).isEqualTo("3");
        assertThat(nack.getErrorDetail().getMessage()).startsWith("a: its tunnel protocol 2 isn't one that this version knows; odd: its type is ")
                .contains("; garbage: it isn't an Address");
        assertThat(state.get().workload("b")).isPresent();
        assertThat(state.get().workload("a").orElseThrow().name()).isEqualTo("name-a");
        assertThat(source.status().error()).startsWith("3 resources can't be used: a: ");
        assertThat(source.status().failures()).isEqualTo(1);

        stream.end(Status.UNAVAILABLE);
        DeltaDiscoveryRequest again = server.accept().request();
        assertThat(again.getInitialResourceVersionsMap()).containsOnly(Map.entry("a", ""), Map.entry("b", "v1"));
    }

    /** The change that can't be used may be the one that brings a tunnel, a policy, a waypoint or an address. */
    @Test
    void whatProtectsLessThanAChangeThatCantBeUsedDoesntStay() throws Exception {
        start(PATIENT);
        TestControlPlane.Stream stream = loaded();
        WorkloadApi.Workload.Builder plain = pod("p", "10.0.0.2", "test").setTunnelProtocol(WorkloadApi.TunnelProtocol.NONE);
        WorkloadApi.GatewayAddress waypoint = WorkloadApi.GatewayAddress.newBuilder()
                .setAddress(WorkloadApi.NetworkAddress.newBuilder().setAddress(Responses.bytes("10.0.0.9"))).build();
        List<UnaryOperator<WorkloadApi.Workload.Builder>> changes = List.of(
                workload -> workload.setTunnelProtocol(WorkloadApi.TunnelProtocol.HBONE),
                workload -> workload.setTunnelProtocolValue(7),
                workload -> workload.addAuthorizationPolicies("default/new"),
                workload -> workload.setWaypoint(waypoint),
                workload -> workload.addAddresses(Responses.bytes("10.0.0.3")));
        for (UnaryOperator<WorkloadApi.Workload.Builder> change : changes) {
            stream.send(addresses("good", workload("v1", plain)));
            WorkloadApi.Workload.Builder bad = plain.clone().setStatusValue(7);
            stream.send(addresses("bad", workload("v2", bad)));
            assertThat(state.get().workload("p").orElseThrow().name()).isEqualTo("name-p");
            stream.send(addresses("worse", workload("v3", change.apply(bad))));
            assertThat(state.get().workload("p").orElseThrow().trustDomain()).isEqualTo("unusable.invalid");
        }
        WorkloadApi.Service.Builder service = WorkloadApi.Service.newBuilder().setNamespace("default").setHostname("s.local")
                .addPorts(WorkloadApi.Port.newBuilder().setServicePort(80));
        stream.send(addresses("good", Responses.service("v1", service)));
        service.setIpFamiliesValue(7);
        stream.send(addresses("bad", Responses.service("v2", service)));
        assertThat(state.get().services().iterator().next().ports().target(80)).isNotNull();
        stream.send(addresses("worse", Responses.service("v3", service.setWaypoint(waypoint))));
        assertThat(state.get().services().iterator().next().ports().target(80)).isNull();
    }

    /** What is meant isn't known at all, so it may be a tunnel where plaintext went before. */
    @Test
    void whatWasThereDoesntStayIfItsUpdateCantBeReadAtAll() throws Exception {
        start(PATIENT);
        TestControlPlane.Stream stream = loaded();
        WorkloadApi.Workload.Builder plain = pod("p", "10.0.0.2", "test").setTunnelProtocol(WorkloadApi.TunnelProtocol.NONE);
        WorkloadApi.Service.Builder service = WorkloadApi.Service.newBuilder().setNamespace("default").setHostname("s.local")
                .addAddresses(WorkloadApi.NetworkAddress.newBuilder().setAddress(Responses.bytes("10.96.0.8")))
                .addPorts(WorkloadApi.Port.newBuilder().setServicePort(80).setTargetPort(80));
        OutboundRouting routing = new OutboundRouting(true, address -> false);
        Workload client = state.get().workload("a").orElseThrow();
        Target pod = new Target.Address(InetAddress.getByName("10.0.0.2"), 80);
        Target virtual = new Target.Address(InetAddress.getByName("10.96.0.8"), 80);
        Resource empty = Resource.newBuilder().setName("p").setVersion("v2").build();
        for (Resource unreadable : List.of(Responses.resource(AddressSet.TYPE, "p", "v2", ByteString.copyFromUtf8("\377\377")),
                Responses.resource("type.googleapis.com/other", "p", "v2", ByteString.EMPTY), Responses.resource(AddressSet.TYPE, "p", "v2", ByteString.EMPTY),
                Responses.resource(AddressSet.TYPE, "p", "v2", WorkloadApi.Address.newBuilder().setWorkload(plain.clone().setUid("")).build().toByteString()), empty)) {
            stream.send(addresses("good", workload("v1", plain), Responses.service("v1", service)));
            assertThat(routing.route(state.get(), client, pod, Choice.atRandom(), Trace.NONE)).isInstanceOf(OutboundRoute.Plaintext.class);
            stream.send(addresses("bad", unreadable, unreadable.toBuilder().setName("default/s.local").build()));
            assertThat(routing.route(state.get(), client, pod, Choice.atRandom(), Trace.NONE)).isInstanceOfSatisfying(OutboundRoute.Tunnel.class,
                    tunnel -> assertThat(tunnel.hop().identities()).extracting(id -> id.trustDomain()).containsExactly("unusable.invalid"));
            assertThat(routing.route(state.get(), client, virtual, Choice.atRandom(), Trace.NONE)).isInstanceOf(OutboundRoute.Refused.class);
        }
        stream.end(Status.UNAVAILABLE);
        assertThat(server.accept().request().getInitialResourceVersionsMap()).as("to be sent again").containsEntry("p", "").containsEntry("default/s.local", "");
    }

    @Test
    void aWorkloadOfItsNodesNetworkDoesntTakeTheNodesAddress() throws Exception {
        start(PATIENT);
        loaded().send(addresses("3", workload("v1", pod("h", "10.0.0.9", "test").setNetworkMode(WorkloadApi.NetworkMode.HOST_NETWORK).setStatusValue(7))));
        assertThat(state.get().workload("h")).isPresent();
        assertThat(state.get().at("", InetAddress.getByName("10.0.0.9"))).isEmpty();
    }

    @Test
    void whatIsRefusedWithoutEffectIsForgottenWithItsStream() throws Exception {
        start(PATIENT);
        TestControlPlane.Stream stream = loaded();
        stream.send(addresses("3", Responses.resource(AddressSet.TYPE, "garbage", "v1", ByteString.copyFromUtf8("\377\377"))));
        assertThat(source.status().error()).startsWith("1 resources can't be used: garbage: ");
        stream.end(Status.UNAVAILABLE);
        accept().send(addresses("4", workload("a", "v1")));
        assertThat(source.status().error()).isNull();
    }

    /** Otherwise a connection to a pod or a service that a newer control plane describes would go there in plaintext. */
    @Test
    void nothingIsReachedInPlaintextAtTheAddressesOfWhatCantBeUsed() throws Exception {
        start(PATIENT);
        TestControlPlane.Stream stream = loaded();
        DeltaDiscoveryRequest nack = stream.send(addresses("3", workload("v1", pod("new", "10.0.0.7", "test").setTunnelProtocolValue(7)),
                Responses.service("v1", WorkloadApi.Service.newBuilder().setNamespace("default").setHostname("new.local").setVisibilityValue(7)
                        .addAddresses(WorkloadApi.NetworkAddress.newBuilder().setAddress(Responses.bytes("10.96.0.7"))))));
        assertThat(nack.getErrorDetail().getMessage()).isEqualTo("new: its tunnel protocol 7 isn't one that this version knows;"
                + " default/new.local: its visibility 7 isn't one that this version knows");
        OutboundRouting routing = new OutboundRouting(true, address -> false);
        Workload client = state.get().workload("a").orElseThrow();
        OutboundRoute toPod = routing.route(state.get(), client, new Target.Address(InetAddress.getByName("10.0.0.7"), 80), Choice.atRandom(), Trace.NONE);
        assertThat(toPod).isInstanceOfSatisfying(OutboundRoute.Tunnel.class,
                tunnel -> assertThat(tunnel.hop().identities()).extracting(id -> id.trustDomain()).containsExactly("unusable.invalid"));
        assertThat(routing.route(state.get(), client, new Target.Address(InetAddress.getByName("10.96.0.7"), 80), Choice.atRandom(), Trace.NONE))
                .isInstanceOf(OutboundRoute.Refused.class);

        assertThat(stream.send(addresses("4", workload("v2", pod("new", "10.0.0.7", "test")))).hasErrorDetail()).isFalse();
        assertThat(state.get().workload("new").orElseThrow().name()).isEqualTo("name-new");
    }

    @Test
    void aGoodVersionEndsTheError() throws Exception {
        start(PATIENT);
        TestControlPlane.Stream stream = loaded();
        stream.send(addresses("3", workload("v1", pod("b", "10.0.0.9", "test").setNamespace(""))));
        assertThat(source.status().error()).startsWith("1 resources can't be used: b: ");
        assertThat(stream.send(addresses("4", workload("b", "v2"))).hasErrorDetail()).isFalse();
        assertThat(source.status().error()).isNull();
    }

    @Test
    void policiesThatCantBeUnderstoodDenyWhatTheyMayConcern() throws Exception {
        start(PATIENT);
        TestControlPlane.Stream stream = loaded();
        stream.send(addresses("3", workload("v1", pod("far", "10.0.0.7", "test").setNamespace("elsewhere")), workload("v1",
                pod("chosen", "10.0.0.8", "test").setNamespace("third").addAuthorizationPolicies("third/new"))));
        SecurityApi.Authorization newer = SecurityApi.Authorization.parseFrom(
                Responses.deny("later").build().toByteString().concat(ByteString.copyFrom(new byte[] {(byte) 0xf8, 0x01, 1}))); // field 31
        DeltaDiscoveryRequest nack = stream.send(policies("4", policy(newer.toBuilder()),
                policy(Responses.deny("new").setNamespace("third").setScope(SecurityApi.Scope.WORKLOAD_SELECTOR).setActionValue(9))));
        assertThat(nack.getErrorDetail().getMessage()).contains("default/later: its Authorization has the field 31", "; third/new: its action 9");
        assertThat(verdict("a").basis()).isEqualTo(Verdict.Basis.POLICY_UNREADABLE);
        assertThat(verdict("chosen").basis()).isEqualTo(Verdict.Basis.POLICY_UNREADABLE);
        assertThat(verdict("far").allowed()).isTrue();

        SecurityApi.StringMatch folded = SecurityApi.StringMatch.parseFrom(SecurityApi.StringMatch.newBuilder().setExact("x").build().toByteString()
                .concat(ByteString.copyFrom(new byte[] {(byte) 0xf8, 0x01, 1})));
        assertThat(stream.send(policies("folded", policy(Responses.deny("folded").addRules(SecurityApi.Rule.newBuilder().addClauses(SecurityApi.Clause.newBuilder()
                .addMatches(SecurityApi.Match.newBuilder().addPrincipals(folded))))))).getErrorDetail().getMessage()).contains("StringMatch has the field 31");
        stream.send(response(PolicySet.TYPE, "").addRemovedResources("default/folded").build());

        stream.send(policies("5", Responses.resource(PolicySet.TYPE, "any/garbage", "", ByteString.copyFromUtf8("\377\377"))));
        assertThat(state.get().globalPolicies()).extracting(Policy::fullName).containsExactly("any/garbage");
        assertThat(verdict("far").basis()).isEqualTo(Verdict.Basis.POLICY_UNREADABLE);

        stream.end(Status.UNAVAILABLE);
        TestControlPlane.Stream next = server.accept();
        next.request();
        assertThat(next.request().getInitialResourceVersionsMap()).containsOnlyKeys("default/later", "third/new", "any/garbage").containsValue("");
        next.send(response(PolicySet.TYPE, "6").addRemovedResources("any/garbage").addRemovedResources("default/later").build());
        assertThat(verdict("far").allowed()).isTrue();
        assertThat(verdict("a").allowed()).isTrue();
    }

    /**
     * What hasn't been answered is asked for behind the versions of what is there: of a resource whose version istiod has too, it says nothing
     * in its answer to those, even if another name of it was among them.
     */
    @Test
    void onDemandBeginsWithNothingAndAsksAgainOnTheNextStream() throws Exception {
        start(PATIENT, "XDS_ON_DEMAND", "true");
        TestControlPlane.Stream stream = server.accept();
        DeltaDiscoveryRequest request = stream.request();
        assertThat(request.getResourceNamesSubscribeList()).containsExactly("*");
        assertThat(request.getResourceNamesUnsubscribeList()).containsExactly("*");
        assertThat(stream.request().getResourceNamesSubscribeList()).isEmpty();
        stream.send(policies("1"));
        assertThat(state.isLoaded()).isTrue();

        AtomicInteger answers = new AtomicInteger();
        state.demand().ask("/10.0.0.1", answers::incrementAndGet);
        assertThat(stream.request().getResourceNamesSubscribeList()).containsExactly("/10.0.0.1");
        state.demand().ask("default/web.local", answers::incrementAndGet);
        assertThat(stream.request().getResourceNamesSubscribeList()).containsExactly("default/web.local");
        assertThat(stream.send(addresses("2", workload("a", "v1").toBuilder().addAliases("/10.0.0.1").build())).hasErrorDetail()).isFalse();
        awaitAnswers(answers, 1);
        assertThat(state.get().workload("a")).isPresent();

        stream.end(Status.UNAVAILABLE);
        TestControlPlane.Stream next = server.accept();
        assertThat(next.request().getInitialResourceVersionsMap()).containsOnly(Map.entry("a", "v1"), Map.entry("/10.0.0.1", ""));
        next.request();
        assertThat(next.request().getResourceNamesSubscribeList()).containsExactly("default/web.local");
        next.send(response(AddressSet.TYPE, "3").addRemovedResources("default/web.local").build());
        awaitAnswers(answers, 2);
        assertThat(state.get().workload("a")).isPresent();
    }

    /** Istiod subscribes before it unsubscribes, so in one request such a name would end up as given up. */
    @Test
    void whatIsGivenUpAndAskedForAgainStaysAskedFor() throws Exception {
        start(PATIENT, "XDS_ON_DEMAND", "true");
        TestControlPlane.Stream stream = accept();
        stream.send(policies("1"));
        for (int i = 0; i < OnDemand.MOST; i++) {
            state.demand().ask("n/" + i, () -> { }).close();
        }
        Set<String> told = new HashSet<>();
        hear(stream, "n/" + (OnDemand.MOST - 1), told);
        state.demand().ask("n/one more", () -> { }).close();
        state.demand().ask("n/0", () -> { }).close();
        hear(stream, "n/0", told);
        assertThat(told).hasSize(OnDemand.MOST).contains("n/0", "n/one more").doesNotContain("n/1");
    }

    private static void hear(TestControlPlane.Stream stream, String until, Set<String> told) throws Exception {
        DeltaDiscoveryRequest request;
        do {
            request = stream.request();
            told.addAll(request.getResourceNamesSubscribeList());
            request.getResourceNamesUnsubscribeList().forEach(told::remove);
        } while (!request.getResourceNamesSubscribeList().contains(until));
    }

    private static void awaitAnswers(AtomicInteger answers, int count) {
        while (answers.get() < count) {
            Thread.onSpinWait();
        }
    }

    @Test
    void whatIsKnownStaysWhileTheServerIsAway() throws Exception {
        start(PATIENT);
        TestControlPlane.Stream stream = loaded();
        int port = server.port();
        server.close();
        awaitError(error -> error.contains("https://localhost:" + port) && error.contains("Connection refused"));
        assertThat(state.isLoaded()).isTrue();
        assertThat(state.get().workload("a")).isPresent();

        server = keep(TestControlPlane.https(identity, port));
        TestControlPlane.Stream next = server.accept();
        assertThat(next.request().getInitialResourceVersionsMap()).containsOnly(Map.entry("a", "v1"));
        next.request();
        next.send(addresses("1"));
        assertThat(source.status().error()).isNull();
        assertThat(state.get().workload("a")).isPresent();
        assertThat(stream.requests()).isEmpty();
    }

    @Test
    void aStreamThatEndsIsFollowedByAnother() throws Exception {
        start(PATIENT);
        loaded().complete();
        TestControlPlane.Stream stream = accept();
        stream.say(addresses("1", workload("b", "v1")));
        stream.end(Status.INTERNAL.withDescription("in the middle"));
        accept();
        assertThat(awaitError(error -> error.contains("in the middle"))).contains("INTERNAL");
        assertThat(state.get().workload("b")).isPresent();
    }

    /** Istiod ends each connection after half an hour. */
    @Test
    void aConnectionThatHasItsAgeIsFollowedByAnotherWithoutAWarning() throws Exception {
        List<ILoggingEvent> lines = lines(Level.INFO);
        server = keep(TestControlPlane.aging(identity, Duration.ofMillis(500)));
        start(PATIENT);
        loaded();
        accept().say(addresses("1"));
        accept();
        assertThat(lines).extracting(ILoggingEvent::getLevel).contains(Level.INFO).doesNotContain(Level.WARN);
    }

    /** A server that ends connections in order, but never answers, isn't one that does well. */
    @Test
    void aConnectionThatHasItsAgeWithoutAnAnswerIsAWarning() throws Exception {
        List<ILoggingEvent> lines = lines(Level.INFO);
        server = keep(TestControlPlane.aging(identity, Duration.ofMillis(100)));
        start(PATIENT);
        accept();
        accept();
        assertThat(lines).filteredOn(line -> line.getLevel() == Level.WARN).extracting(ILoggingEvent::getFormattedMessage).hasSize(1).first().asString()
                .contains("https://localhost:" + server.port() + " has ended the stream: UNAVAILABLE: ", "NO_ERROR", "and the mesh stays as it is");
    }

    /** What the source says from now on. */
    private List<ILoggingEvent> lines(Level level) {
        Logger logger = (Logger) LoggerFactory.getLogger("xds");
        Level before = logger.getLevel();
        logger.setLevel(level);
        ListAppender<ILoggingEvent> appender = new ListAppender<>();
        appender.list = new CopyOnWriteArrayList<>(); // written by the source's thread while it is read
        appender.start();
        logger.addAppender(appender);
        keep(() -> {
            logger.detachAppender(appender);
            logger.setLevel(before);
        });
        return appender.list;
    }

    @Test
    void silenceIsNoticed() throws Exception {
        start(new XdsSource.Limits(Duration.ofMillis(150), Duration.ofMinutes(1), Duration.ofMinutes(1), LOST, 1 << 20, Duration.ofMillis(10)));
        server.accept();
        assertThat(awaitError(error -> error.contains("has sent nothing for 150 ms"))).contains("hasn't answered about Address and Authorization");
        server.first = List.of(addresses("1")); // policies are missing, without which nothing counts
        awaitError(error -> error.contains("hasn't answered about Authorization"));
        assertThat(state.isLoaded()).isFalse();
        assertThat(source.status().loadedAt()).isNull();
    }

    @Test
    void aResponseThatIsTooLongIsRefused() throws Exception {
        start(new XdsSource.Limits(Duration.ofMinutes(1), Duration.ofMinutes(1), Duration.ofMinutes(1), LOST, 10_000, Duration.ofMillis(10)));
        TestControlPlane.Stream stream = loaded();
        stream.say(addresses("3", workload("v1", pod("b", "10.0.0.2", "x".repeat(10_000)))));
        assertThat(awaitError(error -> error.contains("RESOURCE_EXHAUSTED"))).contains("10000");
        TestControlPlane.Stream next = accept();
        next.send(addresses("1", workload("c", "v1")));
        assertThat(state.get().workloads()).extracting(Workload::uid).containsExactlyInAnyOrder("a", "c");
    }

    @Test
    void aTypeThatNobodyAskedForIsRefused() throws Exception {
        start(PATIENT);
        TestControlPlane.Stream stream = loaded();
        DeltaDiscoveryRequest nack = stream.send(response("type.googleapis.com/some.Other", "9", workload("b", "v1")).build());
        assertThat(nack.getResponseNonce()).isEqualTo("9");
        assertThat(nack.getErrorDetail().getMessage()).contains("some.Other");
        assertThat(swaps).hasValue(1);
    }

    @Test
    void onlyTheRootsAndNamesThatAreExpectedAreTrustedAndTheFileIsReadAgain() throws Exception {
        TestAuthority other = new TestAuthority("CN=another root");
        Files.writeString(roots, other.pem());
        start(PATIENT);
        awaitError(error -> error.contains("unable to find valid certification path"));

        Files.writeString(roots, authority.pem());
        TestControlPlane.Stream stream = loaded();
        Files.writeString(roots, other.pem() + authority.pem());
        loaded();
        assertThat(stream.requests()).isEmpty();

        int port = server.port();
        server.close();
        server = keep(TestControlPlane.https(authority.issue("elsewhere.test", "10.0.0.1"), port));
        assertThat(awaitError(error -> error.contains("certificate is for"))).contains("[elsewhere.test, 10.0.0.1], not for localhost");
        source.close();
        start(PATIENT, "ALT_XDS_HOSTNAME", "elsewhere.test");
        accept();
    }

    /** The server comes back with a certificate of other roots, which the file has had for a while. */
    @Test
    void rootsThatChangeWhileThereIsNoStreamAreThoseOfTheNextAttempt() throws Exception {
        List<ILoggingEvent> lines = lines(Level.DEBUG);
        start(PATIENT);
        loaded();
        int port = server.port();
        server.close();
        awaitError(error -> error.contains("Connection refused"));
        TestAuthority other = new TestAuthority("CN=another root");
        TestAuthority.Identity issued = other.issue("localhost");
        Pattern pause = Pattern.compile("tried again in \\d{4,} ms"); // in which the file is looked at many times
        while (lines.stream().noneMatch(line -> pause.matcher(line.getFormattedMessage()).find())) {
            Thread.onSpinWait();
        }
        Files.writeString(roots, other.pem());
        server = keep(TestControlPlane.https(issued, port));
        accept();
        assertThat(lines).extracting(ILoggingEvent::getFormattedMessage).noneMatch(line -> line.contains("certification path") || line.contains("is connected to again"));
    }

    @Test
    void rootsThatAreMissingAreNamedAndAwaited(@TempDir Path directory) throws Exception {
        Path later = directory.resolve("later.pem");
        start(PATIENT, "XDS_ROOT_CA", later.toString());
        assertThat(awaitError(error -> error.contains("XDS_ROOT_CA"))).contains(later.toString(), "SYSTEM");
        Files.writeString(later, authority.pem());
        loaded();
    }

    /** As Cilium's agent: plaintext on a unix socket, no versions, one nonce for all policies, and nothing about what has vanished. */
    @Test
    void aServerWithoutVersionsOrServicesSuffices(@TempDir Path directory) throws Exception {
        Path socket = directory.resolve("xds.sock");
        try (TestControlPlane agent = TestControlPlane.unix(socket)) {
            start(PATIENT, "XDS_ADDRESS", "unix://" + socket, "TRUST_DOMAIN", "spiffe.cilium");
            TestControlPlane.Stream stream = agent.accept();
            stream.request();
            stream.request();
            stream.send(addresses("x", workload("a", ""), workload("b", "")));
            stream.send(policies("0"));
            assertThat(state.get().workload("a").orElseThrow().trustDomain()).isEqualTo("spiffe.cilium");
            stream.send(response(AddressSet.TYPE, "y", workload("c", "")).addRemovedResources("a").build());
            assertThat(state.get().workloads()).extracting(Workload::uid).containsExactlyInAnyOrder("b", "c");

            stream.end(Status.UNAVAILABLE);
            TestControlPlane.Stream next = agent.accept();
            next.request();
            next.request();
            next.send(addresses("z", workload("c", "")));
            assertThat(state.get().workloads()).extracting(Workload::uid).containsExactly("c");
            next.send(addresses("z", workload("d", "")));
            assertThat(state.get().workloads()).extracting(Workload::uid).containsExactlyInAnyOrder("c", "d");
        }
    }
}
