package io.inpod.iptables.backend.pod;

import io.inpod.iptables.RuleSet;
import io.inpod.iptables.backend.Backend;
import io.inpod.iptables.backend.Backends;
import io.inpod.iptables.backend.Detection;
import io.inpod.iptables.backend.KernelTables;
import io.inpod.iptables.backend.Layout;
import io.inpod.iptables.backend.RulesDifferException;
import io.inpod.iptables.backend.Usability;
import io.inpod.iptables.backend.internal.tools.CgroupMount;
import io.inpod.iptables.backend.internal.tools.KernelFamilies;
import io.inpod.iptables.pod.PodRules;
import io.inpod.netlink.NetlinkSockets;
import io.inpod.netns.IpFamily;
import io.inpod.netns.NamespaceChange;
import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.NodeNamespaces;
import java.io.IOException;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.Collectors;

/**
 * Applies {@link PodRules} to the namespace of a pod, for both families or none. The back end is one that already holds rules of a pod, so
 * that they are replaced and not duplicated; otherwise the first that is usable. Rules of an older version, with other options, are
 * replaced as a whole. Rules that another back end left in tables that this one doesn't see are differences, and are removed once the new
 * rules are in place.
 *
 * <p>The rules alone don't keep what they promise: a pod also needs the policy routing of {@code io.inpod.tproxy.PolicyRouting} and the
 * {@linkplain io.inpod.netns.InPodSettings settings}. Compose them as one redirection.
 *
 * <p>Refuses the {@linkplain NodeNamespaces namespaces of the node}, and this process's own unless {@link #inOwnNamespace} permits it.
 * Blocks.
 */
public final class PodRulesChange implements NamespaceChange {
    private final PodRules rules;
    private final List<Backend> backends;
    private final Consumer<String> reasons;
    private final boolean own;

    /**
     * Creates a change that uses the best of all back ends.
     *
     * @param rules the rules to apply
     */
    public PodRulesChange(PodRules rules) {
        this(rules, Backends.all(), reason -> {
        });
    }

    /**
     * Creates a change.
     *
     * @param rules the rules to apply
     * @param backends the back ends to choose from, the preferred first
     * @param reasons receives, on the installing thread, which back end was taken and why, and why not another
     */
    public PodRulesChange(PodRules rules, List<Backend> backends, Consumer<String> reasons) {
        this(rules, backends, reasons, false);
    }

    private PodRulesChange(PodRules rules, List<Backend> backends, Consumer<String> reasons, boolean own) {
        this.rules = rules;
        this.backends = List.copyOf(backends);
        this.reasons = reasons;
        this.own = own;
    }

    /**
     * Permits the namespace that this process was started in, for a process that is itself a part of the pod, such as an init container. It
     * needs CAP_NET_ADMIN alone there. The node's namespace stays refused, see {@link NodeNamespaces#refuseUnlessOwn}.
     *
     * @return a copy that permits it
     */
    public PodRulesChange inOwnNamespace() {
        return new PodRulesChange(rules, backends, reasons, true);
    }

    private void refuseNode(NetworkNamespace namespace) throws IOException {
        if (own) {
            NodeNamespaces.refuseUnlessOwn(namespace);
        } else {
            NodeNamespaces.refuse(namespace);
        }
    }

    /**
     * Returns whether a cgroup exists, which rules with it need.
     *
     * @param path its path, as in {@link PodRules#proxyCgroups()}
     * @return whether it exists; true if the hierarchy isn't mounted here
     */
    public static boolean cgroupExists(String path) {
        try {
            CgroupMount.check(path);
            return true;
        } catch (IOException e) {
            return false;
        }
    }

    /** {@return the rules that are applied} */
    public PodRules rules() {
        return rules;
    }

    /**
     * Returns the rules as a back end loads them.
     *
     * @param rules the rules of a pod
     * @param backend the back end
     * @return the rules in its layout, for the families that this kernel has
     */
    public static RuleSet ruleSet(PodRules rules, Backend backend) {
        if (backend.layout() == Layout.INET) {
            return RuleSets.of(rules, Layout.INET);
        }
        RuleSet shared = RuleSets.of(rules, Layout.IPTABLES);
        return KernelFamilies.has(IpFamily.V6) ? shared : shared.only(IpFamily.V4);
    }

    /**
     * Installs the rules of both families, or none. If no back end holds rules yet and the preferred one fails, the next is tried. If none
     * can redirect both families, but one of them, the TCP of the other is rejected. Rules of a pod in tables that only other back ends
     * see, given or not, are removed last: if that fails, the new rules exist beside them.
     *
     * @param namespace the namespace of a pod
     * @throws IOException if it is the node's, no back end is usable, or the usable ones fail, each with its reason
     */
    @Override
    public void install(NetworkNamespace namespace) throws IOException {
        refuseNode(namespace);
        for (String path : rules.proxyCgroups()) {
            CgroupMount.check(path);
        }
        NetlinkSockets.holding(namespace, () -> installHere(namespace));
    }

