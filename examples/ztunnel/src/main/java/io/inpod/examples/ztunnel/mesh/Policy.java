package io.inpod.examples.ztunnel.mesh;

import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * An authorization policy: which connections a workload accepts.
 *
 * @param namespace its Kubernetes namespace
 * @param name its name in the namespace
 * @param scope which workloads it concerns
 * @param action what happens to connections that match
 * @param dryRun whether what it decides is only logged
 * @param rules of which one must match; without rules it never matches
 * @param unreadable why it can't be understood, or null if it can. It then denies everything to the workloads that it concerns; if it isn't
 * even known which these are, the scope is the widest that is possible
 */
public record Policy(
        String namespace,
        String name,
        Scope scope,
        Action action,
        boolean dryRun,
        List<Rule> rules,
        @Nullable String unreadable) {
    /** Copies the list. */
    public Policy {
        rules = List.copyOf(rules);
    }

    /** Which workloads a policy concerns. */
    public enum Scope {
        /** All. */
        GLOBAL,
        /** Those of its namespace. */
        NAMESPACE,
        /** Those that name it. */
        WORKLOAD_SELECTOR
    }

    /** What happens to connections that match. */
    public enum Action {
        /** They are accepted, unless another policy denies them; what no such policy of a workload matches is denied. */
        ALLOW,
        /** They are denied. */
        DENY
    }

    /** {@return the name by which workloads refer to it, {@code namespace/name}} */
    public String fullName() {
        return namespace + "/" + name;
    }

    /**
     * A rule matches if all its clauses do, in particular if it has none.
     *
     * @param clauses its conditions on where a connection is from, where it goes to, and others
     */
    public record Rule(List<Clause> clauses) {
        /** Copies the list. */
        public Rule {
            clauses = List.copyOf(clauses);
        }
    }

    /**
     * A clause matches if one of its matches does, or if it has none.
     *
     * @param matches the alternatives
     */
    public record Clause(List<Match> matches) {
        /** Copies the list. */
        public Clause {
            matches = List.copyOf(matches);
        }
    }

    /**
     * A match needs of each kind of value one that matches, unless none is given, and none of the negative ones. A match in which nothing
     * is given doesn't match.
     *
     * @param namespaces the client's namespaces
     * @param notNamespaces none of these
     * @param serviceAccounts the client's service accounts
     * @param notServiceAccounts none of these
     * @param principals the client's identities without {@code spiffe://}
     * @param notPrincipals none of these
     * @param sourceIps the client's addresses
     * @param notSourceIps none of these
     * @param destinationIps the workload's addresses
     * @param notDestinationIps none of these
     * @param destinationPorts the app's ports
     * @param notDestinationPorts none of these
     */
    public record Match(
            List<TextMatch> namespaces,
            List<TextMatch> notNamespaces,
            List<AccountMatch> serviceAccounts,
            List<AccountMatch> notServiceAccounts,
            List<TextMatch> principals,
            List<TextMatch> notPrincipals,
            List<AddressBlock> sourceIps,
            List<AddressBlock> notSourceIps,
            List<AddressBlock> destinationIps,
            List<AddressBlock> notDestinationIps,
            Set<Integer> destinationPorts,
            Set<Integer> notDestinationPorts) {
        /** A match in which nothing is given. */
        public static final Match EMPTY = new Match(List.of(), List.of(), List.of(), List.of(), List.of(), List.of(), List.of(), List.of(),
                List.of(), List.of(), Set.of(), Set.of());

        /** Copies lists and sets. */
        public Match {
            namespaces = List.copyOf(namespaces);
            notNamespaces = List.copyOf(notNamespaces);
            serviceAccounts = List.copyOf(serviceAccounts);
            notServiceAccounts = List.copyOf(notServiceAccounts);
            principals = List.copyOf(principals);
            notPrincipals = List.copyOf(notPrincipals);
            sourceIps = List.copyOf(sourceIps);
            notSourceIps = List.copyOf(notSourceIps);
            destinationIps = List.copyOf(destinationIps);
            notDestinationIps = List.copyOf(notDestinationIps);
            destinationPorts = Set.copyOf(destinationPorts);
            notDestinationPorts = Set.copyOf(notDestinationPorts);
        }
    }
}
