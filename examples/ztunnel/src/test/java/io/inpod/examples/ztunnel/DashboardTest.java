package io.inpod.examples.ztunnel;

import static org.assertj.core.api.Assertions.assertThat;

import io.inpod.examples.ztunnel.mesh.Workload;
import io.inpod.examples.ztunnel.source.SourceStatus;
import io.inpod.examples.ztunnel.traffic.Flow;
import io.inpod.examples.ztunnel.traffic.PodTraffic;
import io.inpod.examples.ztunnel.traffic.ResponseFlag;
import io.inpod.netns.testing.PodNetwork;
import io.inpod.netns.testing.Pods;
import io.inpod.netns.testing.Tool;
import io.netty.util.concurrent.ScheduledFuture;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The dashboard in a real browser. */
@Timeout(120)
@Pods(2)
class DashboardTest {
    private static final String HOSTILE = "<img/src=x/onerror=document.title='taken'>\"'&";
    private static final String TAB = "\uE004";
    private static final String ENTER = "\uE007";
    /** The contrast of each visible text with what is behind it (WCAG 2.2, 1.4.3), where it is below 4.5. */
    private static final String FAINT = """
            const rgb = text => text.match(/[\\d.]+/g).map(Number);
            const light = ([r, g, b]) => [r, g, b].map(c => c / 255).map(c => c <= .04045 ? c / 12.92 : ((c + .055) / 1.055) ** 2.4)
                .reduce((sum, c, i) => sum + c * [.2126, .7152, .0722][i], 0);
            const behind = element => {
              const box = element.parentElement?.querySelector(':scope > rect');
              if (element.tagName === 'text' && box) return rgb(getComputedStyle(box).fill);
              for (let e = element; e; e = e.parentElement) {
                const color = rgb(getComputedStyle(e).backgroundColor);
                if (color.length === 3 || color[3] > 0) return color;
              }
            };
            const found = new Set();
            let seen = 0;
            const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
            while (walk.nextNode()) {
              const element = walk.currentNode.parentElement, style = getComputedStyle(element);
              if (!walk.currentNode.data.trim() || !element.checkVisibility() || ['title', 'NOSCRIPT', 'OPTION'].includes(element.tagName)) continue;
              const [a, b] = [rgb(element.tagName === 'text' ? style.fill : style.color), behind(element)].map(light).sort((x, y) => y - x);
              seen++;
              if ((a + .05) / (b + .05) < 4.5) found.add(walk.currentNode.data + ' ' + ((a + .05) / (b + .05)).toFixed(2));
            }
            return seen > 60 ? [...found] : ['only ' + seen + ' texts'];
            """;

    private static Browser browser;

    private DashboardScene scene;
    private PodTraffic traffic;

    @BeforeAll
    static void startBrowser(@TempDir Path profile) throws IOException {
        browser = new Browser(profile);
    }

    @AfterAll
    static void endBrowser() throws IOException {
        if (browser != null) {
            browser.close();
        }
    }

    @BeforeEach
    void open() throws IOException {
        scene = new DashboardScene();
        traffic = scene.traffic.pod();
        browser.resize(1280);
        browser.scheme("light");
    }

    @AfterEach
    void leave() throws IOException {
        browser.open("about:blank");
        scene.close();
    }

    /** Opens the page, and waits for the first snapshot. */
    private void show() throws IOException {
        browser.open(scene.url());
        browser.await("document.querySelector('#live').dataset.state === 'on'");
    }

    private void busy() {
        Workload client = DashboardScene.workload("shop", "frontend-7d9f-x1", "frontend");
        Workload server = DashboardScene.workload("shop", "cart-6c4-z", "cart");
        List<Flow> flows = new ArrayList<>(scene.connections(traffic, client, server, true, 20));
        flows.addAll(scene.connections(traffic, client, null, false, 2));
        scene.pod("shop", "frontend-7d9f-x1", true, "", flows);
        scene.pod("shop", "a-very-long-name-of-a-pod-" + "x".repeat(200), false, "port 15008 is taken by process 4711 (" + "y".repeat(300) + ")",
                List.of());
        scene.source = new SourceStatus("/etc/ztunnel/" + "z".repeat(200) + ".yaml", "5c1f", Instant.now(), "mesh.yaml: " + "w".repeat(200),
                Instant.now(), 3, 1);
    }

