package io.inpod.iptables.pod;

import io.inpod.iptables.ManagedNames;
import io.inpod.iptables.Match;
import io.inpod.iptables.RuleSet;
import io.inpod.iptables.TableName;
import io.inpod.iptables.Target;
import io.inpod.netns.IpFamily;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * All rules of a pod in the mesh, for both families: the redirection of each family that is redirected, a guard under it, and a rejection
 * of the TCP of each family that isn't.
 *
 * <p>The guard drops TCP that has missed the redirection, on its way out of and into the pod, for example because another program flushed
 * the nat table or accepted a packet before it. If the proxy's cgroups are given, the guard also drops packets with the proxy's mark that
 * begin a connection from outside them: a container with CAP_NET_RAW can set any mark.
 *
 * <p>With the guard, the proxy's sockets must have IP_TRANSPARENT: those that listen on the ports to which the rules lead, and with DNS
 * capture the UDP socket too. What is for these ports but belongs to another socket is dropped. A proxy that can't set it needs rules
 * without the guard.
 *
 * @param redirections one for each family that is redirected, at least one
 * @param guard whether the rules include the guard
 * @param proxyCgroups the paths of the proxies' cgroups in the version 2 hierarchy, without a leading slash, if only these cgroups and
 *     their descendants may use the proxy's mark: usually one, two during an upgrade; empty if every process may. Needs the guard. The
 *     cgroups must exist when the rules are applied, and the kernel needs CONFIG_NETFILTER_XT_MATCH_CGROUP, or for {@code inet} tables
 *     CONFIG_NFT_SOCKET
 */
public record PodRules(List<InPodRedirection> redirections, boolean guard, List<String> proxyCgroups) {
    /** The names of everything that this version and earlier ones may have left in a pod, with any options. */
    public static final ManagedNames NAMES = new ManagedNames(PodTables.allChains(), "istio-ambient-", Set.of());

    /**
     * Checks the parts against each other.
     *
     * @param redirections see {@link #redirections()}
     * @param guard see {@link #guard()}
     * @param proxyCgroups see {@link #proxyCgroups()}
     * @throws IllegalArgumentException if there is no redirection, a family is given twice, a path can't be that of a cgroup, or one is
     *     given without the guard
     */
    public PodRules {
        redirections = List.copyOf(redirections);
        proxyCgroups = List.copyOf(proxyCgroups);
        Set<IpFamily> families = EnumSet.noneOf(IpFamily.class);
        for (InPodRedirection redirection : redirections) {
            if (!families.add(redirection.family())) {
                throw new IllegalArgumentException("two redirections for " + redirection.family());
            }
        }
        if (families.isEmpty()) {
            throw new IllegalArgumentException("no redirection: at least one family needs one");
        }
        if (!proxyCgroups.isEmpty() && !guard) {
            throw new IllegalArgumentException("proxyCgroup is part of the guard, which is off");
        }
        proxyCgroups.forEach(Match::cgroup);
    }

    /**
     * Returns the usual rules: redirections with the guard.
     *
     * @param redirections one for each family that is redirected, at least one
     * @return the rules
     * @throws IllegalArgumentException if there is none, or a family is given twice
     */
    public static PodRules of(InPodRedirection... redirections) {
        return new PodRules(List.of(redirections), true, List.of());
    }

    /**
     * Returns a copy with or without the guard.
     *
     * @param value whether the rules include it; without it, {@link #proxyCgroups} is cleared too
     * @return the copy
     */
    public PodRules withGuard(boolean value) {
        return new PodRules(redirections, value, value ? proxyCgroups : List.of());
    }

    /**
     * Returns a copy with the guard, in which only these cgroups may use the proxy's mark.
     *
     * @param paths the proxies' cgroups, as for {@link #proxyCgroups}; none to allow every process
     * @return the copy
     * @throws IllegalArgumentException if one can't be the path of a cgroup
     */
    public PodRules withProxyCgroups(List<String> paths) {
        return new PodRules(redirections, true, paths);
    }

    /**
     * Returns a copy with the guard, in which only one cgroup may use the proxy's mark.
     *
     * @param path the proxy's cgroup, as for {@link #proxyCgroups}
     * @return the copy
     * @throws IllegalArgumentException if it can't be the path of a cgroup
     */
    public PodRules withProxyCgroup(String path) {
        return withProxyCgroups(List.of(path));
    }

