package io.inpod.iptables.backend.guarantee;

import io.inpod.iptables.backend.internal.tools.ToolRun;
import io.inpod.iptables.backend.tools.IptablesTools;
import io.inpod.iptables.internal.AddressText;
import io.inpod.iptables.pod.InPodRedirection;
import io.inpod.iptables.pod.PodRules;
import io.inpod.netns.IpFamily;
import java.io.IOException;
import java.util.Map;

/**
 * Rules in a twin that divert connections to one port, in both directions, as another program might. They come before all copied nat chains
 * of either kind: a connection whose destination is chosen here doesn't meet those.
 */
final class Diversion {
    static final int PORT = 8081;
    static final int TO = 8080;

    private Diversion() {}

    static void in(PodTwin twin, PodRules rules, IptablesTools tools) throws IOException {
        StringBuilder script = new StringBuilder();
        for (InPodRedirection redirection : rules.redirections()) {
            IpFamily family = redirection.family();
            String ip = family == IpFamily.V4 ? "ip" : "ip6";
            script.append("table ").append(ip).append(" inpod-probe {");
            Map.of("output", twin.outsideAddress(family), "prerouting", twin.podAddress(family)).forEach((hook, to) -> {
                String address = AddressText.of(to);
                script.append(String.format(
                        " chain %1$s { type nat hook %1$s priority -110; %2$s daddr %3$s tcp dport %4$d dnat to %5$s:%6$d; };", hook, ip,
                        address, PORT, family == IpFamily.V4 ? address : "[" + address + "]", TO));
            });
            script.append(" }\n");
        }
        new ToolRun(tools, twin.pod()).nft(script.toString(), "-f", "-");
    }
}
