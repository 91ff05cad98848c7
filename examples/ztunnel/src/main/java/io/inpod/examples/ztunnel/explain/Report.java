package io.inpod.examples.ztunnel.explain;

import io.inpod.examples.ztunnel.config.ConfigException;
import io.inpod.examples.ztunnel.config.ProxyConfig;
import io.inpod.examples.ztunnel.dns.DnsSettings;
import io.inpod.examples.ztunnel.dns.MeshNames;
import io.inpod.examples.ztunnel.mesh.Mesh;
import io.inpod.examples.ztunnel.mesh.Workload;
import io.inpod.examples.ztunnel.route.InboundRouting;
import io.inpod.examples.ztunnel.route.OutboundRouting;
import io.inpod.examples.ztunnel.source.MeshSource;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.function.Predicate;

/**
 * Answers questions in words.
 *
 * @param config the proxy's configuration
 * @param enrolled returns whether an address is that of a pod on this node that is served
 */
record Report(ProxyConfig config, Predicate<InetAddress> enrolled) {
    private static final String INDENT = "  ";

    private Explainer explainer() {
        DnsSettings dns = config.dns();
        return new Explainer(new OutboundRouting(config.passthrough(), enrolled),
                new InboundRouting(config.ownPorts(), config.localhostAppTunnel()),
                dns == null ? null : new MeshNames(dns.domain(), dns.preferredNamespace()));
    }

    /**
     * Answers.
     *
     * @param mesh the state of the mesh that counts
     * @param open the connections that are open, of a running proxy
     * @param question the question
     * @return lines
     * @throws IllegalArgumentException if the question can't be understood
     * @throws ConfigException if the file of the change can't be used
     */
    List<String> answer(Mesh mesh, Collection<OpenConnection> open, Question question) throws ConfigException {
        List<String> lines = new ArrayList<>();
        Mesh after = question.change() == null ? mesh : MeshSource.read(config, question.change());
        if (!question.from().isEmpty()) {
            lines.addAll(connection(mesh, question));
            if (question.change() != null) {
                lines.add("after the change:");
                connection(after, question).forEach(line -> lines.add(INDENT + line));
            }
        }
        if (question.change() != null) {
            Comparison comparison = new Comparison(explainer(), mesh, after);
            add(lines, "open connections that the change would cut", comparison.cut(open));
            add(lines, "pairs that the change would open, close or alter", comparison.pairs());
        }
        return lines;
    }

    private static void add(List<String> lines, String title, List<String> found) {
        lines.add(title + (found.isEmpty() ? ": none" : ":"));
        found.forEach(line -> lines.add(INDENT + line));
    }

    private List<String> connection(Mesh mesh, Question question) {
        Workload from = Pods.find(mesh, question.from());
        List<Way> ways = explainer().explain(mesh, from, question.host(), question.port());
        List<String> lines = new ArrayList<>();
        lines.add(from.uid() + " (" + from.identity() + ") connects to " + question.host() + " port " + question.port());
        for (int i = 0; i < ways.size(); i++) {
            Way way = ways.get(i);
            if (ways.size() > 1) {
                lines.add(INDENT + "endpoint " + (i + 1) + " of " + (ways.size() == Explainer.MOST_WAYS ? "at least " : "") + ways.size());
            }
            way.steps().forEach(step -> lines.add(INDENT + "- " + step));
            lines.add(INDENT + (way.carried() ? "CARRIED " : "REFUSED ") + way.result());
        }
        return lines;
    }
}
