package io.inpod.iptables.backend.pod;

import java.util.List;

/**
 * Istio's plan for a pod as a script for nft, for every combination of options. It is transcribed from Istio's rule strings and shares no
 * code with our model. A test compares it with the golden files.
 */
final class UpstreamNftPlan {
    private static final String MARKED = "mark and 0xfff == 0x539";
    private static final String UNMARKED = "mark and 0xfff != 0x539";

    private final StringBuilder text = new StringBuilder();
    private final boolean ipv6;

    private UpstreamNftPlan(boolean ipv6) {
        this.ipv6 = ipv6;
    }

    static String script(boolean ipv6, boolean dns, boolean ingress, List<String> interfaces, String probeV4, String probeV6) {
        UpstreamNftPlan plan = new UpstreamNftPlan(ipv6);
        plan.nat(dns, ingress, interfaces, probeV4, probeV6);
        plan.table("mangle", "filter", "route", -150, -150);
        plan.rule("mangle istio-prerouting meta mark & 0xfff == 0x539 counter ct mark set ct mark & 0xfffff000 | 0x111");
        plan.rule("mangle istio-output ct mark and 0xfff == 0x111 counter meta mark set ct mark");
        if (dns) {
            plan.table("raw", "filter", "filter", -300, -300);
            plan.rule("raw istio-output udp dport 53 meta " + MARKED + " counter ct zone set 1");
            plan.rule("raw istio-prerouting udp sport 53 meta " + UNMARKED + " counter ct zone set 1");
        }
        return plan.text.toString();
    }

    private void nat(boolean dns, boolean ingress, List<String> interfaces, String probeV4, String probeV6) {
        table("nat", "nat", "nat", -100, -100);
        for (String name : interfaces) {
            rule("nat istio-prerouting iifname " + name + " meta l4proto tcp counter redirect to :15001");
            rule("nat istio-prerouting iifname " + name + " meta l4proto tcp counter return");
        }
        if (!ingress) {
            both("nat istio-prerouting meta l4proto tcp %s saddr %s counter accept", probeV4, probeV6);
            both("nat istio-prerouting %s daddr != %s tcp dport != 15008 " + UNMARKED + " counter redirect to :15006", "127.0.0.1", "::1");
        }
        both("nat istio-output meta l4proto tcp %s daddr %s counter accept", probeV4, probeV6);
        if (dns) {
            rule("nat istio-output oifname != lo " + UNMARKED + " udp dport 53 counter redirect to :15053");
            both("nat istio-output %s daddr != %s tcp dport 53 " + UNMARKED + " counter redirect to :15053", "127.0.0.1", "::1");
        }
        rule("nat istio-output meta l4proto tcp mark and 0xfff == 0x111 counter accept");
        both("nat istio-output oifname lo %s daddr != %s counter accept", "127.0.0.1", "::1");
        both("nat istio-output meta l4proto tcp %s daddr != %s " + UNMARKED + " counter redirect to :15001", "127.0.0.1", "::1");
    }

    private void table(String name, String inType, String outType, int inPriority, int outPriority) {
        String table = "inet istio-ambient-" + name;
        line("add table " + table);
        line("flush table " + table);
        line("add chain " + table + " prerouting { type " + inType + " hook prerouting priority " + inPriority + " ; }");
        line("add chain " + table + " output { type " + outType + " hook output priority " + outPriority + " ; }");
        line("add chain " + table + " istio-prerouting");
        line("add chain " + table + " istio-output");
        rule(name + " output jump istio-output");
        rule(name + " prerouting jump istio-prerouting");
    }

    private void both(String rule, String v4, String v6) {
        rule(String.format(rule, "ip", v4));
        if (ipv6) {
            rule(String.format(rule, "ip6", v6));
        }
    }

    private void rule(String rule) {
        line("add rule inet istio-ambient-" + rule);
    }

    private void line(String line) {
        text.append(line).append('\n');
    }
}
