package io.inpod.examples.nodeagent.doctor;

import io.inpod.examples.nodeagent.control.AgentClient;
import io.inpod.examples.nodeagent.control.ControlPath;
import io.inpod.examples.nodeagent.control.Inspected;
import io.inpod.examples.nodeagent.enrol.PodRedirection;
import io.inpod.examples.nodeagent.enrol.ProxyCgroups;
import io.inpod.examples.nodeagent.pod.IpLiteral;
import io.inpod.examples.rules.Version;
import io.inpod.iptables.backend.pod.PodRulesChange;
import io.inpod.iptables.pod.InPodRedirection.Profile;
import io.inpod.iptables.pod.PodOverrides;
import io.inpod.iptables.pod.PodRules;
import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.NodeNamespaces;
import java.io.IOException;
import java.io.PrintWriter;
import java.net.InetAddress;
import java.nio.charset.Charset;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** The program: looks at one pod from all sides, and says what is wrong. */
@Command(name = "./inpod doctor",
        description = "Finds out why a pod doesn't talk: compares what agent, ztunnel, kernel and certificate say of "
                + "it, and tries connections on which nothing is sent. Changes nothing. Needs the same privileges as the agent. "
                + "Without these options, ./inpod doctor [NAME|PATH|PID] shows what this process may do in a namespace.",
        mixinStandardHelpOptions = true, versionProvider = Version.class, exitCodeListHeading = "%nExit codes:%n",
        exitCodeList = {"0:nothing is wrong, apart from warnings", "1:a check failed", "2:wrong usage, or there is nothing to look at"})
public final class DoctorCommand implements Callable<Integer> {
    private static final Duration PATIENCE = Duration.ofSeconds(20);

    /** The pod: at least one of these options. */
    static final class Where {
        @Option(names = "--pod", paramLabel = "[NAMESPACE/]NAME",
                description = "the pod, as the agent knows it; without NAMESPACE/ in default")
        private @Nullable String pod;

        @Option(names = "--netns", paramLabel = "NAME|PATH|PID",
                description = "the pod's network namespace: a name that ip netns shows, a path, which contains a slash, or a "
                        + "process in the pod")
        private @Nullable String netns;
    }

    @ArgGroup(exclusive = false, multiplicity = "1")
    private Where where = new Where();

    @Option(names = "--from", paramLabel = "NAME|PATH|PID",
            description = "a network namespace outside the mesh from which a connection to the pod is tried; default: this process's own")
    private @Nullable String from;

    @Option(names = "--json", description = "print one JSON object, with the reason why each check matters")
    private boolean json;

    @Mixin
    private ControlPath control = new ControlPath();

    @Spec
    private CommandSpec spec = CommandSpec.create();

    /** For the command line. */
    DoctorCommand() {}

    /**
     * Runs the command and ends the process with one of the exit codes that {@code --help} lists.
     *
     * @param args the command line, {@code --help} explains it
     */
    public static void main(String[] args) {
        System.setProperty("logback.configurationFile", "io/inpod/examples/rules/logback.xml");
        System.exit(run(new PrintWriter(System.out, true, Charset.defaultCharset()),
                new PrintWriter(System.err, true, Charset.defaultCharset()), args));
    }

    /**
     * Runs the command.
     *
     * @param out receives the report
     * @param err receives errors
     * @param args the command line
     * @return the exit code
     */
    public static int run(PrintWriter out, PrintWriter err, String... args) {
        return new CommandLine(new DoctorCommand())
                .setExpandAtFiles(false) // a name may begin with @
                .setOut(out)
                .setErr(err)
                .setExecutionExceptionHandler((failure, command, parsed) -> {
                    command.getErr().println(failure.getMessage() == null ? failure : failure.getMessage());
                    return CommandLine.ExitCode.USAGE;
                })
                .execute(args);
    }

