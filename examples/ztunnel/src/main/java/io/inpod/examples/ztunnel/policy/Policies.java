package io.inpod.examples.ztunnel.policy;

import io.inpod.examples.ztunnel.mesh.Mesh;
import io.inpod.examples.ztunnel.mesh.Policy;
import io.inpod.examples.ztunnel.mesh.Policy.Action;
import io.inpod.examples.ztunnel.mesh.Policy.Scope;
import io.inpod.examples.ztunnel.mesh.Trace;
import io.inpod.examples.ztunnel.mesh.Workload;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The policies that concern one workload in one state of the mesh, prepared: a decision costs no more than these policies do. Immutable.
 * A pod's proxy keeps an object for as long as nothing changes that concerns the pod, see {@link #in}.
 */
public final class Policies {
    private static final Verdict NO_ALLOW_POLICIES = Verdict.of(Verdict.Basis.ALLOWED, "no policy denies it, and no ALLOW policies exist");
    private static final Verdict NOT_ALLOWED =
            Verdict.of(Verdict.Basis.NOT_ALLOWED, "allow policies exist, but none allowed");

    /** Null while the mesh doesn't have the workload. */
    private final @Nullable Found found;
    private final PreparedPolicy[] denying;
    private final PreparedPolicy[] allowing;
    private final boolean anyDryRun;
    /** The verdict on everything, if there is something that can't be understood. */
    private final @Nullable Verdict fault;

    /** What concerns a workload: policies, and names for which the mesh has none. */
    private record Found(List<Policy> policies, List<String> unknown) {
        static Found of(Mesh mesh, Workload workload) {
            List<Policy> policies = new ArrayList<>(mesh.globalPolicies());
            policies.addAll(mesh.policiesOf(workload.namespace()));
            List<String> unknown = new ArrayList<>();
            workload.policies().stream().distinct().forEach(name -> mesh.policy(name).ifPresentOrElse(policy -> {
                boolean isHere = policy.scope() == Scope.GLOBAL
                        || policy.scope() == Scope.NAMESPACE && policy.namespace().equals(workload.namespace());
                if (!isHere) {
                    policies.add(policy);
                }
            }, () -> unknown.add(name)));
            return new Found(policies, unknown);
        }
    }

    private Policies(String reason) {
        found = null;
        denying = new PreparedPolicy[0];
        allowing = denying;
        anyDryRun = false;
        fault = Verdict.of(Verdict.Basis.WORKLOAD_UNKNOWN, reason);
    }

    private Policies(Found found) {
        this.found = found;
        // in the order of their names, so that the same one is blamed each time
        List<PreparedPolicy> prepared =
                found.policies.stream().map(PreparedPolicy::new).sorted(Comparator.comparing(PreparedPolicy::name)).toList();
        denying = prepared.stream().filter(policy -> policy.is(Action.DENY)).toArray(PreparedPolicy[]::new);
        allowing = prepared.stream().filter(policy -> policy.is(Action.ALLOW)).toArray(PreparedPolicy[]::new);
        anyDryRun = prepared.stream().anyMatch(PreparedPolicy::dryRun);
        fault = fault(found, prepared);
    }

    private static @Nullable Verdict fault(Found found, List<PreparedPolicy> prepared) {
        if (!found.unknown.isEmpty()) {
            return Verdict.of(Verdict.Basis.POLICY_UNKNOWN, "policy " + found.unknown.get(0) + " isn't known yet");
        }
        for (PreparedPolicy policy : prepared) {
            if (policy.fault() != null && !policy.dryRun()) {
                return Verdict.of(Verdict.Basis.POLICY_UNREADABLE,
                        "policy " + policy.name() + " can't be understood: " + policy.fault());
            }
        }
        return null;
    }

    /**
     * Finds the policies that concern a workload.
     *
     * @param mesh a state of the mesh
     * @param workload a workload of it
     * @return the policies, prepared
     */
    public static Policies of(Mesh mesh, Workload workload) {
        return new Policies(Found.of(mesh, workload));
    }

    /**
     * Denies everything: while the mesh doesn't have a workload, it isn't known which policies concern it.
     *
     * @param reason why the workload is unknown
     * @return policies that deny everything
     */
    public static Policies unknown(String reason) {
        return new Policies(reason);
    }

    /** {@return whether the mesh didn't have the workload} */
    public boolean isUnknown() {
        return found == null;
    }

    /**
     * Finds the policies that concern the same workload in a later state of the mesh.
     *
     * @param mesh the later state
     * @param workload the workload as it is there
     * @return this if nothing has changed that concerns the workload, and otherwise another object
     */
    public Policies in(Mesh mesh, Workload workload) {
        Found now = Found.of(mesh, workload);
        return now.equals(found) ? this : new Policies(now);
    }

    /**
     * Decides whether the workload accepts a connection.
     *
     * @param attempt the connection
     * @param trace is told which policies were looked at, and what matched or why nothing did
     * @return the verdict
     */
    public Verdict decide(Attempt attempt, Trace trace) {
        if (fault != null) {
            trace.step(fault::reason);
            return fault;
        }
        Facts facts = Facts.of(attempt);
        Verdict verdict = enforced(facts, trace);
        Verdict result = anyDryRun ? verdict.withDryRun(different(verdict, facts, trace)) : verdict;
        if (trace != Trace.NONE) {
            trace.step(result::reason);
        }
        return result;
    }

    private Verdict enforced(Facts facts, Trace trace) {
        PreparedPolicy denies = matching(denying, false, facts, trace);
        if (denies != null) {
            return denies.verdict();
        }
        PreparedPolicy allows = matching(allowing, false, facts, trace);
        if (allows != null) {
            return allows.verdict();
        }
        return any(allowing, false) ? NOT_ALLOWED : NO_ALLOW_POLICIES;
    }

    /** Says what the verdict would be if the policies that are only tried were enforced; null if it would be the same. */
    private @Nullable String different(Verdict verdict, Facts facts, Trace trace) {
        PreparedPolicy denies = matching(denying, true, facts, trace);
        PreparedPolicy allows = matching(allowing, true, facts, trace);
        if (verdict.allowed() && denies != null) {
            return denies.verdict().reason();
        }
        if (verdict.equals(NO_ALLOW_POLICIES) && allows == null && any(allowing, true)) {
            return NOT_ALLOWED.reason();
        }
        return verdict.equals(NOT_ALLOWED) && denies == null && allows != null ? allows.verdict().reason() : null;
    }

    private static @Nullable PreparedPolicy matching(PreparedPolicy[] policies, boolean dryRun, Facts facts, Trace trace) {
        for (PreparedPolicy policy : policies) {
            if (policy.dryRun() == dryRun && (policy.fault() == null && policy.matches(facts, trace))) {
                return policy;
            }
        }
        return null;
    }

    private static boolean any(PreparedPolicy[] policies, boolean dryRun) {
        for (PreparedPolicy policy : policies) {
            if (policy.dryRun() == dryRun) {
                return true;
            }
        }
        return false;
    }
}