    @Test
    void aPodAndAConnectionComeAndGo(PodNetwork network, @TempDir Path home) throws Exception {
        int port;
        try (ServerSocket free = new ServerSocket(0)) {
            port = free.getLocalPort();
        }
        String address = network.pod(1).address().getHostAddress();
        try (ZtunnelProcess ztunnel = new ZtunnelProcess(home); ForeignAgent agent = new ForeignAgent(ztunnel.socket());
                ServerSocketChannel app = network.pod(1).namespace().<ServerSocketChannel, IOException>call(ServerSocketChannel::open)) {
            ztunnel.mesh("""
                    workloads:
                    - {uid: a, name: client, namespace: shop, serviceAccount: asks, protocol: HBONE, node: test, workloadIps: [%s]}
                    - {uid: b, name: server, namespace: shop, serviceAccount: answers, protocol: HBONE, node: test, workloadIps: [%s]}
                    """.formatted(network.pod(0).address().getHostAddress(), address));
            ztunnel.environment.put("INPOD_ADMIN_PORT", Integer.toString(port));
            ztunnel.start();
            agent.accept();
            agent.acked("snapshot");
            browser.open("http://127.0.0.1:" + port + "/");
            browser.await("document.querySelector('#pods-empty').checkVisibility()");

            assertThat(agent.request("add uid-a client shop asks " + Tool.pathOf(network.pod(0).namespace()))).isEqualTo("ack");
            assertThat(agent.request("add uid-b server shop answers " + Tool.pathOf(network.pod(1).namespace()))).isEqualTo("ack");
            assertThat(browser.await("document.querySelector('#pods tbody').rows.length === 2 && document.querySelector('#pods').innerText").toString())
                    .contains("client shop", "account asks", "✓ Served", "15001, 15006, 15008");
            Tool.run(network.pod(1).namespace(), "ip", "rule", "add", "ipproto", "tcp", "sport", "8080", "lookup", "100");
            Tool.run(network.pod(1).namespace(), "ip", "route", "add", "local", "default", "dev", "lo", "table", "100");
            app.bind(new InetSocketAddress("0.0.0.0", 8080));
            try (Socket socket = ShareScene.ask(network.pod(0), address, 8080)) {
                assertThat(ShareScene.answer(socket)).isZero();
                socket.getOutputStream().write(new byte[1234]);
                try (SocketChannel accepted = app.accept()) {
                    assertThat(browser.await("document.querySelector('#rows tbody').rows.length === 2"
                            + " && document.querySelector('#rows').innerText.includes('1.2 KiB') && document.querySelector('#rows').innerText").toString())
                            .contains("client shop", "cluster.local/ns/shop/sa/asks", "cluster.local/ns/shop/sa/answers", address + ":8080",
                                    "✓ mTLS", "inbound", "outbound");
                    assertThat(browser.run("return document.querySelector('#hbone').textContent")).isEqualTo("tunnels in 2 HBONE connections");
                    assertThat(browser.run("return document.querySelector('#picture').textContent")).asString()
                            .contains("shop/client → shop/server: encrypted, 1 open");
                    assertThat(browser.run("return document.querySelector('#certificates').innerText")).asString().contains("asks shop", "until");
                    assertThat(browser.run("return document.querySelector('#decisions').innerText")).asString().containsPattern("Allowed\\s+1");
                    assertThat(accepted.isConnected()).isTrue();
                }
            }
            browser.await("document.querySelector('#rows-empty').checkVisibility() && document.querySelector('#open').textContent === '0'");
            agent.acked("del uid-a");
            browser.await("document.querySelector('#pods tbody').rows.length === 1");
            ztunnel.terminate();
            assertThat(browser.await("document.querySelector('#live').dataset.state === 'off' && document.querySelector('#said').textContent"))
                    .isEqualTo("No connection to the proxy");
        }
    }

