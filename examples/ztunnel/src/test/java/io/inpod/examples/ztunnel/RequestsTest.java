package io.inpod.examples.ztunnel;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.AppenderBase;
import io.inpod.examples.ztunnel.PolicyScene.Tunnel;
import io.inpod.examples.ztunnel.mesh.Mesh;
import io.inpod.examples.ztunnel.mesh.NetworkAddress;
import io.inpod.examples.ztunnel.mesh.Ports;
import io.inpod.examples.ztunnel.mesh.Service;
import io.inpod.examples.ztunnel.mesh.ServiceName;
import io.inpod.examples.ztunnel.mesh.Telemetry;
import io.inpod.examples.ztunnel.mesh.Workload;
import io.inpod.hbone.Authority;
import io.inpod.hbone.Header;
import io.inpod.hbone.TunnelChannel;
import io.inpod.hbone.TunnelRefusedException;
import io.inpod.hbone.client.HboneClient;
import io.inpod.netns.testing.PodNetwork;
import io.inpod.netns.testing.Pods;
import io.inpod.netns.testing.Tool;
import io.netty.util.NetUtil;
import io.netty.util.concurrent.Future;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvFileSource;
import org.slf4j.LoggerFactory;

/** The recorded requests that concern addresses and services, with what they lead to and what the log says of them. */
@Timeout(120)
@Pods(value = 4, perClass = true)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class RequestsTest {
    private static final String POD = "locked";
    private static final Telemetry CLUSTER = new Telemetry("deployment", "", "", "", "Kubernetes");

    private final BlockingQueue<String> log = new LinkedBlockingQueue<>();
    private final AppenderBase<ILoggingEvent> appender = new AppenderBase<>() {
        @Override
        protected void append(ILoggingEvent event) {
            if (event.getLevel().isGreaterOrEqual(Level.INFO)) {
                log.add(event.getFormattedMessage());
            }
        }
    };
    private PolicyScene scene;
    private HboneClient client;

    @BeforeAll
    void start(PodNetwork network, @TempDir Path home) throws Exception {
        appender.start();
        ((Logger) LoggerFactory.getLogger("access")).addAppender(appender);
        scene = new PolicyScene(network, home);
        client = scene.client();
        Tool.run(scene.pod(POD).namespace(), "ip", "rule", "add", "ipproto", "tcp", "sport", "9999", "lookup", "100"); // where nobody listens
        scene.state.replace(mesh());
    }

    @AfterAll
    void stop() throws Exception {
        ((Logger) LoggerFactory.getLogger("access")).detachAppender(appender);
        if (scene != null) {
            client.close();
            scene.close();
        }
    }

    /** The mesh with which Istio's ztunnel was observed; the pod has the names that the scene gives it. */
    private Mesh mesh() {
        return Mesh.EMPTY.change()
                .put(scene.workload(POD).telemetry(CLUSTER).services(Map.of(name("svc"), Ports.NONE)).build())
                .put(Workload.builder("cli", "default").name("cli").serviceAccount("sa-cli").addresses(List.of(scene.client.address())).telemetry(CLUSTER)
                        .services(Map.of(name("other"), Ports.NONE)).build())
                .put(service("svc", "10.99.0.1", new Ports(Map.of(80, 8080, 81, 15008))))
                .put(service("other", "10.99.0.2", new Ports(Map.of(80, 8080))))
                .build();
    }

    private static ServiceName name(String service) {
        return new ServiceName("default", service + ".default.svc.cluster.local");
    }

    private static Service service(String service, String address, Ports ports) {
        return Service.builder("default", name(service).hostname()).ports(ports)
                .addresses(List.of(new NetworkAddress("", NetUtil.createInetAddressFromIpAddressString(address)))).build();
    }

    @ParameterizedTest(name = "{0}")
    @CsvFileSource(resources = "/request-cases.psv", delimiter = '|', quoteCharacter = '`')
    void leadsWhereIstiosDoes(String id, String authority, String header, int status, String said) throws Exception {
        log.clear();
        List<Header> headers = header == null ? List.of() : List.of(new Header(header.split(": ", 2)[0], header.split(": ", 2)[1]));
        Tunnel tunnel = new Tunnel();
        Future<TunnelChannel> asked =
                scene.ask(client, "sa-cli", POD, Authority.parse(placed(authority)), headers, tunnel).await();
        if (status == 200) {
            tunnel.send("ping");
            assertThat(tunnel.received.take()).isEqualTo("ping");
            asked.getNow().shutdownOutput();
            assertThat(tunnel.received.take()).isEqualTo("end");
            assertThat(line()).matches("connection complete\\tsrc\\.addr=" + scene.client.address().getHostAddress() + ":\\d+ \\Q"
                    + placed(said) + "\\E duration=\"\\d+ms\"");
            return;
        }
        assertThat(asked.cause()).isInstanceOfSatisfying(TunnelRefusedException.class, refused -> assertThat(refused.status()).isEqualTo(status));
        assertThat(line()).startsWith("connection failed\t").contains(placed(said));
    }

    private String placed(String text) {
        return text.replace("SRV", scene.pod(POD).address().getHostAddress()).replace("CLI:", scene.client.address().getHostAddress() + ":")
                .replaceAll("CLI$", scene.client.address().getHostAddress())
                .replace("CLIENT", "spiffe://cluster.local/ns/default/sa/sa-cli").replace("SERVER", "spiffe://cluster.local/ns/locked/sa/sa");
    }

    private String line() throws InterruptedException {
        String line = log.poll(60, TimeUnit.SECONDS);
        assertThat(line).as("a line in the log").isNotNull();
        return line;
    }
}
