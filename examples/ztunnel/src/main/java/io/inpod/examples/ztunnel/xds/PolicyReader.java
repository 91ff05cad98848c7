package io.inpod.examples.ztunnel.xds;

import com.google.protobuf.Message;
import io.inpod.examples.istio.SecurityApi;
import io.inpod.examples.ztunnel.mesh.AccountMatch;
import io.inpod.examples.ztunnel.mesh.AddressBlock;
import io.inpod.examples.ztunnel.mesh.Policy;
import io.inpod.examples.ztunnel.mesh.TextMatch;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Reads a policy. One that can't be understood as a whole isn't left out, because then what it denies would be allowed: it becomes a policy
 * that denies everything to the workloads that it may concern.
 */
final class PolicyReader {
    private PolicyReader() {}

    /** A policy, which may be {@linkplain Policy#unreadable() unreadable}. */
    static Policy read(SecurityApi.Authorization from) {
        try {
            return new Policy(from.getNamespace(), from.getName(), scope(from), action(from), from.getDryRun(), rules(from), null);
        } catch (UnusableException e) {
            return new Policy(from.getNamespace(), from.getName(), knownScope(from), Policy.Action.DENY, from.getDryRun(), List.of(),
                    e.getMessage());
        }
    }

    /** Nothing is known of it but its name, so it may be for all workloads. */
    static Policy unreadable(String fullName, String reason) {
        int slash = fullName.indexOf('/');
        return new Policy(fullName.substring(0, Math.max(0, slash)), fullName.substring(slash + 1), Policy.Scope.GLOBAL, Policy.Action.DENY,
                false, List.of(), reason);
    }

    private static Policy.Scope scope(SecurityApi.Authorization from) throws UnusableException {
        return switch (from.getScope()) {
            case GLOBAL -> Policy.Scope.GLOBAL;
            case NAMESPACE -> Policy.Scope.NAMESPACE;
            case WORKLOAD_SELECTOR -> Policy.Scope.WORKLOAD_SELECTOR;
            case UNRECOGNIZED -> throw WorkloadReader.unknown("scope", from.getScopeValue());
        };
    }

    private static Policy.Scope knownScope(SecurityApi.Authorization from) {
        try {
            return scope(from);
        } catch (UnusableException e) {
            return Policy.Scope.GLOBAL;
        }
    }

    private static Policy.Action action(SecurityApi.Authorization from) throws UnusableException {
        return switch (from.getAction()) {
            case ALLOW -> Policy.Action.ALLOW;
            case DENY -> Policy.Action.DENY;
            case UNRECOGNIZED -> throw WorkloadReader.unknown("action", from.getActionValue());
        };
    }

    private static List<Policy.Rule> rules(SecurityApi.Authorization from) throws UnusableException {
        checkFields(from, from.getExtensionsCount());
        List<Policy.Rule> rules = new ArrayList<>();
        for (SecurityApi.Rule rule : from.getRulesList()) {
            checkFields(rule, 0);
            List<Policy.Clause> clauses = new ArrayList<>();
            for (SecurityApi.Clause clause : rule.getClausesList()) {
                checkFields(clause, 0);
                List<Policy.Match> matches = new ArrayList<>();
                for (SecurityApi.Match match : clause.getMatchesList()) {
                    checkFields(match, match.getExtensionsCount());
                    matches.add(match(match));
                }
                clauses.add(new Policy.Clause(matches));
            }
            rules.add(new Policy.Rule(clauses));
        }
        return rules;
    }

    /** What isn't known may be a condition, and to leave one out would change what the policy means. */
    private static void checkFields(Message message, int extensions) throws UnusableException {
        if (!message.getUnknownFields().asMap().isEmpty()) {
            throw new UnusableException("its " + message.getDescriptorForType().getName() + " has the field "
                    + message.getUnknownFields().asMap().keySet().iterator().next() + ", which this version doesn't know");
        }
        if (extensions > 0) {
            throw new UnusableException(
                    "its " + message.getDescriptorForType().getName() + " has an extension, which this version can't enforce");
        }
    }

    private static Policy.Match match(SecurityApi.Match from) throws UnusableException {
        return new Policy.Match(texts(from.getNamespacesList()), texts(from.getNotNamespacesList()),
                accounts(from.getServiceAccountsList()), accounts(from.getNotServiceAccountsList()),
                texts(from.getPrincipalsList()), texts(from.getNotPrincipalsList()),
                blocks(from.getSourceIpsList()), blocks(from.getNotSourceIpsList()),
                blocks(from.getDestinationIpsList()), blocks(from.getNotDestinationIpsList()),
                ports(from.getDestinationPortsList()), ports(from.getNotDestinationPortsList()));
    }

    private static List<TextMatch> texts(List<SecurityApi.StringMatch> list) throws UnusableException {
        List<TextMatch> matches = new ArrayList<>(list.size());
        for (SecurityApi.StringMatch match : list) {
            checkFields(match, 0);
            matches.add(switch (match.getMatchTypeCase()) {
                case EXACT -> new TextMatch(TextMatch.Kind.EXACT, match.getExact());
                case PREFIX -> new TextMatch(TextMatch.Kind.PREFIX, match.getPrefix());
                case SUFFIX -> new TextMatch(TextMatch.Kind.SUFFIX, match.getSuffix());
                case PRESENCE -> new TextMatch(TextMatch.Kind.PRESENCE, "");
                case MATCHTYPE_NOT_SET -> throw new UnusableException("it compares a text in a way that this version doesn't know");
            });
        }
        return matches;
    }

    private static List<AccountMatch> accounts(List<SecurityApi.ServiceAccountMatch> list) throws UnusableException {
        List<AccountMatch> matches = new ArrayList<>(list.size());
        for (SecurityApi.ServiceAccountMatch match : list) {
            checkFields(match, 0);
            matches.add(new AccountMatch(match.getNamespace(), match.getServiceAccount()));
        }
        return matches;
    }

    private static List<AddressBlock> blocks(List<SecurityApi.Address> list) throws UnusableException {
        List<AddressBlock> blocks = new ArrayList<>(list.size());
        for (SecurityApi.Address block : list) {
            checkFields(block, 0);
            try {
                blocks.add(new AddressBlock(Addresses.ip(block.getAddress()), block.getLength()));
            } catch (IllegalArgumentException e) {
                throw new UnusableException(String.valueOf(e.getMessage()));
            }
        }
        return blocks;
    }

    private static Set<Integer> ports(List<Integer> list) throws UnusableException {
        Set<Integer> ports = new HashSet<>();
        for (int port : list) {
            if (!Addresses.isPort(port)) {
                throw new UnusableException("a port must be from 1 to " + Addresses.MOST_PORT + ", not " + Integer.toUnsignedString(port));
            }
            ports.add(port);
        }
        return ports;
    }
}
