package io.inpod.iptables.backend;

import static org.assertj.core.api.Assertions.assertThat;

import io.inpod.iptables.AddressSet;
import io.inpod.iptables.Chain;
import io.inpod.iptables.CommentMatch;
import io.inpod.iptables.FamilyScope;
import io.inpod.iptables.IpPrefix;
import io.inpod.iptables.Kernel;
import io.inpod.iptables.RuleSet;
import io.inpod.iptables.TableName;
import io.inpod.iptables.Target;
import io.inpod.iptables.text.ForeignRules;
import io.inpod.iptables.text.IptablesRestore;
import io.inpod.iptables.text.NftScript;
import io.inpod.netns.IpFamily;
import io.inpod.netns.NetworkNamespace;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Rules that tools have made: read whole, and rendered so that another namespace gets the same. */
class ForeignRulesKernelTest {
    /** As kube-proxy, firewalld and Docker write rules, with matches that the model lacks. */
    private static final String IPTABLES = """
            *nat
            :KUBE-SERVICES - [0:0]
            :KUBE-SVC-ABCDEFGHIJKLMNOP - [0:0]
            :KUBE-SEP-ABCDEFGHIJKLMNOP - [0:0]
            :DOCKER - [0:0]
            -A PREROUTING -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
            -A OUTPUT ! -d 127.0.0.0/8 -m addrtype --dst-type LOCAL -j DOCKER
            -A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE
            -A KUBE-SERVICES -d 10.96.0.1/32 -p tcp -m comment --comment "default/kubernetes:https cluster IP" -m tcp --dport 443 -j KUBE-SVC-ABCDEFGHIJKLMNOP
            -A KUBE-SVC-ABCDEFGHIJKLMNOP -m statistic --mode random --probability 0.50000000000 -j KUBE-SEP-ABCDEFGHIJKLMNOP
            -A KUBE-SEP-ABCDEFGHIJKLMNOP -p tcp -m recent --set --name SEP --mask 255.255.255.255 --rsource -j DNAT --to-destination 10.0.0.1:6443
            -A DOCKER -i docker0 -j RETURN
            COMMIT
            *filter
            :IN_public - [0:0]
            -A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
            -A INPUT -g IN_public
            -A IN_public -p tcp -m tcp --dport 22 -m u32 --u32 "0x0&0x1=0x1" -j ACCEPT
            -A IN_public -p icmp -j ACCEPT
            COMMIT
            """;

    private static final String NFT = """
            table inet own {
             set nets {
              type ipv4_addr; flags interval; elements = { 10.0.0.0/8 }
             }
             map ports {
              type inet_service : verdict
             }
             chain web {
              accept
             }
             chain lonely {
              drop
             }
             chain late {
              type filter hook forward priority filter + 10;
              drop
             }
             chain input {
              type filter hook input priority 0; policy drop;
              ct state established,related counter accept
              ip saddr @nets accept
              tcp dport vmap { 80 : jump web, 81 : goto web }
              ip ttl < 5 counter drop
              meta nfproto ipv6 udp dport 53 drop comment "dns"
             }
             chain nat {
              type nat hook prerouting priority -100;
              tcp dport 80 redirect to :8080
             }
            }
            table bridge other {
            }
            """;

    private NetworkNamespace namespace;
    private NetworkNamespace copy;

    @BeforeEach
    void open() throws Exception {
        namespace = Kernel.namespace();
        copy = Kernel.namespace();
    }

    @AfterEach
    void close() {
        namespace.close();
        copy.close();
    }

