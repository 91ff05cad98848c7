package io.inpod.examples.recipes;

import static org.assertj.core.api.Assertions.assertThat;

import io.inpod.netlink.Route;
import io.inpod.netlink.Rtnetlink;
import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.testing.ChildProcess;
import io.inpod.netns.testing.Pod;
import io.inpod.netns.testing.PodNetwork;
import io.inpod.netns.testing.Pods;
import io.inpod.netns.testing.Tool;
import io.inpod.tproxy.listen.AcceptLoop;
import io.inpod.tproxy.relay.RelayIoHandler;
import io.inpod.tproxy.udp.TransparentUdpSocket;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.channels.ClosedChannelException;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Runs the transparent proxies between independent programs that are unaware of them. */
@Timeout(120)
class TransparentRecipesTest {
    private static final String HTTP = """
            import http.server, socket
            class Answer(http.server.BaseHTTPRequestHandler):
                def do_GET(self):
                    body = ("%s asked for %s\\n" % (self.client_address[0].replace("::ffff:", ""), self.path)).encode()
                    self.send_response(200)
                    self.send_header("content-length", str(len(body)))
                    self.end_headers()
                    self.wfile.write(body)
            class Server(http.server.ThreadingHTTPServer):
                address_family = socket.AF_INET6
            server = Server(("::", 8080), Answer)
            print("listening", flush=True)
            server.serve_forever()
            """;

    /** Answers every question with the address 192.0.2.1, and echoes datagrams on port 9999. */
    private static final String UDP = """
            import socket, sys, threading
            def serve(address, port, answer):
                s = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM)
                s.bind((address, port))
                def loop():
                    while True:
                        data, peer = s.recvfrom(2000)
                        s.sendto(answer(data), peer)
                threading.Thread(target=loop, daemon=True).start()
            def dns(query):
                end = query.index(0, 12) + 5
                return query[:2] + b"\\x81\\x80\\0\\1\\0\\1\\0\\0\\0\\0" + query[12:end] + b"\\xc0\\x0c\\0\\1\\0\\1\\0\\0\\0\\x3c\\0\\4" + bytes([192, 0, 2, 1])
            for address in sys.argv[1:]:
                serve(address, 53, dns)
                serve(address, 9999, lambda data: b"again " + data)
            print("listening", flush=True)
            threading.Event().wait()
            """;

    private static ChildProcess python(NetworkNamespace namespace, String script, String... arguments) throws IOException {
        List<String> command = new java.util.ArrayList<>(List.of("python3", "-c", script));
        command.addAll(List.of(arguments));
        ChildProcess process = ChildProcess.start(Tool.inside(namespace, command.toArray(new String[0])));
        process.expect("listening");
        return process;
    }

    /** Gives each pod the address fd77::(n + 2). */
    private static void addIpv6(PodNetwork network) throws IOException {
        for (Pod pod : network.pods()) {
            try (Rtnetlink inside = Rtnetlink.open(pod.namespace())) {
                inside.addresses().add("eth0", InetAddress.getByName("fd77::" + pod.address().getAddress()[3]), 64);
            }
        }
    }

    private static void rule(NetworkNamespace namespace, String... rule) throws IOException {
        for (String tool : List.of("iptables", "ip6tables")) {
            String[] command = new String[rule.length + 3];
            System.arraycopy(new String[] {tool, "-t", "mangle"}, 0, command, 0, 3);
            System.arraycopy(rule, 0, command, 3, rule.length);
            Tool.run(namespace, command);
        }
    }

