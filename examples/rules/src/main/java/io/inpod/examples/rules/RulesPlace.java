package io.inpod.examples.rules;

import io.inpod.iptables.Listing;
import io.inpod.iptables.backend.Backend;
import io.inpod.iptables.backend.Backends;
import io.inpod.iptables.backend.Detection;
import io.inpod.iptables.backend.KernelTables;
import io.inpod.iptables.backend.Layout;
import io.inpod.iptables.backend.pod.HostProbeChange;
import io.inpod.iptables.backend.pod.PodRulesChange;
import io.inpod.iptables.pod.HostProbe;
import io.inpod.iptables.pod.InPodRedirection.Profile;
import io.inpod.iptables.pod.PodRules;
import io.inpod.netns.InPodSettings;
import io.inpod.netns.IpFamily;
import io.inpod.netns.NamespaceChange;
import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.NodeNamespaces;
import io.inpod.netns.doctor.InPodSurroundings;
import io.inpod.tproxy.Redirection;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The options of all commands except {@code print}, which select the rules, the namespace and the back end. */
final class RulesPlace {
    /** The namespace: exactly one of these options. */
    static final class Where {
        @Option(names = "--netns", paramLabel = "NAME|PATH", required = true,
                description = "the network namespace: a name that ip netns shows, or a path, which contains a slash")
        private @Nullable String netns;

        @Option(names = "--pid", paramLabel = "N", required = true, description = "a process in the network namespace")
        private @Nullable Long pid;

        @Option(names = "--own-namespace", required = true,
                description = "the network namespace of this process, which is itself a part of the pod, such as an init container; "
                        + "CAP_NET_ADMIN is all it needs")
        private boolean own;
    }

    @Spec(Spec.Target.MIXEE)
    private @Nullable CommandSpec command;

    @ArgGroup(multiplicity = "1")
    private Where where = new Where();

    @Option(names = "--backend", paramLabel = "NAME",
            description = "the back end that applies rules; default: the best available. A wrong name lists them all")
    private @Nullable String backend;

    @Option(names = "--ipv6", paramLabel = "true|false", arity = "1", defaultValue = "true",
            description = "redirect IPv6 too (default). If false, TCP over IPv6 is rejected in the pod, except on loopback")
    private boolean ipv6;

    @Option(names = "--guard", paramLabel = "true|false", arity = "1", defaultValue = "true",
            description = "drop TCP that would bypass the proxy, and keep the proxy's ports for sockets with IP_TRANSPARENT (default). A "
                    + "proxy whose listeners aren't transparent needs false")
    private boolean guard;

    @Option(names = "--dry-run", description = "print what would be done, without changing anything")
    private boolean dryRun;

    @Mixin
    private PresetOptions preset = new PresetOptions();

    NetworkNamespace open() throws IOException {
        if (where.own) {
            return NetworkNamespace.initial();
        }
        if (where.pid != null) {
            return NetworkNamespace.ofProcess(where.pid);
        }
        String name = String.valueOf(where.netns);
        return name.contains("/") ? NetworkNamespace.open(Path.of(name)) : NetworkNamespace.named(name);
    }

    boolean isDryRun() {
        return dryRun;
    }

    boolean isHost() {
        return preset.isHost();
    }

    PresetOptions preset() {
        return preset;
    }

    PrintWriter out() {
        return spec().commandLine().getOut();
    }

    PrintWriter err() {
        return spec().commandLine().getErr();
    }

    private CommandSpec spec() {
        if (command == null) {
            throw new IllegalStateException("not part of a command");
        }
        return command;
    }

    private List<IpFamily> families() {
        return ipv6 ? List.of(IpFamily.values()) : List.of(IpFamily.V4);
    }

    PodRules podRules() {
        return preset.podRules(families(), guard);
    }

    PodRulesChange podChange() {
        PodRulesChange change = new PodRulesChange(podRules(), backends(), reason -> err().println("back end: " + reason));
        return where.own ? change.inOwnNamespace() : change;
    }

