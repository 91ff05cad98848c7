package io.inpod.examples.rules;

import io.inpod.iptables.AddressSet;
import io.inpod.iptables.IpPrefix;
import io.inpod.iptables.pod.HostProbe;
import io.inpod.iptables.pod.InPodRedirection;
import io.inpod.iptables.pod.InPodRedirection.Profile;
import io.inpod.iptables.pod.PodRules;
import io.inpod.netns.InPodConstants;
import io.inpod.netns.IpFamily;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The options that select the rules; without any, the rules that the node agent installs. */
final class PresetOptions {
    /** Whose rules. */
    enum Scope { POD, HOST }

    private interface Making<T> {
        T make();
    }

    @Spec(Spec.Target.MIXEE)
    private @Nullable CommandSpec command;

    @Option(names = "--scope", paramLabel = "pod|host", defaultValue = "pod",
            description = "whose rules: a pod's (default) or the node's, for health probes")
    private Scope scope = Scope.POD;

    @Option(names = "--profile", paramLabel = "PROFILE", defaultValue = "redirect",
            description = "how inbound connections reach the proxy: redirect (default) or tproxy")
    private Profile profile = Profile.REDIRECT;

    @Option(names = {"--dns", "--dns-capture"}, description = "DNS queries go to the proxy's port " + InPodConstants.DNS_PORT)
    private boolean dns;

    @Option(names = "--ingress", description = "inbound connections bypass the proxy, as for a gateway")
    private boolean ingress;

    @Option(names = "--virtual-interfaces", paramLabel = "NAME[,NAME...]",
            description = "interfaces of virtual machines in the pod, whose TCP counts as outbound")
    private @Nullable String virtualInterfaces;

    @Option(names = "--host-probe-v4", paramLabel = "ADDRESS",
            description = "from where health probes come; default: " + InPodConstants.HOST_PROBE_V4)
    private @Nullable String hostProbeV4;

    @Option(names = "--host-probe-v6", paramLabel = "ADDRESS", description = "the same for IPv6; default: " + InPodConstants.HOST_PROBE_V6)
    private @Nullable String hostProbeV6;

    @Option(names = "--mark-owner", paramLabel = "CGROUP",
            description = "only processes in this cgroup (version 2, without leading slash) may use the proxy's mark; part of the guard")
    private @Nullable String proxyCgroup;

    @Option(names = "--kubelet-uid", paramLabel = "N",
            description = "--scope host, back ends with inet tables: the user whose sockets count as the kubelet's; default: every user")
    private @Nullable Long kubeletUid;

    @Option(names = "--pod", paramLabel = "ADDRESS=UID", description = "--scope host: a pod that gets health probes; may be repeated")
    private List<String> pods = List.of();

    boolean isHost() {
        return scope == Scope.HOST;
    }

    /** Reports an invalid value as wrong usage. */
    private <T> T checked(Making<T> making) {
        try {
            return making.make();
        } catch (IllegalArgumentException e) {
            throw new ParameterException(command == null ? null : command.commandLine(), e.getMessage(), e);
        }
    }

    private InPodRedirection of(IpFamily family) {
        InPodRedirection redirection = InPodRedirection.of(family).withProfile(profile).withDnsCapture(dns).withIngress(ingress)
                // picocli's split would interpret quotes
                .withVirtualInterfaces(virtualInterfaces == null ? List.of() : List.of(virtualInterfaces.split(",", -1)));
        String probe = family == IpFamily.V4 ? hostProbeV4 : hostProbeV6;
        return probe == null ? redirection : redirection.withHostProbe(address(probe));
    }

    private static InetAddress address(String text) {
        IpPrefix prefix = IpPrefix.parse(text);
        if (prefix.length() < prefix.family().bits()) {
            throw new IllegalArgumentException(text + " is not one address");
        }
        return prefix.address();
    }

    PodRules podRules(List<IpFamily> families, boolean guard) {
        return checked(() -> {
            PodRules rules = new PodRules(families.stream().map(this::of).toList(), guard, List.of());
            return proxyCgroup == null ? rules : rules.withProxyCgroup(proxyCgroup);
        });
    }

    HostProbe hostProbe(List<IpFamily> families) {
        return checked(() -> new HostProbe(families.stream().map(family -> of(family).hostProbe()).toList(),
                kubeletUid == null ? OptionalLong.empty() : OptionalLong.of(kubeletUid)));
    }

    List<AddressSet.Element> pods() {
        return checked(() -> {
            List<AddressSet.Element> elements = new ArrayList<>();
            for (String pod : pods) {
                int sign = pod.indexOf('=');
                if (sign < 0) {
                    throw new IllegalArgumentException("--pod " + pod + " is not ADDRESS=UID");
                }
                elements.add(new AddressSet.Element(address(pod.substring(0, sign)), pod.substring(sign + 1)));
            }
            return elements;
        });
    }
}