    @Test
    @Pods(2)
    void theServerSeesTheClientThroughTheTcpProxy(PodNetwork network) throws Exception {
        Tool.require("socat");
        addIpv6(network);
        NetworkNamespace pod = network.pod(1).namespace();
        rule(pod, "-A", "PREROUTING", "-m", "mark", "--mark", "0x539", "-j", "CONNMARK", "--set-mark", "0x111");
        rule(pod, "-A", "OUTPUT", "-m", "connmark", "--mark", "0x111", "-j", "CONNMARK", "--restore-mark");
        rule(pod, "-A", "PREROUTING", "-p", "tcp", "--dport", "8080", "!", "-i", "lo", "-j", "TPROXY", "--on-port", "15006", "--tproxy-mark", "0x111");
        EventLoopGroup loops = new MultiThreadIoEventLoopGroup(2, RelayIoHandler.newFactory());
        try (ChildProcess server = python(pod, HTTP); AcceptLoop proxy = TransparentTcpProxy.start(pod, loops)) {
            NetworkNamespace client = network.pod(0).namespace();
            assertThat(Tool.run(client, "curl", "-sS", "-m", "30", "http://10.77.0.3:8080/a")).isEqualTo("10.77.0.2 asked for /a\n");
            assertThat(Tool.run(client, "curl", "-g", "-sS", "-m", "30", "http://[fd77::3]:8080/b")).isEqualTo("fd77::2 asked for /b\n");
            assertThat(Tool.run(client, "sh", "-c", "printf 'GET /c HTTP/1.0\\r\\n\\r\\n' | socat -t 30 - TCP4:10.77.0.3:8080")).endsWith("10.77.0.2 asked for /c\n");
            assertThat(proxy.channel().isActive()).isTrue();
            server.handle().destroy();
            server.awaitExit();
            // fails immediately; curl's wording depends on whether the reset arrives before curl checks that it is connected
            assertThat(Tool.tryRun(client, "curl", "-sS", "-m", "30", "http://10.77.0.3:8080/").output()).containsAnyOf("reset", "Failed to connect");
        } finally {
            loops.shutdownGracefully(100, 10_000, TimeUnit.MILLISECONDS).sync();
        }
    }

    /** Pod 0 asks 198.51.100.53 and 2001:db8::53, which are in pod 2 and reached through pod 1. */
    @Test
    @Pods(3)
    void answersComeFromWhereTheQuestionsWentThroughTheUdpProxy(PodNetwork network) throws Exception {
        Tool.require("dig");
        Tool.require("socat");
        addIpv6(network);
        NetworkNamespace pod = network.pod(1).namespace();
        NetworkNamespace far = network.pod(2).namespace();
        try (Rtnetlink inside = Rtnetlink.open(far)) {
            inside.addresses().add("lo", InetAddress.getByName("198.51.100.53"), 32);
            inside.addresses().add("lo", InetAddress.getByName("2001:db8::53"), 128);
        }
        for (int i = 0; i < 2; i++) {
            try (Rtnetlink inside = Rtnetlink.open(network.pod(i).namespace())) {
                inside.routes().add(Route.via(InetAddress.getByName("198.51.100.0"), 24, InetAddress.getByName("10.77.0." + (3 + i))));
                inside.routes().add(Route.via(InetAddress.getByName("2001:db8::"), 64, InetAddress.getByName("fd77::" + (3 + i))));
            }
        }
        rule(pod, "-A", "PREROUTING", "-p", "udp", "-m", "addrtype", "!", "--dst-type", "LOCAL", "-j", "TPROXY", "--on-port", "15053", "--tproxy-mark", "0x111");
        ChildProcess server = python(far, UDP, "198.51.100.53", "2001:db8::53");
        TransparentUdpSocket proxy = TransparentUdpProxy.listen(pod);
        CompletableFuture<Throwable> ended = new CompletableFuture<>();
        new Thread(() -> {
            try {
                TransparentUdpProxy.serve(proxy, pod);
            } catch (Exception e) {
                ended.complete(e);
            }
        }).start();
        try {
            NetworkNamespace client = network.pod(0).namespace();
            for (String address : List.of("198.51.100.53", "2001:db8::53")) {
                assertThat(Tool.run(client, "dig", "+short", "+tries=1", "+time=20", "@" + address, "inpod.example", "A")).isEqualTo("192.0.2.1\n");
            }
            assertThat(Tool.run(client, "sh", "-c", "printf hello | socat -t 20 - UDP4:198.51.100.53:9999,readbytes=11")).isEqualTo("again hello");
            assertThat(Tool.run(client, "sh", "-c", "printf hello | socat -t 20 - UDP6:[2001:db8::53]:9999,readbytes=11")).isEqualTo("again hello");
        } finally {
            proxy.close();
            assertThat(ended.get(20, TimeUnit.SECONDS)).isInstanceOf(ClosedChannelException.class);
            server.close();
        }
    }
}
