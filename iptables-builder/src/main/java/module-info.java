/** Netfilter rules as typed values: rendered, applied, verified and undone. */
module io.inpod.iptables {
    exports io.inpod.iptables;
    exports io.inpod.iptables.backend;
    exports io.inpod.iptables.backend.guarantee;
    exports io.inpod.iptables.backend.pod;
    exports io.inpod.iptables.backend.tools;
    exports io.inpod.iptables.pod;
    exports io.inpod.iptables.text;

    requires transitive io.inpod.netns;
    requires io.netty.buffer;
    requires static transitive org.jspecify;
}