    @Test
    void hostileNamesAreText() throws Exception {
        Workload hostile = DashboardScene.workload("shop", HOSTILE, HOSTILE);
        scene.pod(HOSTILE, HOSTILE, false, HOSTILE, List.of());
        scene.pod(HOSTILE, HOSTILE, true, "", scene.connections(traffic, hostile, hostile, false, 1));
        scene.source = new SourceStatus(HOSTILE, HOSTILE, Instant.now(), HOSTILE, Instant.now(), 0, 1);
        show();
        for (String place : List.of("#pods", "#rows", "#edges", "#mesh", "#mesh-error", "#picture")) {
            assertThat(browser.run("return document.querySelector('" + place + "').textContent")).as(place).asString().contains(HOSTILE);
            assertThat(browser.run("return document.querySelectorAll('" + place + " img').length")).as(place).isEqualTo(0);
        }
        assertThat(browser.run("return document.title")).isEqualTo("ztunnel worker-1");
    }

    @Test
    void nothingFromElsewhereRuns() throws Exception {
        show();
        assertThat(browser.run("return fetch('/').then(answer => answer.headers.get('content-security-policy'))")).asString()
                .startsWith("default-src 'self';").doesNotContain("unsafe");
        assertThat(browser.run("return performance.getEntriesByType('resource').filter(e => !e.name.startsWith(location.origin)).length")).isEqualTo(0);
        assertThat(browser.run("""
                return new Promise(done => {
                  addEventListener('securitypolicyviolation', event => done(event.violatedDirective));
                  const script = document.createElement('script');
                  script.textContent = 'document.title = "ran"';
                  document.head.append(script);
                });""")).isEqualTo("script-src-elem");
    }

    @Test
    void itFitsEveryWidthInBothSchemes() throws Exception {
        busy();
        show();
        browser.run("document.querySelector('details').open = true");
        for (int width : new int[] {320, 760, 1280, 2560}) {
            browser.resize(width);
            for (String scheme : List.of("light", "dark")) {
                browser.scheme(scheme);
                assertThat(browser.run("return new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() =>"
                        + " done([innerWidth, document.documentElement.scrollWidth - document.documentElement.clientWidth]))))"))
                        .as("width, and what is beside the page").isEqualTo(List.of(width, 0));
                assertThat(browser.run("return getComputedStyle(document.documentElement).backgroundColor"))
                        .isEqualTo(scheme.equals("light") ? "rgb(244, 246, 248)" : "rgb(13, 19, 25)");
                assertThat((List<?>) browser.run(FAINT)).as("faint texts, %s, %d", scheme, width).isEmpty();
            }
        }
    }

    @Test
    void keysReachEveryControlInOrder() throws Exception {
        busy();
        show();
        List<Object> order = new ArrayList<>();
        for (int i = 0; i < 7; i++) {
            browser.press(TAB);
            order.add(browser.run("const e = document.activeElement; return (e.id || e.className || e.tagName) + ' ' + (getComputedStyle(e).outlineStyle !== 'none')"));
        }
        assertThat(order).containsExactly("skip true", "pause true", "SUMMARY true", "q true", "order true", "more true", "BODY false");
        browser.run("document.querySelector('#more').focus()");
        browser.press(ENTER);
        assertThat(browser.run("return [document.querySelector('#more').getAttribute('aria-expanded'), document.querySelector('#rows tbody').rows.length]"))
                .isEqualTo(List.of("true", 22));
        browser.run("document.querySelector('#pause').focus()");
        browser.press(" ");
        assertThat(browser.run("return document.querySelector('#live-text').textContent")).isEqualTo("Paused");
    }

