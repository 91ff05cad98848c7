package io.inpod.iptables.backend.internal.nft.rule;

import static org.assertj.core.api.Assertions.assertThat;

import io.inpod.iptables.FamilyMatch;
import io.inpod.iptables.FamilyScope;
import io.inpod.iptables.Kinds;
import io.inpod.iptables.Rule;
import io.inpod.iptables.backend.internal.nft.expr.Expr;
import io.inpod.iptables.backend.internal.nft.expr.KernelNames;
import io.inpod.netns.IpFamily;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** Every layout supports every kind of match and target: reading a written rule yields the same rule. */
class EveryKindTest {
    private static final int NUMBER = 7;

    /** Returns IDs for the samples' sets and cgroup. */
    private static final KernelNames NAMES = new KernelNames() {
        @Override
        public int ipset(String name) {
            return name.equals("kind-v4") ? NUMBER : NUMBER + 1;
        }

        @Override
        public Optional<String> ipset(int index) {
            return Optional.of(index == NUMBER ? "kind-v4" : "kind-ports");
        }

        @Override
        public long cgroup(String path) {
            return NUMBER;
        }

        @Override
        public Optional<String> cgroup(long id) {
            return Optional.of(Kinds.CGROUP);
        }
    };

    @Test
    void compatLayoutIsReadBack() {
        for (Kinds.Placed placed : Kinds.all()) {
            for (IpFamily family : placed.rule().families()) {
                List<Expr> written = new CompatLayout().expressions(placed.rule(), Scope.of(family, NAMES));
                assertThat(Kinds.withSets(read(written, FamilyScope.of(family)), family)).as(placed + " " + written).contains(withoutFamily(placed.rule()));
            }
        }
    }

    @Test
    void nativeLayoutIsReadBack() {
        for (Kinds.Placed placed : Kinds.all()) {
            List<Expr> written = new NativeLayout().expressions(placed.rule(), Scope.inet(placed.rule().families(), NAMES));
            assertThat(read(written, FamilyScope.BOTH)).as(placed + " " + written).contains(withoutFamily(placed.rule()));
        }
    }

    private static Optional<Rule> read(List<Expr> expressions, FamilyScope table) {
        return RuleReader.read(expressions, table, NAMES).map(RuleReader.Found::rule);
    }

    private static Rule withoutFamily(Rule rule) {
        return new Rule(rule.matches().stream().filter(match -> !(match instanceof FamilyMatch)).toList(), rule.target());
    }
}
