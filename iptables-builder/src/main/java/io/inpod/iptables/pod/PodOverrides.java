package io.inpod.iptables.pod;

import io.inpod.iptables.internal.Quote;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * The settings of one pod that differ from those of all pods, from its annotations. Names and syntax are Istio's.
 *
 * @param dnsCapture whether the pod's DNS queries go to the proxy; empty for the common setting
 * @param ingress whether inbound connections bypass the proxy
 * @param virtualInterfaces interfaces of machines nested in the pod
 */
public record PodOverrides(Optional<Boolean> dnsCapture, boolean ingress, List<String> virtualInterfaces) {
    /** The annotation for {@link #dnsCapture}. */
    public static final String DNS_CAPTURE = "ambient.istio.io/dns-capture";
    /** The annotation for {@link #ingress}. */
    public static final String BYPASS_INBOUND_CAPTURE = "ambient.istio.io/bypass-inbound-capture";
    /** The annotation for {@link #virtualInterfaces}. */
    public static final String REROUTE_VIRTUAL_INTERFACES = "istio.io/reroute-virtual-interfaces";

    private static final Set<String> TRUE = Set.of("1", "t", "T", "TRUE", "true", "True");
    private static final Set<String> FALSE = Set.of("0", "f", "F", "FALSE", "false", "False");

    /** No overrides. */
    public static final PodOverrides NONE = new PodOverrides(Optional.empty(), false, List.of());

    /**
     * Copies the list.
     *
     * @param dnsCapture see {@link #dnsCapture()}
     * @param ingress see {@link #ingress()}
     * @param virtualInterfaces see {@link #virtualInterfaces()}
     */
    public PodOverrides {
        virtualInterfaces = List.copyOf(virtualInterfaces);
    }

    /**
     * Reads a pod's annotations. Istio's agent ignores a value that it can't read. Here it is an error, because the pod would silently get
     * other rules than it asked for.
     *
     * @param annotations all annotations of the pod; those with other names are ignored
     * @return the pod's settings
     * @throws IllegalArgumentException naming the annotation whose value can't be read
     */
    public static PodOverrides ofAnnotations(Map<String, String> annotations) {
        List<String> interfaces = new ArrayList<>();
        String listed = annotations.getOrDefault(REROUTE_VIRTUAL_INTERFACES, "");
        if (!listed.isBlank()) {
            for (String name : listed.split(",", -1)) {
                interfaces.add(InPodRedirection.checkVirtualInterface(REROUTE_VIRTUAL_INTERFACES, name.strip()));
            }
        }
        return new PodOverrides(bool(annotations, DNS_CAPTURE), bool(annotations, BYPASS_INBOUND_CAPTURE).orElse(false), interfaces);
    }

    /** Accepts what Go's strconv.ParseBool accepts. */
    private static Optional<Boolean> bool(Map<String, String> annotations, String name) {
        String value = annotations.get(name);
        if (value == null) {
            return Optional.empty();
        }
        if (!TRUE.contains(value) && !FALSE.contains(value)) {
            throw new IllegalArgumentException("annotation " + name + " is " + Quote.of(value) + ", not true or false");
        }
        return Optional.of(TRUE.contains(value));
    }
}
