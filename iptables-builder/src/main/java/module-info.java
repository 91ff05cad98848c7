/** Netfilter rules as typed values: rendered, applied, verified and undone. */
module io.inpod.iptables {
    exports io.inpod.iptables;
    exports io.inpod.iptables.backend;
    exports io.inpod.iptables.text;

    /* Only for what applies rules: the model, the renderers and the parser do without. */
    requires static transitive io.inpod.netns;
    requires static io.netty.buffer;
    requires static transitive org.jspecify;
}
