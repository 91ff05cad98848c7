package io.inpod.iptables.internal;

import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The names that iptables-save prints for numbers of protocols: its own, and those of the file protocols(5) of the machine, which iptables
 * asks. Distributions have IANA's names, and some older ones.
 */
public final class ProtocolNames {
    private static final Map<String, Integer> NUMBERS = new HashMap<>();

    static {
        names(1, "icmp igmp ggp ipencap st tcp cbt egp igp bbn-rcc nvp pup argus emcon xnet chaos udp mux dcn hmp prm xns-idp trunk-1"
                + " trunk-2 leaf-1 leaf-2 rdp irtp iso-tp4 netblt mfe-nsp merit-inp dccp 3pc idpr xtp ddp idpr-cmtp tp++ il ipv6 sdrp"
                + " ipv6-route ipv6-frag idrp rsvp gre dsr bna esp ah i-nlsp swipe narp mobile tlsp skip ipv6-icmp ipv6-nonxt"
                + " ipv6-opts");
        names(62, "cftp");
        names(64, "sat-expak kryptolan rvd ippc");
        names(69, "sat-mon visa ipcv cpnx cphb wsn pvp br-sat-mon sun-nd wb-mon wb-expak iso-ip vmtp secure-vmtp vines ttp nsfnet-igp"
                + " dgp tcf eigrp ospf sprite-rpc larp mtp ax.25 ipip micp scc-sp etherip encap");
        names(100, "gmtp ifmp pnni pim aris scps qnx a/n ipcomp snp compaq-peer ipx-in-ip vrrp pgm");
        names(115, "l2tp ddx iatp stp srp uti smp sm ptp isis fire crtp crdup sscopmce iplt sps pipe sctp fc rsvp-e2e-ignore "
                + "mobility-header udplite mpls-in-ip manet hip shim6 wesp rohc ethernet aggfrag nsh");
        names(4, "ipv4");
        names(48, "mhrp");
        names(58, "icmpv6");
        names(73, "rspf");
        names(84, "iptm");
        names(124, "isis-over-ipv4");
        names(135, "mh");
        names(135, "ipv6-mh");
    }

    private ProtocolNames() {}

    /** Names numbers in ascending order from the first; a name for the same number again, from its own list. */
    private static void names(int first, String names) {
        int number = first;
        for (String name : names.split(" ")) {
            NUMBERS.put(name, number++);
        }
    }

    /** Returns the number for a name or a number in decimal; null if it is neither. */
    public static @Nullable Integer number(String text) {
        return text.matches("[0-9]{1,3}") ? Integer.valueOf(text) : NUMBERS.get(text);
    }
}
