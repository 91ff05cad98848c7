package io.inpod.iptables.backend.internal.nft;

import static org.assertj.core.api.Assertions.assertThat;

import io.inpod.iptables.AddressSet;
import io.inpod.iptables.AddressSet.Element;
import io.inpod.iptables.AddressSet.Type;
import io.inpod.iptables.IpPrefix;
import io.inpod.iptables.Kernel;
import io.inpod.iptables.backend.internal.nft.rule.Scope;
import io.inpod.netlink.NetlinkAttribute;
import io.inpod.netlink.NetlinkMessage;
import io.inpod.netlink.NetlinkRequest;
import io.inpod.netlink.Nfnetlink;
import io.inpod.netns.IpFamily;
import io.inpod.netns.NetworkNamespace;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.Test;

/** We store blocks as nft does, with comments and ends, and read what nft has stored. */
class IntervalKernelTest {
    private static final AddressSet V4 = new AddressSet("v4", IpFamily.V4, Type.PREFIXES, List.of(element("0.0.0.0/8", "low"), element("10.0.0.0/31", ""), element("10.0.0.2/31", "a note"),
            element("192.0.2.255", ""), element("255.255.0.0/16", "high")));
    private static final AddressSet V6 = new AddressSet("v6", IpFamily.V6, Type.PREFIXES, List.of(element("::/128", ""), element("fd00::/8", "own"), element("ff00::/8", "")));

    private static Element element(String prefix, String comment) {
        return new Element(IpPrefix.parse(prefix), comment);
    }

    @Test
    void whatIsStoredIsWhatNftStores() throws Exception {
        try (NetworkNamespace ours = Kernel.namespace(); NetworkNamespace theirs = Kernel.namespace();
                Nfnetlink netlink = Nfnetlink.open(ours); Nfnetlink oracle = Nfnetlink.open(theirs)) {
            List<NetlinkRequest> batch = new ArrayList<>(List.of(Nft.addTable(Scope.INET, "t")));
            NftSets.provide("t", List.of(), List.of(V4, V6), batch);
            netlink.commit(Nft.SUBSYSTEM, new NftReader(netlink).generation(), batch);
            Kernel.run(theirs, """
                    add table inet t
                    add set inet t v4 { type ipv4_addr; flags interval; }
                    add set inet t v6 { type ipv6_addr; flags interval; }
                    add element inet t v4 { 0.0.0.0/8 comment "low", 10.0.0.0/31, 10.0.0.2/31 comment "a note", 192.0.2.255, 255.255.0.0/16 comment "high" }
                    add element inet t v6 { ::, fd00::/8 comment "own", ff00::/8 }
                    """, "nft", "-f", "-");
            assertThat(Kernel.run(ours, "", "nft", "list", "table", "inet", "t")).isEqualTo(Kernel.run(theirs, "", "nft", "list", "table", "inet", "t"));
            assertThat(new NftSets(new NftReader(oracle)).read("t").sets()).containsExactlyInAnyOrder(V4, V6);
            assertThat(new NftSets(new NftReader(oracle)).read("t").misfits()).isEmpty();
            for (String set : List.of("v4", "v6")) {
                assertThat(stored(netlink, set)).as(set).isNotEmpty().isEqualTo(stored(oracle, set));
            }
        }
    }

    /** Returns the elements byte by byte. */
    private static List<String> stored(Nfnetlink netlink, String set) throws IOException {
        List<String> elements = new ArrayList<>();
        for (NetlinkMessage message : new NftReader(netlink)
                .dump(Nft.request("list set", set, NftSets.GET_ELEMENTS, 0, Scope.INET).string(1, "t").string(2, set))) {
            for (NetlinkAttribute attribute : message.attributeList(Nfnetlink.HEADER)) {
                if (attribute.type() == 3) {
                    attribute.nested().forEach(element -> elements.add(HexFormat.of().formatHex(element.bytes())));
                }
            }
        }
        elements.sort(null);
        return elements;
    }
}
