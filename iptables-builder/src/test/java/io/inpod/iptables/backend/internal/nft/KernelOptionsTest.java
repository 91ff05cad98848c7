package io.inpod.iptables.backend.internal.nft;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.inpod.iptables.Hook;
import io.inpod.iptables.Protocol;
import io.inpod.iptables.Match;
import io.inpod.iptables.TableName;
import io.inpod.iptables.TransportMatch;
import io.inpod.iptables.backend.internal.nft.expr.Expr;
import io.inpod.iptables.backend.internal.nft.expr.Logs;
import io.inpod.iptables.backend.internal.nft.expr.Octets;
import io.inpod.iptables.backend.internal.nft.xtables.XtMatches;
import io.inpod.netlink.NetlinkException;
import io.inpod.netlink.Nfnetlink;
import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.testing.Privilege;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** A fictitious match or target stands in for one that this kernel lacks. */
class KernelOptionsTest {
    @Test
    void theErrorNamesTheOptionThatTheKernelLacks() throws Exception {
        Privilege.NAMESPACES.require();
        List<Expr> rule = List.of(XtMatches.transport((TransportMatch) Match.header(Protocol.TCP)), new Expr.XtMatch("nosuch", 1, Octets.zeros(8)), Expr.Counter.ZERO,
                new Expr.XtTarget("NOSUCH", 0, Octets.zeros(8)));
        try (NetworkNamespace namespace = NetworkNamespace.create(); Nfnetlink netlink = Nfnetlink.open(namespace)) {
            NetlinkException refused = catchThrowableOfType(NetlinkException.class, () -> netlink.commit(Nft.SUBSYSTEM, 0, List.of(Nft.addTable(2, "filter"),
                    Nft.addChain(2, "filter", "INPUT", BaseChain.of(TableName.FILTER, Hook.INPUT)), Nft.appendRule(2, "filter", "INPUT", new Place("filter", "INPUT", 1), rule))));
            assertThat(NetlinkRules.withOptions(refused, netlink, 2, rule, false)).hasMessageContaining("add rule on filter INPUT rule 1")
                    .hasMessageContaining("the kernel lacks CONFIG_NETFILTER_XT_MATCH_NOSUCH (module xt_nosuch) with revision 1 or CONFIG_NETFILTER_XT_TARGET_NOSUCH (module xt_NOSUCH)");
            assertThat(XtSupport.missing(netlink, 2, List.of(XtMatches.transport((TransportMatch) Match.header(Protocol.TCP))))).isEmpty();
        }
    }

    @Test
    void nativeExpressionsHaveOptionsToo() {
        assertThat(KernelOptions.of(List.of(new Expr.Ct(Expr.Ct.MARK), Expr.Counter.ZERO, new Expr.SetCt(Expr.Ct.MARK), new Expr.Plain("exthdr", Map.of()),
                Logs.nflog(new io.inpod.iptables.Target.Nflog(1, ""))))).containsExactly("CONFIG_NFT_CT (module nft_ct)", "CONFIG_NFT_LOG (module nft_log)");
    }
}
