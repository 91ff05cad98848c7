package io.inpod.examples.ztunnel.source;

import io.inpod.examples.ztunnel.config.ConfigException;
import io.inpod.examples.ztunnel.mesh.AccountMatch;
import io.inpod.examples.ztunnel.mesh.AddressBlock;
import io.inpod.examples.ztunnel.mesh.Policy;
import io.inpod.examples.ztunnel.mesh.TextMatch;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/** Reads a policy. */
final class PolicyReader {
    private static final Set<String> KEYS = Set.of("name", "namespace", "scope", "action", "dryRun", "rules");
    private static final Set<String> MATCH_KEYS =
            Set.of("namespaces", "notNamespaces", "serviceAccounts", "notServiceAccounts", "principals",
                    "notPrincipals", "sourceIps", "notSourceIps", "destinationIps", "notDestinationIps", "destinationPorts",
                    "notDestinationPorts");

    private PolicyReader() {}

    static Policy read(Node node) throws ConfigException {
        node.allow(KEYS);
        Policy.Scope scope = node.get("scope").constant(Policy.Scope.values());
        Node namespace = node.get("namespace").required();
        return new Policy(part(namespace, scope == Policy.Scope.GLOBAL ? namespace.text() : namespace.nonempty()),
                part(node.get("name"), node.get("name").nonempty()), scope, node.get("action").constant(Policy.Action.values()),
                node.get("dryRun").required().flag(false), rules(node.get("rules").required()), null);
    }

    private static String part(Node node, String text) throws ConfigException {
        if (text.contains("/")) {
            throw node.error("must not contain a slash, because workloads refer to it as \"namespace/name\"");
        }
        return text;
    }

    private static List<Policy.Rule> rules(Node node) throws ConfigException {
        List<Policy.Rule> rules = new ArrayList<>();
        for (Node rule : node.items()) {
            List<Policy.Clause> clauses = new ArrayList<>();
            for (Node clause : rule.required().items()) {
                List<Policy.Match> matches = new ArrayList<>();
                for (Node match : clause.required().items()) {
                    matches.add(match(match.required()));
                }
                clauses.add(new Policy.Clause(matches));
            }
            rules.add(new Policy.Rule(clauses));
        }
        return rules;
    }

    private static Policy.Match match(Node node) throws ConfigException {
        node.allow(MATCH_KEYS);
        return new Policy.Match(
                texts(node.get("namespaces")), texts(node.get("notNamespaces")),
                accounts(node.get("serviceAccounts")), accounts(node.get("notServiceAccounts")),
                principals(node.get("principals")), principals(node.get("notPrincipals")),
                blocks(node.get("sourceIps")), blocks(node.get("notSourceIps")),
                blocks(node.get("destinationIps")), blocks(node.get("notDestinationIps")),
                ports(node.get("destinationPorts")), ports(node.get("notDestinationPorts")));
    }

    private static List<TextMatch> texts(Node node) throws ConfigException {
        List<TextMatch> matches = new ArrayList<>();
        for (Node item : node.items()) {
            matches.add(text(item));
        }
        return matches;
    }

    /** Reads a comparison: {@code !Exact x}, which the document's reader has turned into a map with one key, or that map itself. */
    private static TextMatch text(Node node) throws ConfigException {
        if (node.isText()) {
            throw node.error("must say how it is compared: !Exact, !Prefix, !Suffix or !Presence, or {exact: ...}");
        }
        List<Node> entries = node.required().entries();
        if (entries.size() != 1) {
            throw node.error("must have exactly one of the keys exact, prefix, suffix, presence");
        }
        Node entry = entries.get(0);
        TextMatch.Kind kind = kind(entry);
        if (kind != TextMatch.Kind.PRESENCE) {
            return new TextMatch(kind, entry.text());
        }
        if (!entry.isEmpty()) {
            throw entry.error("has no value");
        }
        return new TextMatch(kind, "");
    }

    /** Takes the spellings of the original's configuration and of its protocol. */
    private static TextMatch.Kind kind(Node entry) throws ConfigException {
        String name = entry.name();
        for (TextMatch.Kind kind : TextMatch.Kind.values()) {
            String lower = kind.name().toLowerCase(Locale.ROOT);
            if (name.equals(lower) || name.equals(kind.name().charAt(0) + lower.substring(1))) {
                return kind;
            }
        }
        throw entry.error("unknown key");
    }

    private static List<TextMatch> principals(Node node) throws ConfigException {
        List<TextMatch> matches = new ArrayList<>();
        for (Node item : node.items()) {
            TextMatch match = text(item);
            boolean begins = match.kind() == TextMatch.Kind.EXACT || match.kind() == TextMatch.Kind.PREFIX;
            if (begins && match.value().startsWith("spiffe:")) {
                throw item.error("must be without spiffe://, as in cluster.local/ns/default/sa/web; it would never match");
            }
            matches.add(match);
        }
        return matches;
    }

    private static List<AccountMatch> accounts(Node node) throws ConfigException {
        List<AccountMatch> matches = new ArrayList<>();
        for (Node item : node.items()) {
            item.required().allow(Set.of("namespace", "serviceAccount"));
            matches.add(new AccountMatch(item.get("namespace").nonempty(), item.get("serviceAccount").nonempty()));
        }
        return matches;
    }

    private static List<AddressBlock> blocks(Node node) throws ConfigException {
        List<AddressBlock> blocks = new ArrayList<>();
        for (Node item : node.items()) {
            blocks.add(Addresses.block(item));
        }
        return blocks;
    }

    private static Set<Integer> ports(Node node) throws ConfigException {
        Set<Integer> ports = new HashSet<>();
        for (Node item : node.items()) {
            ports.add(References.port(item));
        }
        return ports;
    }
}
