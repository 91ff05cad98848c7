package io.inpod.examples.ztunnel.traffic;

import static org.assertj.core.api.Assertions.assertThat;

import io.inpod.examples.ztunnel.mesh.Mesh;
import io.inpod.examples.ztunnel.mesh.Service;
import io.inpod.examples.ztunnel.mesh.Telemetry;
import io.inpod.examples.ztunnel.mesh.Workload;
import io.inpod.hbone.TunnelResetException;
import io.inpod.hbone.identity.SpiffeId;
import io.netty.channel.ConnectTimeoutException;
import io.prometheus.metrics.model.snapshots.CounterSnapshot;
import io.prometheus.metrics.model.snapshots.CounterSnapshot.CounterDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.Labels;
import java.io.IOException;
import java.net.ConnectException;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import javax.net.ssl.SSLException;
import org.junit.jupiter.api.Test;

class TrafficTest {
    private static final int MOST = 4;
    private static final SpiffeId SHOWN = SpiffeId.parse("spiffe://td/ns/a/sa/b");
    private static final Flow.Route ROUTE =
            new Flow.Route(new InetSocketAddress("10.0.0.1", 1), null, new InetSocketAddress("10.0.0.2", 2));

    private final Workload a = workload("a", "app-a");
    private final Workload b = workload("b", "app-b");
    private final Workload sameAsB = workload("c", "app-b");
    private final Service service = Service.builder("default", "web.example").name("web").build();
    private final Traffic traffic = new Traffic(MOST);
    private final PodTraffic pod = traffic.pod();

    private static Workload workload(String uid, String app) {
        return Workload.builder(uid, "default").telemetry(new Telemetry("deployment", app + "-d", app, "v1", "k")).build();
    }

    private static TrafficKey key(Workload from, Workload to) {
        return new TrafficKey(false, from, null, to, null, null, false);
    }

    private List<CounterDataPointSnapshot> points(String name) {
        return traffic.collect().stream().filter(snapshot -> snapshot.getMetadata().getName().equals(name)).map(CounterSnapshot.class::cast)
                .flatMap(snapshot -> snapshot.getDataPoints().stream()).toList();
    }

    private double value(String name) {
        return points(name).stream().mapToDouble(CounterDataPointSnapshot::getValue).sum();
    }

    private double opened() {
        return value("istio_tcp_connections_opened");
    }

    @Test
    void podsWithTheSameNamesAreCountedTogetherForAsLongAsOneIsThere() {
        PodTraffic other = traffic.pod();
        pod.opened(key(a, b), ROUTE).ended(1, 2, ResponseFlag.NONE);
        other.opened(key(a, sameAsB), ROUTE).ended(10, 20, ResponseFlag.CONNECT);
        assertThat(traffic.series()).isOne();
        assertThat(opened()).isEqualTo(2);
        assertThat(value("istio_tcp_received_bytes")).isEqualTo(11);
        assertThat(value("istio_tcp_sent_bytes")).isEqualTo(22);
        assertThat(points("istio_tcp_connections_closed")).extracting(point -> point.getLabels().get("response_flags"))
                .containsExactlyInAnyOrder("-", "CONNECT");
        assertThat(points("istio_tcp_connections_failed")).extracting(point -> point.getLabels().get("response_flags"))
                .containsExactly("CONNECT");

        pod.close();
        assertThat(opened()).as("the other pod still has it, and counters don't go back").isEqualTo(2);
        other.close();
        assertThat(points("istio_tcp_connections_opened")).isEmpty();
        other.opened(key(a, b), ROUTE).ended(0, 0, ResponseFlag.NONE); // a last connection of a pod that is gone
        assertThat(traffic.series()).isZero();
        assertThat(points("istio_tcp_connections_opened")).isEmpty();
        assertThat(traffic.overflowed()).isZero();
    }

    @Test
    void whatAnOpenConnectionHasCarriedIsCountedOnce() {
        AtomicLong up = new AtomicLong(5);
        Flow flow = pod.opened(new TrafficKey(true, a, SHOWN, b, SHOWN, service, true), ROUTE);
        flow.carriedBy(up::get, () -> 7);
        assertThat(value("istio_tcp_received_bytes")).isEqualTo(5);
        up.set(6);
        assertThat(value("istio_tcp_received_bytes")).isEqualTo(6);
        assertThat(pod.open()).containsExactly(flow);
        flow.ended(9, 7, ResponseFlag.NONE);
        assertThat(value("istio_tcp_received_bytes")).isEqualTo(9);
        assertThat(value("istio_tcp_sent_bytes")).isEqualTo(7);
        assertThat(pod.open()).isEmpty();
        Labels labels = points("istio_tcp_sent_bytes").get(0).getLabels();
        assertThat(labels.get("destination_service_name")).isEqualTo("web");
        assertThat(labels.get("destination_service")).isEqualTo("web.example");
        assertThat(labels.get("source_principal")).isEqualTo(SHOWN.toString());
        assertThat(labels.get("connection_security_policy")).isEqualTo("mutual_tls");
        assertThat(labels.get("source_zone")).isEqualTo("unknown");
    }

