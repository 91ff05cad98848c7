package io.inpod.iptables;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * What a pod gets for a family that isn't redirected: its TCP is answered with a reset, in every direction, except on loopback.
 * Otherwise it would pass the proxy by, in clear and without policy.
 *
 * @param family the family that is rejected
 */
public record FamilyRejection(IpFamily family) {
    /** The name of its chain in the tables of iptables. */
    public static final String CHAIN = "INPOD_REJECT";
    /** The name of its chain in {@code inet} tables. */
    public static final String INET_CHAIN = "inpod-reject";

    /** {@return the rules for the tables of iptables} */
    public RuleSet ruleSet() {
        return RuleSet.of(family, table(CHAIN));
    }

    /** {@return the rules for tables of both families} */
    public RuleSet inet() {
        return RuleSet.ofBoth(table(INET_CHAIN));
    }

    private Table table(String chain) {
        Match tcp = Match.protocol(Protocol.TCP);
        Match ownReset = Match.flags(new TcpFlags(Set.of(TcpFlag.RST), Set.of(TcpFlag.RST), false)); // the answer to what is rejected on its way in
        List<Chain> chains = new ArrayList<>();
        chains.add(jump(Hook.INPUT, chain, Match.in("lo").not(), tcp));
        chains.add(jump(Hook.FORWARD, chain, tcp));
        chains.add(jump(Hook.OUTPUT, chain, Match.out("lo").not(), tcp, ownReset.not()));
        chains.add(Chain.of(chain, Rule.of(new Target.Reject(RejectWith.TCP_RESET), tcp, Match.family(family))));
        return new Table(TableName.FILTER, chains);
    }

    private Chain jump(Hook hook, String chain, Match... matches) {
        List<Match> all = new ArrayList<>(List.of(matches));
        all.add(Match.family(family));
        return Chain.of(hook.name(), new Rule(all, new Target.Jump(chain)));
    }
}