    @ParameterizedTest
    @ValueSource(strings = {"iptables-nft", "iptables-legacy"})
    void aNodesRulesOfIptables(String tool) throws Exception {
        Kernel.run(namespace, IPTABLES, tool + "-restore");
        IptablesBackend backend = tool.equals("iptables-nft") ? IptablesBackend.nft() : IptablesBackend.legacy();
        ForeignRules found = backend.everything(namespace).get(IpFamily.V4);
        assertThat(found.leftOut()).isEmpty();
        assertThat(raw(found.rules())).hasSizeBetween(2, 3).allMatch(text -> text.contains("recent") || text.contains("u32") || text.contains("statistic"));
        assertThat(ForeignRules.ofIptablesSave(Kernel.run(namespace, "", tool + "-save", "-c"), IpFamily.V4)).isEqualTo(found);

        Kernel.run(copy, IptablesRestore.render(found.rules()), tool + "-restore");
        assertThat(backend.everything(copy).get(IpFamily.V4)).isEqualTo(found);
        assertThat(Kernel.listing(copy, tool + "-save").keySet()).isEqualTo(Kernel.listing(namespace, tool + "-save").keySet());
        assertThat(Kernel.run(copy, "", tool + "-save")).contains("-A IN_public -p tcp -m tcp --dport 22 -m u32 --u32 \"0x0&0x1=0x1\" -j ACCEPT\n");
    }

    private static List<String> raw(RuleSet rules) {
        return rules.tables().stream().flatMap(table -> table.chains().stream()).flatMap(chain -> chain.rules().stream())
                .flatMap(rule -> rule.target() instanceof Target.Raw raw ? List.of(raw.text()).stream() : List.<String>of().stream()).toList();
    }

    @Test
    void aNodesTablesOfNft() throws Exception {
        Kernel.run(namespace, NFT, "nft", "-f", "-");
        Map<String, ForeignRules> tables = NftBackend.system().everything(namespace);
        assertThat(tables.keySet()).containsExactly("inet own", "bridge other");
        assertThat(tables.get("bridge other").leftOut()).singleElement().asString().contains("it isn't for IPv4 or IPv6");
        ForeignRules found = tables.get("inet own");
        assertThat(found.leftOut()).containsExactlyInAnyOrder("inet own: map ports",
                "inet own: chain late with type filter, hook forward and priority 10, where iptables has none (1 rules)",
                "inet own: the policy drop of chain input", "inet own: chain lonely, to which no base chain leads (1 rules)");
        assertThat((Object) found.rules().families()).isEqualTo(FamilyScope.BOTH);
        assertThat(found.rules().sets()).containsExactly(AddressSet.of("nets", IpFamily.V4, IpPrefix.parse("10.0.0.0/8")));
        assertThat(found.rules().table(TableName.NAT).orElseThrow().chains()).extracting(Chain::name).containsExactly("PREROUTING");
        List<Chain> filter = found.rules().table(TableName.FILTER).orElseThrow().chains();
        assertThat(filter).extracting(Chain::name).containsExactly("INPUT", "web");
        assertThat(raw(found.rules())).containsExactly("tcp dport vmap { 80 : jump web, 81 : goto web }", "ip ttl < 5 counter drop");
        assertThat(filter.get(0).rules().get(4).matches()).contains(new CommentMatch("dns"));

        Kernel.run(copy, NftScript.render(found.rules(), "copy-"), "nft", "-f", "-");
        assertThat(Kernel.run(copy, "", "nft", "list", "chain", "inet", "copy-filter", "input")).contains("tcp dport vmap { 80 : jump web, 81 : goto web }");
        Map<String, ForeignRules> again = NftBackend.system().everything(copy);
        assertThat(again.get("inet copy-filter").rules().tables()).containsExactly(found.rules().table(TableName.FILTER).orElseThrow());
        assertThat(again.get("inet copy-filter").leftOut()).isEmpty();
        assertThat(again.get("inet copy-nat").rules().tables()).containsExactly(found.rules().table(TableName.NAT).orElseThrow());
    }

    /** Without the words of nft, what the model lacks is named. */
    @Test
    void jsonAlone() throws Exception {
        Kernel.run(namespace, NFT, "nft", "-f", "-");
        ForeignRules found = ForeignRules.ofNft(Kernel.run(namespace, "", "nft", "-j", "list", "ruleset"), "").get("inet own");
        assertThat(raw(found.rules())).isEmpty();
        assertThat(found.leftOut()).filteredOn(words -> words.startsWith("inet own: rule ")).hasSize(2)
                .anyMatch(words -> words.startsWith("inet own: rule 3 of INPUT: ") && words.contains("vmap"));
    }
}