    /**
     * Returns a copy that rejects a family's TCP instead of redirecting it.
     *
     * @param family the family to reject
     * @return the copy
     * @throws IllegalArgumentException if no other family is redirected
     */
    public PodRules without(IpFamily family) {
        return new PodRules(redirections.stream().filter(redirection -> redirection.family() != family).toList(), guard, proxyCgroups);
    }

    /**
     * Returns how a family is redirected.
     *
     * @param family the family
     * @return its redirection; empty if its TCP is rejected
     */
    public Optional<InPodRedirection> redirection(IpFamily family) {
        for (InPodRedirection redirection : redirections) {
            if (redirection.family() == family) {
                return Optional.of(redirection);
            }
        }
        return Optional.empty();
    }

    /**
     * Returns the rules of one family for the tables of iptables.
     *
     * @param family the family
     * @return its redirection and guard, or its rejection
     */
    public RuleSet ruleSet(IpFamily family) {
        Draft draft = new Draft();
        addTo(draft, family);
        return draft.of(family);
    }

    private void addTo(Draft draft, IpFamily family) {
        Optional<InPodRedirection> redirected = redirection(family);
        if (redirected.isPresent()) {
            addTo(draft, PodTables.IPTABLES, List.of(redirected.get()));
        } else {
            FamilyRejection.add(draft, PodTables.IPTABLES, family);
        }
    }

    private void addTo(Draft draft, PodTables kind, List<InPodRedirection> some) {
        if (guard) {
            LinkLocal.add(draft, kind, some);
        }
        RedirectionRules.add(draft, kind, some, guard);
        if (guard) {
            ProxyPorts.add(draft, kind, some);
            PodGuard.add(draft, kind, some, proxyCgroups);
        }
    }

    /** {@return the rules of both families for the tables of iptables} */
    public RuleSet shared() {
        Draft draft = new Draft();
        for (IpFamily family : List.of(IpFamily.V4, IpFamily.V6)) {
            addTo(draft.restrictedTo(family), family);
        }
        return draft.ofBoth();
    }

    /**
     * Returns an intermediate step from older rules to these, for back ends that change one table after the other. With it, every packet
     * meets the old way to the proxy or the new one at any moment: the rejection of a family stays until the family is redirected, and
     * TPROXY stays until REDIRECT is in place.
     *
     * @param old the older rules, by family
     * @return the rules of both families to apply first; equal to {@link #shared} if no such step is needed
     */
    public RuleSet after(Map<IpFamily, RuleSet> old) {
        Draft draft = new Draft();
        for (IpFamily family : List.of(IpFamily.V4, IpFamily.V6)) {
            addStep(draft.restrictedTo(family), old, family);
        }
        return draft.ofBoth();
    }

    private void addStep(Draft draft, Map<IpFamily, RuleSet> old, IpFamily family) {
        RuleSet wanted = ruleSet(family);
        RuleSet before = old.getOrDefault(family, wanted);
        boolean handing = handsOver(before) && !handsOver(wanted);
        for (TableName table : TableName.values()) {
            (handing && table == TableName.MANGLE ? before : wanted).table(table).ifPresent(draft::add);
        }
        boolean rejected = redirection(family).isPresent() && before.table(TableName.FILTER).stream()
                .flatMap(table -> table.chains().stream()).anyMatch(chain -> chain.name().equals(PodTables.IPTABLES.rejection.name()));
        if (rejected) {
            FamilyRejection.add(draft, PodTables.IPTABLES, family);
        }
    }

    private static boolean handsOver(RuleSet rules) {
        return rules.table(TableName.MANGLE).stream().flatMap(table -> table.chains().stream())
                .flatMap(chain -> chain.rules().stream()).anyMatch(rule -> rule.target() instanceof Target.Tproxy);
    }

    /**
     * Returns whether a chain is the one in which the guard marks the connections that it admits, in tables of either layout.
     *
     * @param chain the name of a chain
     * @return whether it is
     */
    public static boolean isAdmission(String chain) {
        return chain.equals(PodTables.IPTABLES.admission.name()) || chain.equals(PodTables.INET.admission.name());
    }

    /** {@return the rules of both families for {@code inet} tables, see {@link InPodRedirection#inet}} */
    public RuleSet inet() {
        Draft draft = new Draft();
        addTo(draft, PodTables.INET, redirections);
        for (IpFamily family : IpFamily.values()) {
            if (redirection(family).isEmpty()) {
                FamilyRejection.add(draft, PodTables.INET, family);
            }
        }
        return draft.ofBoth();
    }
}
