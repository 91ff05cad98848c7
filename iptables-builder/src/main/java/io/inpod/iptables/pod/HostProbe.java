package io.inpod.iptables.pod;

import io.inpod.iptables.AddressSet;
import io.inpod.iptables.Chain;
import io.inpod.iptables.FamilyScope;
import io.inpod.iptables.Hook;
import io.inpod.iptables.ManagedNames;
import io.inpod.iptables.Match;
import io.inpod.iptables.OwnerUserMatch;
import io.inpod.iptables.Protocol;
import io.inpod.iptables.Rule;
import io.inpod.iptables.RuleSet;
import io.inpod.iptables.Side;
import io.inpod.iptables.Table;
import io.inpod.iptables.TableName;
import io.inpod.iptables.Target;
import io.inpod.netns.InPodConstants;
import io.inpod.netns.IpFamily;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;

/**
 * The rules of the node's own namespace for health probes of pods in the mesh: TCP from local sockets to these pods leaves with the
 * agreed source address, which a pod's {@link InPodRedirection} lets through. The pods' addresses are in one set for each family,
 * each with the pod's uid as its comment. They are added and removed without touching the rules.
 *
 * @param sources the source addresses of probes, one for each family that is served, at least one
 * @param kubeletUid the user whose sockets the rules apply to in {@code inet} tables; if empty, they apply to those of all users. In the
 *     tables of iptables they apply to all sockets
 */
public record HostProbe(List<InetAddress> sources, OptionalLong kubeletUid) {
    /** The set of the pods' IPv4 addresses. */
    public static final String SET_V4 = "istio-inpod-probes-v4";
    /** The set of the pods' IPv6 addresses. */
    public static final String SET_V6 = "istio-inpod-probes-v6";
    private static final String CHAIN = "ISTIO_POSTRT";
    static final long LAST_USER = 0xffff_fffeL;

    /** The names of everything that this version and earlier ones may have left on a node. */
    public static final ManagedNames NAMES = new ManagedNames(Set.of(CHAIN), "istio-ambient-", Set.of(SET_V4, SET_V6));

    /**
     * Checks the families.
     *
     * @param sources see {@link #sources()}
     * @param kubeletUid see {@link #kubeletUid()}
     * @throws IllegalArgumentException if there is no address, or two of one family
     */
    public HostProbe {
        sources = List.copyOf(sources);
        Set<IpFamily> families = EnumSet.noneOf(IpFamily.class);
        for (InetAddress source : sources) {
            if (!families.add(IpFamily.of(source))) {
                throw new IllegalArgumentException("two probe addresses of " + IpFamily.of(source));
            }
        }
        if (families.isEmpty()) {
            throw new IllegalArgumentException("no probe address: at least one family needs one");
        }
        kubeletUid.ifPresent(Match::user);
    }

    /**
     * Returns the rules with the usual source addresses, {@link InPodConstants#hostProbe}.
     *
     * @param families the families that are served, at least one
     * @return the rules
     */
    public static HostProbe of(IpFamily... families) {
        List<InetAddress> sources = new ArrayList<>();
        for (IpFamily family : families) {
            sources.add(InPodConstants.hostProbe(family));
        }
        return new HostProbe(sources, OptionalLong.empty());
    }

    /**
     * Returns the name of a family's set.
     *
     * @param family the family
     * @return {@link #SET_V4} or {@link #SET_V6}
     */
    public static String set(IpFamily family) {
        return family == IpFamily.V4 ? SET_V4 : SET_V6;
    }

    /** {@return the families that are served} */
    public FamilyScope families() {
        return FamilyScope.of(sources.stream().map(IpFamily::of).toList());
    }

    /**
     * Returns the rules for the tables of iptables. The jump comes before other programs' rules, because a masquerade there would win.
     *
     * @param pods the pods' addresses with their uids; addresses of families that aren't served are left out
     * @return the rules with their sets
     */
    public RuleSet shared(List<AddressSet.Element> pods) {
        List<AddressSet> sets = sets(pods);
        List<Rule> rules = new ArrayList<>();
        for (AddressSet set : sets) {
            rules.add(Rule.of(snat(set.family()), Match.protocol(Protocol.TCP), Match.ownedBySocket(), Match.in(set, Side.DESTINATION)));
        }
        return new RuleSet(families(), List.of(Table.of(TableName.NAT,
                Chain.first(Hook.POSTROUTING, Rule.of(new Target.Jump(CHAIN))), new Chain(CHAIN, rules))), List.copyOf(sets));
    }

    /**
     * Returns the rules for {@code inet} tables.
     *
     * @param pods as for {@link #shared}
     * @return the rules with their sets
     */
    public RuleSet inet(List<AddressSet.Element> pods) {
        List<AddressSet> sets = sets(pods);
        Match user = kubeletUid.isPresent() ? Match.user(kubeletUid.getAsLong()) : new OwnerUserMatch(0, LAST_USER, false);
        List<Rule> rules = new ArrayList<>();
        for (AddressSet set : sets) {
            rules.add(Rule.of(snat(set.family()), Match.protocol(Protocol.TCP), user, Match.in(set, Side.DESTINATION)));
        }
        return new RuleSet(FamilyScope.BOTH, List.of(Table.of(TableName.NAT, new Chain(Hook.POSTROUTING.name(), rules))),
                List.copyOf(sets));
    }

    private Target snat(IpFamily family) {
        return new Target.Snat(sources.stream().filter(source -> IpFamily.of(source) == family).findFirst().orElseThrow(),
                Optional.empty());
    }

    private List<AddressSet> sets(List<AddressSet.Element> pods) {
        List<AddressSet> sets = new ArrayList<>();
        for (IpFamily family : families()) {
            sets.add(new AddressSet(set(family), family, pods.stream().filter(pod -> IpFamily.of(pod.address()) == family).toList()));
        }
        return sets;
    }
}
