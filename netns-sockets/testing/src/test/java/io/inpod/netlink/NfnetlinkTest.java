package io.inpod.netlink;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.testing.Privilege;
import io.inpod.netns.testing.Tool;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Transactions of nf_tables in the real kernel; the oracle is nft. */
class NfnetlinkTest {
    private static final int NF_TABLES = 10;
    private static final int INET = 1;

    private NetworkNamespace namespace;
    private Nfnetlink netlink;

    @BeforeEach
    void open() throws IOException {
        Privilege.NAMESPACES.require();
        namespace = NetworkNamespace.create();
        netlink = Nfnetlink.open(namespace);
    }

    @AfterEach
    void close() {
        if (namespace != null) {
            netlink.close();
            namespace.close();
        }
    }

    private static NetlinkRequest table(String name) {
        return Nfnetlink.request("add table", name, NF_TABLES, 0, NetlinkRequest.CREATE, INET).string(1, name);
    }

    private static NetlinkRequest deleteTable(String name) {
        return Nfnetlink.request("delete table", name, NF_TABLES, 2, 0, INET).string(1, name);
    }

    private int generation() throws IOException {
        return (int) netlink.query(Nfnetlink.request("get generation", "nf_tables", NF_TABLES, 16, 0, 0)).get(0).attributeList(Nfnetlink.HEADER).get(0).number();
    }

    private List<String> tables() throws IOException {
        return Tool.run(namespace, "nft", "list", "tables").lines().toList();
    }

    @Test
    void aTransactionIsAppliedWhole() throws IOException {
        netlink.commit(NF_TABLES, 0, List.of(table("a"), table("b")));
        assertThat(tables()).containsExactly("table inet a", "table inet b");
        assertThat(netlink.dump(Nfnetlink.request("list tables", "all", NF_TABLES, 1, 0, INET)))
                .extracting(message -> message.attributeList(Nfnetlink.HEADER).get(0).text()).containsExactly("a", "b");
        netlink.commit(NF_TABLES, 0, List.of());
        netlink.commit(NF_TABLES, generation(), List.of(deleteTable("a")));
        assertThat(tables()).containsExactly("table inet b");
    }

    @Test
    void orNotAtAllAndEveryRefusalIsReported() throws IOException {
        NetlinkException refused = catchThrowableOfType(NetlinkException.class,
                () -> netlink.commit(NF_TABLES, 0, List.of(table("a"), deleteTable("x"), table("b"), deleteTable("y"))));
        assertThat(refused).hasMessageContaining("delete table on x in " + namespace).hasMessageContaining("ENOENT");
        assertThat(refused.getSuppressed()).singleElement().satisfies(e -> assertThat(e).hasMessageContaining("delete table on y"));
        assertThat(tables()).isEmpty();
        netlink.commit(NF_TABLES, 0, List.of(table("a")));
        assertThat(tables()).hasSize(1);
    }

    @Test
    void aChangeInTheMeantimeIsDetected() throws IOException {
        int before = generation();
        Tool.run(namespace, "nft", "add", "table", "inet", "other");
        assertThat(catchThrowableOfType(NetlinkException.class, () -> netlink.commit(NF_TABLES, before, List.of(table("a")))).outdated()).isTrue();
        assertThat(tables()).containsExactly("table inet other");
        netlink.commit(NF_TABLES, generation(), List.of(table("a")));
        assertThat(tables()).hasSize(2);
    }

    @Test
    void aSubsystemThatIsMissingIsAnError() {
        assertThatThrownBy(() -> netlink.commit(77, 0, List.of(table("a")))).isInstanceOf(NetlinkException.class).hasMessageContaining("commit on 1 changes");
    }

    /** The kernel's default for a socket's buffer is 212992 bytes; this transaction is three times as large. */
    @Test
    void aLargeTransactionEnlargesTheSendBuffer() throws IOException {
        List<NetlinkRequest> many = new ArrayList<>();
        many.add(table("large"));
        for (int i = 0; i < 10_000; i++) {
            many.add(Nfnetlink.request("add chain", i, NF_TABLES, 3, NetlinkRequest.CREATE, INET).string(1, "large").string(3, "a-rather-long-name-of-a-chain-" + i));
        }
        assertThat(many.stream().mapToInt(NetlinkRequest::bytes).sum()).isGreaterThan(3 * 212_992);
        boolean first = java.nio.file.Files.readString(java.nio.file.Path.of("/proc/self/uid_map")).matches("\\s*0\\s+0\\s+4294967295\\s*");
        if (!first) { // in a user namespace, no process may exceed net.core.wmem_max
            assertThatThrownBy(() -> netlink.commit(NF_TABLES, 0, many)).hasMessageContaining("EMSGSIZE").hasMessageContaining("net.core.wmem_max");
            assertThat(tables()).isEmpty();
            return;
        }
        netlink.commit(NF_TABLES, 0, many);
        assertThat(Tool.run(namespace, "nft", "list", "table", "inet", "large").lines().filter(line -> line.contains("chain"))).hasSize(10_000);
    }

    /** Every message is refused, and that many refusals don't fit into the buffer: at least the first is reported. */
    @Test
    void refusalsThatDontFitDontHideTheFirst() {
        List<NetlinkRequest> many = new ArrayList<>();
        for (int i = 0; i < 3000; i++) {
            many.add(deleteTable("number-" + i));
        }
        assertThatThrownBy(() -> netlink.commit(NF_TABLES, 0, many)).isInstanceOf(NetlinkException.class).hasMessageContaining("delete table on number-0 in");
    }

    @Test
    void lostRefusalsAreStillRefusals() {
        FakeKernel kernel = new FakeKernel(Map.of());
        Nfnetlink fake = new Nfnetlink(kernel.socket());
        kernel.script = sent -> {
            if (sent.type() == (NF_TABLES << 8 | 2)) {
                kernel.lose();
                kernel.answer(FakeKernel.ack(sent.sequence(), 2));
            }
        };
        assertThatThrownBy(() -> fake.commit(NF_TABLES, 0, List.of(deleteTable("a"), table("b")))).isInstanceOf(NetlinkException.class).hasMessageContaining("on a in");
        kernel.script = sent -> {
            if (sent.type() == (NF_TABLES << 8 | 2)) {
                kernel.lose();
            }
        };
        assertThatThrownBy(() -> fake.commit(NF_TABLES, 0, List.of(deleteTable("a")))).isInstanceOf(AnswerLostException.class);
    }
}
