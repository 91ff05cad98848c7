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
 * Everything that a pod in the mesh gets, for both families: the redirection of each family that is redirected, a guard under it, and
 * a rejection of the TCP of each family that isn't.
 *
 * @param redirections one for each family that is redirected, at least one
 * @param guard whether {@link PodGuard} belongs to each of them
 * @param markOwner the proxy's cgroup, if only that may use the proxy's mark, see {@link PodGuard}; needs the guard
 */
public record PodRules(List<InPodRedirection> redirections, boolean guard, Optional<String> markOwner) {
    /** All that this and older versions may have left in a pod, with whatever options. */
    public static final ManagedNames NAMES = new ManagedNames(Set.of(InPodRedirection.IN, InPodRedirection.OUT, PodGuard.CHAIN, PodGuard.INBOUND_CHAIN,
            PodGuard.OWNER_CHAIN,
            FamilyRejection.CHAIN, InetPodRules.IN, InetPodRules.OUT, PodGuard.INET_CHAIN, PodGuard.INET_INBOUND_CHAIN,
            PodGuard.INET_OWNER_CHAIN, FamilyRejection.INET_CHAIN), "istio-ambient-", Set.of());

    /**
     * Checks the parts against each other.
     *
     * @param redirections one for each family that is redirected, at least one
     * @param guard whether {@link PodGuard} belongs to each of them
     * @param markOwner the proxy's cgroup, if only that may use the proxy's mark, see {@link PodGuard}; needs the guard
     * @throws IllegalArgumentException if there is no redirection, a family is there twice, the cgroup can't be one, or is there without
     *     the guard
     */
    public PodRules {
        redirections = List.copyOf(redirections);
        Set<IpFamily> families = EnumSet.noneOf(IpFamily.class);
        for (InPodRedirection redirection : redirections) {
            if (!families.add(redirection.family())) {
                throw new IllegalArgumentException("two redirections for " + redirection.family());
            }
        }
        if (families.isEmpty()) {
            throw new IllegalArgumentException("no redirection: at least one family needs one");
        }
        if (markOwner.isPresent() && !guard) {
            throw new IllegalArgumentException("markOwner is a part of the guard, which is off");
        }
        markOwner.ifPresent(Match::cgroup);
    }

    /**
     * The usual: redirections with the guard.
     *
     * @param redirections one for each family that is redirected, at least one
     * @return the rules
     * @throws IllegalArgumentException if there is none, or a family is there twice
     */
    public static PodRules of(InPodRedirection... redirections) {
        return new PodRules(List.of(redirections), true, Optional.empty());
    }

    /**
     * Switches the guard.
     *
     * @param value whether it belongs to the rules; without it {@link #markOwner} goes too
     * @return a copy with that setting
     */
    public PodRules withGuard(boolean value) {
        return new PodRules(redirections, value, value ? markOwner : Optional.empty());
    }

    /**
     * Lets only one cgroup use the proxy's mark.
     *
     * @param path the proxy's cgroup, see {@link PodGuard}
     * @return a copy with the guard and that setting
     * @throws IllegalArgumentException if it can't be the path of a cgroup
     */
    public PodRules withMarkOwner(String path) {
        return new PodRules(redirections, true, Optional.of(path));
    }

    /**
     * Rejects a family's TCP instead of redirecting it.
     *
     * @param family which
     * @return a copy without its redirection
     * @throws IllegalArgumentException if no other family is redirected
     */
    public PodRules without(IpFamily family) {
        return new PodRules(redirections.stream().filter(redirection -> redirection.family() != family).toList(), guard, markOwner);
    }

    /**
     * How a family is redirected.
     *
     * @param family which
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
     * The rules of one family for the tables of iptables.
     *
     * @param family which
     * @return its redirection and guard, or its rejection
     */
    public RuleSet ruleSet(IpFamily family) {
        Draft draft = new Draft();
        addTo(draft, family);
        return draft.of(family);
    }

    private void addTo(Draft draft, IpFamily family) {
        Optional<InPodRedirection> redirected = redirection(family);
        if (redirected.isEmpty()) {
            new FamilyRejection(family).addTo(draft);
            return;
        }
        redirected.get().addTo(draft);
        if (guard) {
            new PodGuard(markOwner).addTo(draft, redirected.get());
        }
    }

    /** {@return the rules of both families for the tables of iptables} */
    public RuleSet shared() {
        Draft draft = new Draft();
        for (IpFamily family : List.of(IpFamily.V4, IpFamily.V6)) {
            addTo(draft.naming(family), family);
        }
        return draft.ofBoth();
    }

    /**
     * A step on the way from older rules to these, for back ends that change one table after the other: with it in between, at no moment
     * does a packet meet neither the old way to the proxy nor the new one. The rejection of a family stays until that is redirected, and
     * TPROXY until REDIRECT is there.
     *
     * @param old the older rules, by family
     * @return the rules of both families to apply first; the same as {@link #shared} if no such step is needed
     */
    public RuleSet after(Map<IpFamily, RuleSet> old) {
        Draft draft = new Draft();
        for (IpFamily family : List.of(IpFamily.V4, IpFamily.V6)) {
            addStep(draft.naming(family), old, family);
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
                .flatMap(table -> table.chains().stream()).anyMatch(chain -> chain.name().equals(FamilyRejection.CHAIN));
        if (rejected) {
            new FamilyRejection(family).addTo(draft);
        }
    }

    private static boolean handsOver(RuleSet rules) {
        return rules.table(TableName.MANGLE).stream().flatMap(table -> table.chains().stream())
                .flatMap(chain -> chain.rules().stream()).anyMatch(rule -> rule.target() instanceof Target.Tproxy);
    }

    /**
     * The rules of both families for {@code inet} tables, see {@link InPodRedirection#inet}.
     *
     * @return the rules
     */
    public RuleSet inet() {
        Draft draft = InetPodRules.of(redirections);
        if (guard) {
            new PodGuard(markOwner).addInetTo(draft, redirections);
        }
        for (IpFamily family : IpFamily.values()) {
            if (redirection(family).isEmpty()) {
                new FamilyRejection(family).addInetTo(draft);
            }
        }
        return draft.ofBoth();
    }
}