    @Test
    void moreSeriesThanThereMayBeAreOne() {
        for (int i = 0; i < MOST + 3; i++) {
            pod.failed(key(a, workload("w" + i, "app" + i)), ResponseFlag.DENY);
        }
        assertThat(traffic.series()).isEqualTo(MOST);
        assertThat(traffic.overflowed()).isEqualTo(3);
        assertThat(opened()).isEqualTo(MOST + 3);
        assertThat(points("istio_tcp_connections_failed")).filteredOn(point -> "overflow".equals(point.getLabels().get("source_workload")))
                .extracting(CounterDataPointSnapshot::getValue).containsExactly(3.0);
        pod.close();
        traffic.pod().failed(key(a, b), ResponseFlag.DENY);
        assertThat(traffic.overflowed()).as("there is room again").isEqualTo(3);
    }

    @Test
    void whatHasASeriesKeepsItWhenThereIsNoRoomForMore() {
        Mesh mesh = Mesh.EMPTY.change().put(a).put(b).build();
        pod.failed(key(a, b), ResponseFlag.DENY);
        for (int i = 0; i < MOST; i++) {
            traffic.pod().failed(key(a, workload("w" + i, "app" + i)), ResponseFlag.DENY);
        }
        assertThat(traffic.overflowed()).isOne();
        traffic.pod().failed(key(a, sameAsB), ResponseFlag.DENY);
        Workload changed = Workload.builder("b", "default").telemetry(b.telemetry()).capacity(7).build();
        pod.follow(mesh.change().put(changed).build());
        pod.failed(key(a, changed), ResponseFlag.DENY);
        assertThat(points("istio_tcp_connections_opened"))
                .filteredOn(point -> "app-b-d".equals(point.getLabels().get("destination_workload")))
                .extracting(CounterDataPointSnapshot::getValue).containsExactly(3.0);
        assertThat(traffic.overflowed()).isOne();
    }

    /** A pod's owner chooses these names. */
    @Test
    void aWorkloadCalledOverflowIsCountedWithTheOverflow() {
        Workload named = Workload.builder("o", "unknown").telemetry(new Telemetry("deployment", "overflow", "", "", "")).build();
        pod.failed(key(named, named), ResponseFlag.DENY);
        for (int i = 0; i <= MOST; i++) {
            pod.failed(key(a, workload("w" + i, "app" + i)), ResponseFlag.DENY);
        }
        assertThat(traffic.overflowed()).isEqualTo(2);
        assertThat(opened()).isEqualTo(MOST + 2);
    }

    @Test
    void whatHasLeftTheMeshIsNotExposedOnceItHasNoConnection() {
        Mesh mesh = Mesh.EMPTY.change().put(a).put(b).put(service).build();
        TrafficKey called = new TrafficKey(false, a, null, b, null, service, false);
        pod.opened(key(a, b), ROUTE).ended(0, 0, ResponseFlag.NONE);
        Flow open = pod.opened(called, ROUTE);
        traffic.follow(mesh);
        assertThat(traffic.series()).isEqualTo(2);

        Workload changed = Workload.builder("b", "default").telemetry(b.telemetry()).capacity(7).build();
        traffic.follow(mesh.change().put(changed).build());
        pod.opened(key(a, changed), ROUTE).ended(0, 0, ResponseFlag.NONE);
        assertThat(traffic.series()).as("a change that no label shows").isEqualTo(2);
        assertThat(opened()).isEqualTo(3);

        traffic.follow(Mesh.EMPTY.change().put(a).build());
        assertThat(traffic.series()).as("one is open").isOne();
        open.ended(0, 0, ResponseFlag.NONE);
        traffic.follow(Mesh.EMPTY.change().put(a).build());
        assertThat(traffic.series()).isZero();
    }

    @Test
    void failuresHaveTheFlagsOfIstio() {
        assertThat(ResponseFlag.of(null, true)).hasToString("-");
        assertThat(ResponseFlag.of(new IOException("x", new SSLException("y")), true)).isEqualTo(ResponseFlag.TLS_FAILURE);
        assertThat(ResponseFlag.of(new IOException("x", new TunnelResetException("y", 1)), true)).isEqualTo(ResponseFlag.H2_HANDSHAKE_FAILURE);
        assertThat(ResponseFlag.of(new IOException("x", new ConnectTimeoutException("y")), true)).isEqualTo(ResponseFlag.NETWORK_POLICY);
        assertThat(ResponseFlag.of(new ConnectTimeoutException("y"), false)).isEqualTo(ResponseFlag.CONNECT);
        assertThat(ResponseFlag.of(new ConnectException("refused"), true)).isEqualTo(ResponseFlag.CONNECT);
    }
}
