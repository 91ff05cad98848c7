package io.inpod.iptables.backend.pod;

import io.inpod.netns.IpFamily;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Istio's plan for a pod as the text that its node agent passes to iptables-restore, for every combination of options. It is transcribed
 * from Istio's rule strings and shares no code with our model. A test compares it with the golden files.
 */
final class UpstreamPlan {
    private final Map<String, List<String>> tables = new LinkedHashMap<>();
    private final boolean dns;
    private final boolean ingress;
    private final List<String> interfaces;
    private final String probe;
    private final String localhost;

    private UpstreamPlan(IpFamily family, boolean dns, boolean ingress, List<String> interfaces, String probe) {
        this.dns = dns;
        this.ingress = ingress;
        this.interfaces = interfaces;
        this.probe = probe;
        this.localhost = family == IpFamily.V4 ? "127.0.0.1/32" : "::1/128";
    }

    static String script(IpFamily family, boolean dns, boolean ingress, List<String> interfaces, String probe) {
        return new UpstreamPlan(family, dns, ingress, interfaces, probe).script();
    }

    private String script() {
        for (String table : List.of("mangle", "nat", "raw")) {
            tables.put(table, new ArrayList<>());
        }
        both("mangle");
        add("mangle", "ISTIO_PRERT -m mark --mark 0x539/0xfff -j CONNMARK --set-xmark 0x111/0xfff");
        add("mangle", "ISTIO_OUTPUT -m connmark --mark 0x111/0xfff -j CONNMARK --restore-mark --nfmask 0xffffffff --ctmask 0xffffffff");
        both("nat");
        for (String name : interfaces) {
            add("nat", "ISTIO_PRERT -i " + name + " -p tcp -j REDIRECT --to-ports 15001");
            add("nat", "ISTIO_PRERT -i " + name + " -p tcp -j RETURN");
        }
        if (!ingress) {
            add("nat", "ISTIO_PRERT -s " + probe + " -p tcp -m tcp -j ACCEPT");
        }
        add("nat", "ISTIO_OUTPUT -d " + probe + " -p tcp -m tcp -j ACCEPT");
        if (!ingress) {
            add("nat", "ISTIO_PRERT ! -d " + localhost + " -p tcp ! --dport 15008 -m mark ! --mark 0x539/0xfff -j REDIRECT --to-ports 15006");
        }
        if (dns) {
            both("raw");
            add("nat", "ISTIO_OUTPUT ! -o lo -p udp -m mark ! --mark 0x539/0xfff -m udp --dport 53 -j REDIRECT --to-port 15053");
            add("nat", "ISTIO_OUTPUT ! -d " + localhost + " -p tcp --dport 53 -m mark ! --mark 0x539/0xfff -j REDIRECT --to-ports 15053");
            add("raw", "ISTIO_OUTPUT -p udp -m mark --mark 0x539/0xfff -m udp --dport 53 -j CT --zone 1");
            add("raw", "ISTIO_PRERT -p udp -m mark ! --mark 0x539/0xfff -m udp --sport 53 -j CT --zone 1");
        }
        add("nat", "ISTIO_OUTPUT -p tcp -m mark --mark 0x111/0xfff -j ACCEPT");
        add("nat", "ISTIO_OUTPUT ! -d " + localhost + " -o lo -j ACCEPT");
        add("nat", "ISTIO_OUTPUT ! -d " + localhost + " -p tcp -m mark ! --mark 0x539/0xfff -j REDIRECT --to-ports 15001");
        StringBuilder text = new StringBuilder();
        tables.forEach((table, lines) -> {
            if (!lines.isEmpty()) {
                text.append("* ").append(table).append("\n-N ISTIO_PRERT\n-N ISTIO_OUTPUT\n");
                lines.forEach(line -> text.append("-A ").append(line).append('\n'));
                text.append("COMMIT\n");
            }
        });
        return text.toString();
    }

    private void both(String table) {
        add(table, "PREROUTING -j ISTIO_PRERT");
        add(table, "OUTPUT -j ISTIO_OUTPUT");
    }

    private void add(String table, String rule) {
        tables.get(table).add(rule);
    }
}
