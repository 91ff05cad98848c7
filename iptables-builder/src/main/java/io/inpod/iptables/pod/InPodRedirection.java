package io.inpod.iptables.pod;

import io.inpod.iptables.FamilyScope;
import io.inpod.iptables.IpPrefix;
import io.inpod.iptables.Match;
import io.inpod.iptables.RuleSet;
import io.inpod.iptables.internal.AddressText;
import io.inpod.iptables.internal.InterfaceNames;
import io.inpod.netns.InPodConstants;
import io.inpod.netns.IpFamily;
import java.net.InetAddress;
import java.util.List;

/**
 * The rules that send a pod's TCP through a proxy with sockets in the pod: Istio ambient mode's in-pod redirection, chain by chain
 * and rule by rule as its node agent installs it.
 *
 * <p>Outbound TCP goes to port 15001, inbound plaintext to 15006, HBONE arrives at 15008, captured DNS at 15053. Packets with mark
 * 0x539/0xfff are the proxy's own and pass. Connections that the proxy opens to the application get connection mark 0x111/0xfff. Replies
 * take over that mark, so that policy routing can return them to the proxy. The numbers are in {@link InPodConstants}.
 *
 * @param profile how inbound connections reach the proxy
 * @param family the family of the rules; a pod with both families needs both
 * @param hostProbe the source address of health probes, which bypass the proxy
 * @param dnsCapture whether DNS queries over UDP and TCP go to the proxy
 * @param ingress whether inbound connections bypass the proxy, as for a gateway; only with {@link Profile#REDIRECT}
 * @param virtualInterfaces interfaces of machines nested in the pod, whose traffic counts as outbound; only with {@link Profile#REDIRECT}
 */
public record InPodRedirection(Profile profile, IpFamily family, InetAddress hostProbe, boolean dnsCapture, boolean ingress,
        List<String> virtualInterfaces) {
    private static final Match NOT_LOCALHOST_V4 = Match.destination(IpPrefix.of(IpFamily.V4.loopback())).not();
    private static final Match NOT_LOCALHOST_V6 = Match.destination(IpPrefix.of(IpFamily.V6.loopback())).not();

    /** How inbound connections reach the proxy. */
    public enum Profile {
        /** By REDIRECT in nat. The original destination comes from conntrack. */
        REDIRECT,
        /** By TPROXY in mangle, which needs transparent listeners. The original destination is the socket's own address. */
        TPROXY
    }

    /**
     * Checks the options against each other.
     *
     * @param profile see {@link #profile()}
     * @param family see {@link #family()}
     * @param hostProbe see {@link #hostProbe()}
     * @param dnsCapture see {@link #dnsCapture()}
     * @param ingress see {@link #ingress()}
     * @param virtualInterfaces see {@link #virtualInterfaces()}
     * @throws IllegalArgumentException if the probe address is of the other family, an option needs the other profile, or a name in the
     *     list can't be that of an interface
     */
    public InPodRedirection {
        if (IpFamily.of(hostProbe) != family) {
            throw new IllegalArgumentException("hostProbe " + AddressText.of(hostProbe) + " in rules for " + family);
        }
        if (profile == Profile.TPROXY && (ingress || !virtualInterfaces.isEmpty())) {
            throw new IllegalArgumentException((ingress ? "ingress" : "virtualInterfaces") + " needs the profile REDIRECT");
        }
        virtualInterfaces = List.copyOf(virtualInterfaces);
        virtualInterfaces.forEach(name -> checkVirtualInterface("virtual interface", name));
    }

    /**
     * Returns the defaults: {@link Profile#REDIRECT}, probes from {@link InPodConstants#hostProbe}, and no further option.
     *
     * @param family the family of the rules
     * @return the options
     */
    public static InPodRedirection of(IpFamily family) {
        return new InPodRedirection(Profile.REDIRECT, family, InPodConstants.hostProbe(family), false, false, List.of());
    }

    /**
     * Returns a copy with another profile.
     *
     * @param value how inbound connections reach the proxy
     * @return the copy
     */
    public InPodRedirection withProfile(Profile value) {
        return new InPodRedirection(value, family, hostProbe, dnsCapture, ingress, virtualInterfaces);
    }

    /**
     * Returns a copy with another probe address.
     *
     * @param value the source address of health probes
     * @return the copy
     */
    public InPodRedirection withHostProbe(InetAddress value) {
        return new InPodRedirection(profile, family, value, dnsCapture, ingress, virtualInterfaces);
    }

    /**
     * Returns a copy with DNS capture on or off.
     *
     * @param value whether DNS queries go to the proxy
     * @return the copy
     */
    public InPodRedirection withDnsCapture(boolean value) {
        return new InPodRedirection(profile, family, hostProbe, value, ingress, virtualInterfaces);
    }

    /**
     * Returns a copy with ingress mode on or off.
     *
     * @param value whether inbound connections bypass the proxy
     * @return the copy
     */
    public InPodRedirection withIngress(boolean value) {
        return new InPodRedirection(profile, family, hostProbe, dnsCapture, value, virtualInterfaces);
    }

    /**
     * Returns a copy with other interfaces of nested machines.
     *
     * @param value interface names
     * @return the copy
     */
    public InPodRedirection withVirtualInterfaces(List<String> value) {
        return new InPodRedirection(profile, family, hostProbe, dnsCapture, ingress, value);
    }

    static String checkVirtualInterface(String field, String name) {
        return InterfaceNames.check(field, name);
    }

    /**
     * Returns a copy in which a pod's own settings replace these options.
     *
     * @param overrides the pod's settings
     * @return the copy
     * @throws IllegalArgumentException if they don't fit the profile
     */
    public InPodRedirection with(PodOverrides overrides) {
        return new InPodRedirection(profile, family, hostProbe, overrides.dnsCapture().orElse(dnsCapture), ingress || overrides.ingress(),
                overrides.virtualInterfaces().isEmpty() ? virtualInterfaces : overrides.virtualInterfaces());
    }

    /** {@return the rules for the tables of iptables} */
    public RuleSet ruleSet() {
        Draft draft = new Draft();
        RedirectionRules.add(draft, PodTables.IPTABLES, List.of(this), false);
        return draft.of(family);
    }

    /**
     * Returns the rules of one or both families for {@code inet} tables, chain by chain and rule by rule as Istio's node agent writes them
     * with nft. A rule without addresses is there once and applies to both families, even if only one is redirected, as with Istio.
     *
     * @param redirections one for each family, IPv4 first, at least one
     * @return the rules
     */
    public static RuleSet inet(List<InPodRedirection> redirections) {
        Draft draft = new Draft();
        RedirectionRules.add(draft, PodTables.INET, redirections, false);
        return draft.ofBoth();
    }

    /** Returns the families of one redirection, or of two. */
    static FamilyScope scope(List<InPodRedirection> redirections) {
        return redirections.size() > 1 ? FamilyScope.BOTH : FamilyScope.of(redirections.get(0).family());
    }

    /** Returns the match for inbound packets that aren't redirected, and that the guard lets pass to a nested machine. */
    Match fromProbe() {
        return Match.source(IpPrefix.of(hostProbe));
    }

    /** Returns the match for outbound packets that aren't redirected, and that the guard therefore lets pass. */
    Match toProbe() {
        return Match.destination(IpPrefix.of(hostProbe));
    }

    Match notLocalhost() {
        return family == IpFamily.V4 ? NOT_LOCALHOST_V4 : NOT_LOCALHOST_V6;
    }
}
