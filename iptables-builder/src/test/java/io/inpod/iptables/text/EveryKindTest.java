package io.inpod.iptables.text;

import static org.assertj.core.api.Assertions.assertThat;

import io.inpod.iptables.FamilyMatch;
import io.inpod.iptables.FamilyScope;
import io.inpod.iptables.Kinds;
import io.inpod.iptables.Match;
import io.inpod.iptables.Rule;
import io.inpod.netns.IpFamily;
import java.util.List;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/** Every text format expresses every kind of match and target, and its parser, if there is one, reads the same kind back. */
class EveryKindTest {
    @Test
    void everyKindHasASample() {
        assertThat(Kinds.missing()).isEmpty();
    }

    @Test
    void textOfIptablesIsReadBack() {
        for (Kinds.Placed placed : Kinds.all()) {
            for (IpFamily family : placed.rule().families()) {
                Rule rule = new Rule(placed.rule().matches().stream().filter(match -> !(match instanceof FamilyMatch)).toList(), placed.rule().target());
                assertThat(Kinds.withSets(RuleParser.parse(RuleText.of(placed.rule(), family), family), family)).as(placed.toString()).contains(rule);
                rule.matches().forEach(match -> assertThat(RuleText.conditions(List.of(match), family)).as(match.toString()).isNotBlank());
            }
        }
    }

    @Test
    void textOfNftHasWordsForEveryKindOrSaysThatItHasNone() {
        TreeSet<String> refused = new TreeSet<>();
        for (Kinds.Placed placed : Kinds.all()) {
            for (Match match : placed.rule().matches()) {
                try {
                    assertThat(match.accept(new NftMatch(placed.rule().families(), new NftCounts()))).as(match.toString()).isNotBlank();
                } catch (IllegalArgumentException e) {
                    assertThat(e).hasMessageStartingWith("nft can't express");
                    refused.add(match.getClass().getSimpleName());
                }
            }
            assertThat(placed.rule().target().accept(new NftTarget(FamilyScope.BOTH))).as(placed.toString()).isNotBlank();
        }
        assertThat(refused).containsExactly("OwnerSocketMatch");
    }
}
