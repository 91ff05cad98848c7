package io.inpod.iptables.backend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.inpod.iptables.Chain;
import io.inpod.iptables.Kernel;
import io.inpod.iptables.Mark;
import io.inpod.iptables.Match;
import io.inpod.iptables.Ports;
import io.inpod.iptables.Protocol;
import io.inpod.iptables.Rule;
import io.inpod.iptables.RuleSet;
import io.inpod.iptables.Table;
import io.inpod.iptables.TableName;
import io.inpod.iptables.Target;
import io.inpod.iptables.backend.tools.IptablesTools;
import io.inpod.iptables.text.Differences;
import io.inpod.netlink.Rtnetlink;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketTimeoutException;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import org.junit.jupiter.api.Test;

/** The nft tool. */
class NftContractTest extends BackendContract {
    private static final int NO_ANSWER_MILLIS = 1500;

    @Override
    Backend backend() {
        return new NftBackend(IptablesTools.system().withTimeout(PATIENCE));
    }

    /** nf_tables by itself would continue with the next rule, and the connection would reach the application unprotected. */
    @Test
    void tproxyWithoutAListenerDrops() throws Exception {
        try (Rtnetlink inside = Rtnetlink.open(namespace)) {
            inside.links().up("lo");
        }
        RuleSet rules = RuleSet.ofBoth(Table.of(TableName.MANGLE, Chain.of("PREROUTING", Rule.of(new Target.Jump("CT_IN"))),
                Chain.of("CT_IN", Rule.of(new Target.Tproxy(15006, new Mark(0x111, 0xfff)), Match.protocol(Protocol.TCP),
                        Match.destinationPort(Protocol.TCP, Ports.of(8080))))));
        InetSocketAddress application = new InetSocketAddress("127.0.0.1", 8080);
        try (ServerSocketChannel listener = namespace.call(ServerSocketChannel::open)) {
            listener.bind(application);
            connect(application);
            backend().apply(namespace, NAMES, rules);
            assertThat(Differences.between(backend().read(namespace, NAMES), rules)).isEmpty();
            assertThatThrownBy(() -> connect(application)).isInstanceOf(SocketTimeoutException.class);
            Kernel.run(namespace, "", "nft", "delete", "rule", "inet", "contract-mangle", "CT_IN", "handle", dropHandle());
            connect(application);
            assertThat(Differences.between(backend().read(namespace, NAMES), rules)).hasSize(2).allMatch(words -> words.contains("rule 1 of CT_IN"));
        }
    }

    private String dropHandle() throws Exception {
        return Kernel.run(namespace, "", "sh", "-c", "nft -a list chain inet contract-mangle CT_IN | sed -n 's/.* drop # handle //p'").strip();
    }

    private void connect(InetSocketAddress to) throws IOException {
        try (SocketChannel client = namespace.call(SocketChannel::open)) {
            client.socket().connect(to, NO_ANSWER_MILLIS);
        }
    }
}
