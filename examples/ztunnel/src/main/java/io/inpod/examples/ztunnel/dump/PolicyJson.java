package io.inpod.examples.ztunnel.dump;

import com.fasterxml.jackson.core.JsonGenerator;
import io.inpod.examples.ztunnel.mesh.AccountMatch;
import io.inpod.examples.ztunnel.mesh.AddressBlock;
import io.inpod.examples.ztunnel.mesh.Policy;
import io.inpod.examples.ztunnel.mesh.TextMatch;
import java.io.IOException;
import java.util.Collection;
import java.util.List;

/** A policy as Istio's ztunnel shows it: rules are lists of clauses, which are lists of matches. */
final class PolicyJson {
    private PolicyJson() {}

    static void write(JsonGenerator json, Policy policy) throws IOException {
        json.writeStartObject();
        json.writeStringField("name", policy.name());
        json.writeStringField("namespace", policy.namespace());
        json.writeStringField("scope", switch (policy.scope()) {
            case GLOBAL -> "Global";
            case NAMESPACE -> "Namespace";
            case WORKLOAD_SELECTOR -> "WorkloadSelector";
        });
        json.writeStringField("action", ServiceJson.capitalized(policy.action()));
        json.writeArrayFieldStart("rules");
        for (Policy.Rule rule : policy.rules()) {
            json.writeStartArray();
            for (Policy.Clause clause : rule.clauses()) {
                json.writeStartArray();
                for (Policy.Match match : clause.matches()) {
                    write(json, match);
                }
                json.writeEndArray();
            }
            json.writeEndArray();
        }
        json.writeEndArray();
        json.writeBooleanField("dryRun", policy.dryRun());
        if (policy.unreadable() != null) {
            json.writeStringField("unreadable", policy.unreadable());
        }
        json.writeEndObject();
    }

    private static void write(JsonGenerator json, Policy.Match match) throws IOException {
        json.writeStartObject();
        texts(json, "namespaces", match.namespaces());
        texts(json, "notNamespaces", match.notNamespaces());
        accounts(json, "serviceAccounts", match.serviceAccounts());
        accounts(json, "notServiceAccounts", match.notServiceAccounts());
        texts(json, "principals", match.principals());
        texts(json, "notPrincipals", match.notPrincipals());
        blocks(json, "sourceIps", match.sourceIps());
        blocks(json, "notSourceIps", match.notSourceIps());
        blocks(json, "destinationIps", match.destinationIps());
        blocks(json, "notDestinationIps", match.notDestinationIps());
        ports(json, "destinationPorts", match.destinationPorts());
        ports(json, "notDestinationPorts", match.notDestinationPorts());
        json.writeEndObject();
    }

    private static void texts(JsonGenerator json, String name, List<TextMatch> matches) throws IOException {
        if (!matches.isEmpty()) {
            json.writeArrayFieldStart(name);
            for (TextMatch match : matches) {
                json.writeStartObject();
                if (match.kind() == TextMatch.Kind.PRESENCE) {
                    json.writeArrayFieldStart("Presence");
                    json.writeEndArray();
                } else {
                    json.writeStringField(ServiceJson.capitalized(match.kind()), match.value());
                }
                json.writeEndObject();
            }
            json.writeEndArray();
        }
    }

    private static void accounts(JsonGenerator json, String name, List<AccountMatch> matches) throws IOException {
        if (!matches.isEmpty()) {
            json.writeArrayFieldStart(name);
            for (AccountMatch match : matches) {
                json.writeStartObject();
                json.writeStringField("namespace", match.namespace());
                json.writeStringField("serviceAccount", match.serviceAccount());
                json.writeEndObject();
            }
            json.writeEndArray();
        }
    }

    private static void blocks(JsonGenerator json, String name, List<AddressBlock> blocks) throws IOException {
        WorkloadJson.strings(json, name, blocks.stream().map(AddressBlock::toString).toList());
    }

    private static void ports(JsonGenerator json, String name, Collection<Integer> ports) throws IOException {
        if (!ports.isEmpty()) {
            json.writeArrayFieldStart(name);
            for (int port : ports.stream().sorted().toList()) {
                json.writeNumber(port);
            }
            json.writeEndArray();
        }
    }
}