    /** What screen readers are told is asked of the browser. */
    @Test
    void everythingHasANameAndARole() throws Exception {
        busy();
        browser.resize(320); // where tables don't look like tables
        show();
        browser.run("document.querySelector('details').open = true");
        List<String> seen = new ArrayList<>();
        for (Object node : (List<?>) browser.command("Accessibility.getFullAXTree", Map.of()).get("nodes")) {
            Map<?, ?> map = (Map<?, ?>) node;
            if (!Boolean.TRUE.equals(map.get("ignored")) && map.get("role") instanceof Map<?, ?> role) {
                seen.add(role.get("value") + " " + (map.get("name") instanceof Map<?, ?> name ? name.get("value") : ""));
            }
        }
        assertThat(seen).filteredOn(one -> one.matches("(button|link|searchbox|combobox|textbox|table|image|region|navigation|heading|columnheader) "))
                .as("without a name").isEmpty();
        assertThat(new TreeSet<>(seen)).contains("banner ", "main ", "contentinfo ", "search ", "status ", "button Pause", "searchbox Search",
                "combobox Show", "table Open connections", "table Pods on this node", "table Who talks to whom", "region Policy decisions",
                "navigation Other pages", "heading ztunnel worker-1", "columnheader From", "columnheader Listens at");
        assertThat(seen).filteredOn(one -> one.startsWith("row ")).as("rows").hasSizeGreaterThan(8);
        assertThat(seen).as("the picture says what it is").anyMatch(one -> one.startsWith("image 3 parties and 2 pairs"));
    }

    @Test
    void manyConnectionsStayFewOnThePage() throws Exception {
        Workload client = DashboardScene.workload("shop", "client", "client");
        Workload server = DashboardScene.workload("shop", "server", "server");
        List<Flow> flows = scene.connections(traffic, client, server, true, 10_000);
        scene.pod("shop", "client", true, "", flows);
        show();
        assertThat(browser.run("return document.querySelector('#open').textContent")).isEqualTo("10,000");
        assertThat(browser.run("return document.querySelector('#rows-note').textContent")).isEqualTo("15 of 10,000 open connections, largest first");
        String sent = (String) browser.run("return fetch('/dashboard/connections?q=').then(answer => answer.text())");
        assertThat(sent.split("\"inbound\"")).hasSizeBetween(101, 201);
        assertThat(sent.length()).isLessThan(100_000);

        browser.run("document.querySelector('#q').focus()");
        for (String key : ":7777 mtls".split("")) {
            browser.press(key);
        }
        assertThat(browser.await("document.querySelector('#said').textContent === '1 connection found' && document.querySelector('#rows tbody').innerText"))
                .asString().contains("10.244.1.7:7777");
        flows.get(7777 - 1024).ended(0, 0, ResponseFlag.NONE);
        scene.pods.clear();
        scene.pod("shop", "client", true, "", List.of());
        browser.await("document.querySelector('#rows-empty').checkVisibility()");
        assertThat(browser.run("return document.querySelector('#rows-empty').textContent")).isEqualTo("No connection matches.");
    }

    @Test
    void itIsComputedOnceForAllAndNeverForNobody() throws Exception {
        assertThat(scene.asked).as("before anybody looks").hasValue(0);
        show();
        browser.run("""
                return new Promise(done => {
                  const seen = new Map();
                  for (let i = 0; i < 3; i++) {
                    const viewer = new EventSource('/dashboard/events');
                    viewer.addEventListener('snapshot', event => {
                      seen.set(event.data, (seen.get(event.data) ?? new Set()).add(viewer));
                      if (seen.get(event.data).size === 3) done();
                    });
                  }
                });""");
        ScheduledFuture<?> clock = scene.clocks.remove();
        assertThat(scene.clocks).as("for the others").isEmpty();
        browser.open("about:blank");
        assertThat(clock.await(30, TimeUnit.SECONDS)).as("stopped").isTrue();
        assertThat(clock.isCancelled()).isTrue();
    }
}