    HostProbeChange hostChange(NetworkNamespace namespace) throws IOException {
        Detection detection = Detection.among(backends(), namespace, HostProbe.NAMES);
        Backend chosen = detection.chosen().orElseThrow(() -> new IOException(detection.reason()));
        err().println("back end: " + detection.reason());
        return new HostProbeChange(preset.hostProbe(families()), chosen);
    }

    private List<Backend> backends() {
        if (backend == null) {
            return Backends.all();
        }
        return List.of(Backends.named(backend)
                .orElseThrow(() -> new ParameterException(spec().commandLine(), "--backend " + backend + " is none of "
                        + Backends.all().stream().map(Backend::name).collect(Collectors.joining(", ")))));
    }

    /** Lists our rules and sets in tables of all kinds, and our routing; removing looks there too. */
    List<String> held(NetworkNamespace namespace) throws IOException {
        Set<String> lines = new LinkedHashSet<>(isHost() ? List.of() : new PodRouting(List.of(IpFamily.values())).held(namespace));
        Set<KernelTables> seen = EnumSet.of(KernelTables.MEMORY);
        List<Backend> all = new ArrayList<>(backends());
        all.addAll(Backends.all());
        for (Backend each : all) {
            if (!seen.containsAll(each.tables()) && each.usability(namespace).usable()) {
                seen.addAll(each.tables());
                Listing listing = each.read(namespace, isHost() ? HostProbe.NAMES : PodRules.NAMES);
                listing.chains().forEach(chain -> chain.rules().forEach(rule -> lines
                        .add(each.name() + " " + chain.family() + ": " + chain.table() + " " + chain.name() + " " + rule.text())));
                listing.sets()
                        .forEach(set -> lines.add((each.layout() == Layout.IPTABLES ? "ipset" : each.name()) + ": set " + set.name()));
            }
        }
        return List.copyOf(lines);
    }

    /** Refuses the node's namespace, which a pod's rules would cut off. */
    void refuseNodes(NetworkNamespace namespace) throws IOException {
        if (where.own) {
            NodeNamespaces.refuseUnlessOwn(namespace);
        } else {
            NodeNamespaces.refuse(namespace);
        }
    }

    private boolean isTproxy() {
        return podRules().redirections().stream().anyMatch(redirection -> redirection.profile() == Profile.TPROXY);
    }

    /**
     * Applies the whole redirection of a pod: routing, settings and rules. Its rules alone wouldn't keep what they promise. Routing that is
     * there already isn't a step, so that a failure doesn't undo it. Where the loopback interface can't carry it, the rules are applied
     * nevertheless: without routing the pod is closed, not open.
     */
    void applyToPod(NetworkNamespace namespace) throws IOException {
        PodRouting routing = new PodRouting(families());
        NamespaceChange settings = InPodSettings.of(isTproxy());
        boolean possible = new InPodSurroundings(isTproxy(), Set.copyOf(families())).loopback(namespace).isEmpty();
        (possible && !routing.diff(namespace).isEmpty() ? Redirection.of(routing, settings, podChange())
                : Redirection.of(settings, podChange())).install(namespace);
        if (!possible) {
            try {
                routing.install(namespace);
            } catch (IOException e) {
                err().println("the policy routing isn't complete, so that the pod is closed; apply again when this is mended:");
            }
        }
    }

    /** Removes rules and routing of a pod; options don't matter. */
    void removeFromPod(NetworkNamespace namespace) throws IOException {
        Redirection.of(new PodRouting(List.of(IpFamily.values())), podChange()).remove(namespace);
    }

    /** Returns in words which settings and links of the namespace break what the rules promise. */
    List<String> surroundings(NetworkNamespace namespace) throws IOException {
        return isHost() ? List.of() : new InPodSurroundings(isTproxy(), Set.copyOf(families())).diff(namespace);
    }

    /** Returns in words how rules and routing in the namespace differ from the expected ones. */
    List<String> differences(NetworkNamespace namespace) throws IOException {
        if (isHost()) {
            return hostChange(namespace).diff(namespace, preset.pods());
        }
        List<String> differences = new ArrayList<>(new PodRouting(families()).diff(namespace));
        differences.addAll(podChange().diff(namespace));
        return List.copyOf(differences);
    }
}