    @Override
    public Integer call() throws IOException {
        Findings findings = new Findings();
        String title;
        try (NetworkNamespace given = where.netns == null ? null : open(where.netns)) {
            if (given != null) {
                NodeNamespaces.refuse(given);
            }
            PodSearch.Found found = new PodSearch(new AgentClient(control.get(), PATIENCE), where.pod, given).run(findings);
            try (NetworkNamespace netns = found.netns()) {
                if (netns != null) {
                    examine(netns, found, findings);
                } else if (!findings.failed(Topic.POD) && !findings.failed(Topic.NAMESPACE)) {
                    throw new IOException("no agent answers, and none has left a note of pod " + where.pod
                            + "; name the pod's network namespace with --netns");
                }
                title = title(netns, found);
            }
        }
        Report report = new Report(title, findings);
        spec.commandLine().getOut().print(json ? report.json() : report.text());
        spec.commandLine().getOut().flush();
        return findings.count(Status.FAIL) > 0 ? 1 : 0;
    }

    private String title(@Nullable NetworkNamespace netns, PodSearch.Found found) {
        String pod = found.names() == null ? String.valueOf(where.pod == null ? where.netns : where.pod)
                : found.names().namespace() + "/" + found.names().name();
        return pod + (netns == null ? "" : ", " + netns.identity());
    }

    private void examine(NetworkNamespace netns, PodSearch.Found found, Findings findings) throws IOException {
        Inspected.Details details = found.inspected();
        if (findings.failed(Topic.POD) && !Inference.read(netns).isRedirected()) {
            findings.skip(Topic.RULES, "none are there, as in any pod outside the mesh");
            return;
        }
        Set<Long> proxies = new ProxyCheck(details).look(netns, findings);
        PodRules rules = details == null ? Inference.read(netns).likeliest(earlierCgroups()) : intended(details);
        List<InetAddress> known = details == null ? List.of()
                : details.addresses().stream().map(IpLiteral::parse).flatMap(Optional::stream).toList();
        try (NetworkNamespace node = details == null || details.node() == null ? null : NetworkNamespace.open(Path.of(details.node()));
                NetworkNamespace outside = from == null ? NetworkNamespace.initial() : open(from)) {
            Subject pod = new Subject(netns, found.names(), rules, proxies, known, node, outside);
            checks().forEach((topic, check) -> {
                try {
                    check.look(pod, findings);
                } catch (IOException e) {
                    findings.fail(topic, "this can't be looked at: " + e.getMessage(),
                            "./inpod doctor NAME, with the name of the namespace, says what this process may not do there, and why");
                }
            });
        }
    }

    /** The checks with the topic that each begins with; later ones look at what earlier ones have found. */
    private static Map<Topic, Check> checks() {
        Map<Topic, Check> checks = new EnumMap<>(Topic.class);
        checks.put(Topic.OUTBOUND_PORT, new PortsCheck());
        checks.put(Topic.RULES, new RulesCheck());
        checks.put(Topic.FOREIGN, new OthersCheck());
        checks.put(Topic.ROUTING, new RoutingCheck());
        checks.put(Topic.CONNTRACK, new SurroundingsCheck());
        checks.put(Topic.TOOLS, new ToolsCheck());
        checks.put(Topic.CERTIFICATE, new CertificateCheck(Clock.systemUTC()));
        checks.put(Topic.OUTBOUND, new OutboundTrial());
        checks.put(Topic.INBOUND, new InboundTrial());
        checks.put(Topic.NODE, new NodeCheck());
        return checks;
    }

    private static PodRules intended(Inspected.Details details) {
        PodRedirection redirection =
                new PodRedirection(Profile.valueOf(details.profile().toUpperCase(Locale.ROOT)), details.dnsCapture(), details.ipv6());
        return redirection.podRules(new PodOverrides(Optional.of(details.dnsCapture()), details.ingress(), details.virtualInterfaces()),
                details.proxyCgroups());
    }

    /** Returns the cgroups to which the last agent restricted the proxy's mark. */
    private List<String> earlierCgroups() throws IOException {
        Path socket = control.get();
        return new ProxyCgroups(Path.of("/proc"), PodRulesChange::cgroupExists, paths -> {
        }, socket.resolveSibling(socket.getFileName() + ".cgroups")).paths();
    }

    private static NetworkNamespace open(String what) throws IOException {
        if (what.contains("/")) {
            return NetworkNamespace.open(Path.of(what));
        }
        return what.chars().allMatch(c -> c >= '0' && c <= '9') ? NetworkNamespace.ofProcess(Long.parseLong(what))
                : NetworkNamespace.named(what);
    }
}
