package io.inpod.iptables;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.inpod.iptables.PortSet.Element;
import io.inpod.iptables.backend.PortSetChange;
import io.inpod.netns.IpFamily;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class PortSetTest {
    private static final PortSet WEB = new PortSet("web", List.of(element(8080, 8090, "apps"), element(443, 443, ""), element(80, 82, "")));

    private static Element element(int first, int last, String comment) {
        return new Element(new Ports(first, last), comment);
    }

    @Test
    void portsThatTouchAndHaveTheSameCommentAreOneElement() {
        assertThat(WEB.elements()).extracting(Element::toString).containsExactly("80-82", "443", "8080-8090");
        assertThat(new PortSet("web", List.of(element(81, 82, ""), element(8085, 8090, "apps"), element(80, 80, ""), element(8080, 8084, "apps"), element(443, 443, "")))).isEqualTo(WEB);
        assertThat(new PortSet("web", List.of(element(80, 80, "a"), element(81, 81, "b"))).elements()).hasSize(2);
        assertThat(PortSet.of("all", new Ports(0, 40_000), new Ports(40_001, 65_535))).isEqualTo(PortSet.of("all", new Ports(0, 65_535)));
    }

    @Test
    void changesArePortByPort() {
        assertThat(WEB.with(List.of(element(83, 84, ""), element(8085, 8085, "one"), element(65_535, 65_535, "")), List.of(new Ports(0, 80), new Ports(8090, 9000))).elements())
                .containsExactly(element(81, 84, ""), element(443, 443, ""), element(8080, 8084, "apps"), element(8085, 8085, "one"), element(8086, 8089, "apps"), element(65_535, 65_535, ""));
        assertThat(WEB.with(List.of(), List.of(new Ports(0, 65_535)))).isEqualTo(WEB.empty());
        assertThat(WEB.with(List.of(), List.of())).isEqualTo(WEB);
    }

    @Test
    void whatCanNotBeIsRefusedByName() {
        assertThatIllegalArgumentException().isThrownBy(() -> PortSet.of("web", Ports.of(80), Ports.of(80))).withMessage("set web holds 80 twice");
        assertThatIllegalArgumentException().isThrownBy(() -> PortSet.of("web", new Ports(80, 90), new Ports(90, 91))).withMessage("set web holds 90-91, which overlaps with its element 80-90");
        assertThatIllegalArgumentException().isThrownBy(() -> PortSet.of("1web")).withMessageContaining("set name \"1web\"");
        assertThatIllegalArgumentException().isThrownBy(() -> new PortSet("web", WEB.elements(), true)).withMessageContaining("gets its elements at run time, but 3 are given");
        assertThatIllegalArgumentException().isThrownBy(() -> new Element(Ports.of(1), "a\nb")).withMessageContaining("element comment");
        assertThatIllegalArgumentException().isThrownBy(() -> new PortSetChange("web", WEB.elements(), Set.of(new Ports(82, 100))))
                .withMessage("set web: 80-82 is to be added, and 82-100 removed");
        assertThatIllegalArgumentException().isThrownBy(() -> Match.in(WEB, Protocol.ICMP, Side.SOURCE)).withMessage("protocol icmp has no ports");
        assertThatIllegalArgumentException().isThrownBy(() -> Rule.of(new Target.Drop(), Match.in(WEB, Protocol.TCP, Side.SOURCE))).withMessageContaining("but not for protocol tcp");
    }

    @Test
    void ruleSetsHoldWhatTheirRulesAskFor() {
        Rule rule = Rule.of(new Target.Drop(), Match.protocol(Protocol.UDP), Match.in(WEB, Protocol.UDP, Side.SOURCE));
        Table table = Table.of(TableName.FILTER, Chain.of("MINE", rule));
        RuleSet rules = new RuleSet(FamilyScope.BOTH, List.of(table), List.of(WEB));
        for (IpFamily family : IpFamily.values()) {
            assertThat(rules.only(family).sets()).containsExactly(WEB);
            assertThat(Listing.of(rules).ruleSet(family)).isEqualTo(rules.only(family));
        }
        AddressSet addresses = AddressSet.of("web", IpFamily.V4);
        for (List<NamedSet> wrong : List.<List<NamedSet>>of(List.of(), List.of(addresses), List.of(PortSet.of("other")))) {
            assertThatIllegalArgumentException().isThrownBy(() -> new RuleSet(FamilyScope.BOTH, List.of(table), wrong))
                    .withMessage("filter MINE rule 1: set web of ports is not in the rule set");
        }
        Table other = Table.of(TableName.FILTER, Chain.of("MINE", Rule.of(new Target.Drop(), Match.in(addresses, Side.SOURCE))));
        assertThatIllegalArgumentException().isThrownBy(() -> new RuleSet(FamilyScope.BOTH, List.of(other), List.of(WEB))).withMessageContaining("set web of IPv4 is not");
    }
}