    private void installHere(NetworkNamespace namespace) throws IOException {
        Detection detection = BackendSearch.detect(backends, namespace, PodRules.NAMES);
        Backend chosen = detection.chosen().orElseThrow(() -> new IOException(namespace + ": " + detection.reason()));
        List<Backend> candidates = new ArrayList<>(List.of(chosen));
        reasons.accept(detection.reason());
        boolean fresh = detection.candidates().stream().noneMatch(Detection.Candidate::holdsRules);
        Set<KernelTables> empty = empty(detection);
        IOException failure = null;
        for (int i = 0; i < candidates.size(); i++) {
            Backend backend = candidates.get(i);
            try {
                new PodUpgrade(backend, rules, reasons).install(namespace, fresh);
            } catch (IOException | IllegalArgumentException e) {
                reasons.accept(backend.name() + " failed: " + e.getMessage());
                if (failure == null) {
                    failure = e instanceof IOException io ? io : new IOException(backend.name() + ": " + e.getMessage(), e);
                } else {
                    failure.addSuppressed(e);
                }
                if (i == 0 && fresh) {
                    candidates.addAll(others(namespace, chosen));
                }
                continue;
            }
            if (failure != null) {
                reasons.accept(backend.name() + " was taken instead");
            }
            clearOthers(namespace, backend, failure == null ? empty : Set.of());
            return;
        }
        IOException why = failure == null ? new IOException(detection.reason()) : failure;
        PodRules possible = PossibleFamilies.of(chosen, rules).orElseThrow(() -> why);
        reasons.accept("not every family can be redirected here; the TCP of the other is rejected");
        new PodUpgrade(chosen, possible, reasons).install(namespace, fresh);
        clearOthers(namespace, chosen, Set.of());
    }

    /** Returns which other back ends can be used. */
    private List<Backend> others(NetworkNamespace namespace, Backend chosen) throws IOException {
        List<Backend> others = new ArrayList<>();
        for (Backend backend : backends) {
            if (!backend.name().equals(chosen.name()) && backend.usability(namespace).usable()) {
                others.add(backend);
            }
        }
        return others;
    }

    /**
     * Returns the tables in which rules of a pod were looked for and not found. A back end that wasn't looked at has none: another one has
     * been asked about its tables, or they don't exist.
     */
    private Set<KernelTables> empty(Detection detection) {
        Set<KernelTables> empty = EnumSet.noneOf(KernelTables.class);
        Set<String> asked = detection.candidates().stream().map(candidate -> candidate.backend().name()).collect(Collectors.toSet());
        backends.stream().filter(backend -> !asked.contains(backend.name())).forEach(backend -> empty.addAll(backend.tables()));
        for (Detection.Candidate candidate : detection.candidates()) {
            if (candidate.usability().usable() && !candidate.holdsRules()) {
                empty.addAll(candidate.backend().tables());
            }
        }
        for (Detection.Candidate candidate : detection.candidates()) {
            if (candidate.holdsRules()) {
                empty.removeAll(candidate.backend().tables());
            }
        }
        return empty;
    }

    private void clearOthers(NetworkNamespace namespace, Backend taken, Set<KernelTables> empty) throws IOException {
        for (String name : new OtherTables(taken, PodRules.NAMES, backends, empty).remove(namespace)) {
            reasons.accept("older rules in the tables of " + name + " were removed");
        }
    }

    /**
     * Returns the differences between the rules in the namespace and those that should be there.
     *
     * @param namespace the namespace of a pod
     * @return one text for each difference; empty if there is none
     * @throws IOException if no back end is usable, or a tool or the kernel refuses
     */
    public List<String> diff(NetworkNamespace namespace) throws IOException {
        return differences(namespace).all();
    }

    /**
     * Returns the differences without leftovers of other back ends.
     *
     * @param namespace the namespace of a pod
     * @return as {@link #diff}, but only those in the tables of the back end that holds the pod's rules
     * @throws IOException as {@link #diff}
     */
    public List<String> ownDiff(NetworkNamespace namespace) throws IOException {
        return differences(namespace).rules();
    }

    /**
     * Returns what other back ends have left in tables that the one that holds the pod's rules doesn't see.
     *
     * @param namespace the namespace of a pod
     * @return those of {@link #diff} that {@link #ownDiff} leaves out
     * @throws IOException as {@link #diff}
     */
    public List<String> leftovers(NetworkNamespace namespace) throws IOException {
        return differences(namespace).leftovers();
    }

    private PodDifferences.Found differences(NetworkNamespace namespace) throws IOException {
        List<PodDifferences.Found> found = new ArrayList<>();
        NetlinkSockets.holding(namespace, () -> found.add(new PodDifferences(rules, backends).in(namespace)));
        return found.get(0);
    }

    @Override
    public void verify(NetworkNamespace namespace) throws IOException {
        List<String> differences = diff(namespace);
        if (!differences.isEmpty()) {
            throw new RulesDifferException(namespace.toString(), differences);
        }
    }

    /**
     * Removes the rules of a pod, with any options and by any back end, given or not. Of several back ends for the same tables one is used.
     *
     * @param namespace the namespace of a pod
     * @throws IOException if it is the node's, no back end is usable, or a tool or the kernel refuses
     */
    @Override
    public void remove(NetworkNamespace namespace) throws IOException {
        refuseNode(namespace);
        BackendSearch search = new BackendSearch(namespace);
        List<String> unusable = new ArrayList<>();
        Backend last = null;
        for (Backend backend : backends) {
            if (!search.isNeeded(backend)) {
                continue;
            }
            Usability usability = backend.usability(namespace);
            if (usability.usable()) {
                backend.remove(namespace, PodRules.NAMES);
                search.visited(backend);
                last = backend;
            } else {
                unusable.add(backend.name() + ": " + usability.reason());
            }
        }
        if (last == null) {
            throw BackendSearch.noneUsable(namespace, unusable);
        }
        clearOthers(namespace, last, Set.of());
    }

    @Override
    public String toString() {
        return "rules of a pod";
    }
}
