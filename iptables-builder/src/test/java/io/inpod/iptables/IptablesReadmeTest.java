package io.inpod.iptables;

import static org.assertj.core.api.Assertions.assertThat;

import io.inpod.iptables.backend.Backend;
import io.inpod.iptables.backend.Backends;
import io.inpod.iptables.backend.IptablesBackend;
import io.inpod.iptables.backend.NetlinkBackend;
import io.inpod.iptables.backend.NftBackend;
import io.inpod.iptables.backend.PortSetChange;
import io.inpod.iptables.backend.RulesChange;
import io.inpod.iptables.backend.pod.PodRulesChange;
import io.inpod.iptables.pod.InPodRedirection;
import io.inpod.iptables.pod.PodRules;
import io.inpod.iptables.text.Differences;
import io.inpod.iptables.text.ForeignRules;
import io.inpod.iptables.text.IptablesRestore;
import io.inpod.netlink.PolicyRule;
import io.inpod.netlink.Route;
import io.inpod.netlink.Rtnetlink;
import io.inpod.netns.IpFamily;
import io.inpod.netns.NamespaceChange;
import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.testing.ChildProcess;
import io.inpod.netns.testing.Tool;
import java.io.OutputStream;
import java.io.PrintStream;
import java.net.InetSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The examples of the README and of docs/iptables-builder.md. */
class IptablesReadmeTest {
    @Test
    void redirectAPod() throws Exception {
        try (NetworkNamespace pod = Kernel.namespace()) {
            // README.md, iptables-builder/README.md, docs/iptables-builder.md: begin
            PodRules rules = PodRules.of(InPodRedirection.of(IpFamily.V4), InPodRedirection.of(IpFamily.V6));
            System.out.print(IptablesRestore.render(rules.shared(), IpFamily.V4)); // what will be loaded

            NamespaceChange change = new PodRulesChange(rules); // by the best back end: netlink first
            change.install(pod); // both families and the guard, or nothing
            change.verify(pod);  // names every rule that is missing, foreign or different
            change.remove(pod);  // needs nothing but the namespace
            // README.md, iptables-builder/README.md, docs/iptables-builder.md: end
        }
    }

    @Test
    void rulesOfOnesOwn() throws Exception {
        try (NetworkNamespace pod = Kernel.namespace()) {
            // docs/iptables-builder.md: begin
            Chain mine = Chain.of("MY_OUT", Rule.of(new Target.Redirect(Ports.of(9000)), Match.protocol(Protocol.TCP)));
            Chain output = Chain.of(Hook.OUTPUT.name(), Rule.of(new Target.Jump("MY_OUT")));
            RuleSet rules = RuleSet.of(IpFamily.V4, Table.of(TableName.NAT, mine, output));
            ManagedNames names = ManagedNames.of(rules, "my-"); // by these names the rules are found again

            Backend backend = Backend.detect(pod, names).chosen().orElseThrow();
            backend.apply(pod, names, rules);
            assertThat(Differences.between(backend.read(pod, names), rules)).isEmpty();
            backend.remove(pod, names);
            // docs/iptables-builder.md: end
        }
    }

    @Test
    void portSets() throws Exception {
        try (NetworkNamespace pod = Kernel.namespace()) {
            Backend backend = NetlinkBackend.iptables();
            // docs/iptables-builder.md: begin
            PortSet web = PortSet.atRuntime("my-web");
            Match toWeb = Match.in(web, Protocol.TCP, Side.DESTINATION);
            Table table = Table.of(TableName.FILTER, Chain.of("OUTPUT", Rule.of(new Target.Jump("MY_OUT"))),
                    Chain.of("MY_OUT", Rule.of(new Target.Drop(), Match.protocol(Protocol.TCP), toWeb)));
            RuleSet rules = new RuleSet(FamilyScope.BOTH, List.of(table), List.of(web));
            ManagedNames names = ManagedNames.of(rules, "my-");
            backend.apply(pod, names, rules);

            PortSet.Element apps = new PortSet.Element(new Ports(8080, 8090), "apps");
            backend.update(pod, names, new PortSetChange("my-web", List.of(apps), Set.of()));
            backend.update(pod, names, new PortSetChange("my-web", List.of(), Set.of(Ports.of(8085)))); // 8080-8084 and 8086-8090 stay
            // docs/iptables-builder.md: end
            assertThat(backend.read(pod, names).sets().get(0).elements()).extracting(Object::toString).containsExactly("8080-8084", "8086-8090");
        }
    }

    @Test
    void counters() throws Exception {
        try (NetworkNamespace pod = Kernel.namespace()) {
            ManagedNames names = ManagedNames.of(local(), "local-");
            Backend backend = Backend.detect(pod, names).chosen().orElseThrow();
            backend.apply(pod, names, local());
            PrintStream out = new PrintStream(OutputStream.nullOutputStream());
            // docs/iptables-builder.md: begin
            for (RuleCounters.Counted rule : RuleCounters.of(backend.read(pod, names)).rules()) {
                if (!rule.comment().isEmpty()) { // the rules that the agent has named
                    RuleCounter counter = rule.counter();
                    String labels = "{rule=\"%s\",family=\"%s\"} ".formatted(rule.comment(), counter.families());
                    out.println("netfilter_packets_total" + labels + counter.packets());
                    out.println("netfilter_bytes_total" + labels + counter.bytes());
                }
            }
            // docs/iptables-builder.md: end
            assertThat(RuleCounters.of(backend.read(pod, names)).withComment("diverted")).isNotEmpty();
        }
    }

    @Test
    void raw() throws Exception {
        try (NetworkNamespace pod = Kernel.namespace()) {
            Kernel.run(pod, "", "iptables-nft", "-A", "INPUT", "-i", "lo", "-j", "ACCEPT");
            // docs/iptables-builder.md: begin
            Rule near = Rule.of(new Target.Raw(RawForm.NFT, "ip ttl < 5 counter drop comment \"far\""));
            Chain mine = Chain.of("MY_IN", near, Rule.of(new Target.Accept(), Match.in("lo")));
            RuleSet rules = RuleSet.ofBoth(
                    Table.of(TableName.FILTER, Chain.of("INPUT", Rule.of(new Target.Jump("MY_IN"))), mine));
            new RulesChange(NftBackend.system(), ManagedNames.of(rules, "my-"), rules).install(pod);
            // docs/iptables-builder.md: end
            // docs/iptables-builder.md: begin
            ForeignRules found = IptablesBackend.nft().everything(pod).get(IpFamily.V4); // or ForeignRules.ofIptablesSave
            found.leftOut().forEach(System.out::println); // such as "filter: the policy DROP of INPUT"
            System.out.print(IptablesRestore.render(found.rules()));
            // docs/iptables-builder.md: end
            assertThat(IptablesRestore.render(found.rules())).contains("-A INPUT -i lo -j ACCEPT");
            assertThat(Kernel.run(pod, "", "nft", "-s", "list", "chain", "inet", "my-filter", "MY_IN")).contains("ip ttl < 5 counter drop comment \"far\"\n");
        }
    }

    private static RuleSet local() {
        // docs/iptables-builder.md: begin
        Mark divert = new Mark(0x111, 0xfff); // PolicyRouting.DEFAULT of tproxy routes it to lo
        Match tcp = Match.protocol(Protocol.TCP);
        Chain out = Chain.of("LOCAL_OUT",
                Rule.of(new Target.Return(), Match.mark(new Mark(0x539, 0xfff))), // the proxy's own sockets
                Rule.of(new Target.Return(), new AddressTypeMatch(Side.DESTINATION, AddressType.LOCAL, false)),
                Rule.of(new Target.SetMark(divert), tcp, Match.comment("diverted")));
        Chain in = Chain.of("LOCAL_IN", Rule.of(new Target.Tproxy(15001, divert), tcp, Match.in("lo"), Match.mark(divert)));
        RuleSet rules = RuleSet.ofBoth(Table.of(TableName.MANGLE, out, in,
                Chain.of("OUTPUT", Rule.of(new Target.Jump("LOCAL_OUT"))),
                Chain.of("PREROUTING", Rule.of(new Target.Jump("LOCAL_IN")))));
        // docs/iptables-builder.md: end
        return rules;
    }

    /** The address has no host: what answers is the proxy, which sees where the process wanted to go. */
    @ParameterizedTest
    @ValueSource(strings = {"netlink", "netlink-inet"})
    void connectionsOfLocalProcesses(String backend) throws Exception {
        String proxy = """
                import socket
                s = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
                s.setsockopt(socket.SOL_IP, 19, 1) # IP_TRANSPARENT
                s.setsockopt(socket.SOL_SOCKET, 36, 0x539) # SO_MARK
                s.bind(("0.0.0.0", 15001))
                s.listen()
                print("listening", flush=True)
                c, _ = s.accept()
                c.sendall(("%s:%d" % c.getsockname()).encode())
                c.close()
                """;
        try (NetworkNamespace pod = Kernel.namespace(); Rtnetlink inside = Rtnetlink.open(pod)) {
            inside.links().up("lo");
            Kernel.run(pod, "", "sh", "-c", "ip addr add 10.0.0.1/32 dev lo; ip route add default dev lo");
            inside.rules().add(new PolicyRule(IpFamily.V4, 32764, 0x111, 0xfff, 100));
            inside.routes().add(Route.localDefault(IpFamily.V4, "lo", 100));
            new RulesChange(Backends.named(backend).orElseThrow(), ManagedNames.of(local(), "local-"), local()).install(pod);
            try (ChildProcess process = ChildProcess.start(new ProcessBuilder(Tool.inside(pod, "python3", "-c", proxy)).redirectErrorStream(true));
                    SocketChannel client = pod.call(SocketChannel::open)) {
                process.expect("listening");
                client.socket().connect(new InetSocketAddress("192.0.2.7", 80), 5_000);
                assertThat(new String(client.socket().getInputStream().readAllBytes(), StandardCharsets.US_ASCII)).isEqualTo("192.0.2.7:80");
            }
        }
    }
}
