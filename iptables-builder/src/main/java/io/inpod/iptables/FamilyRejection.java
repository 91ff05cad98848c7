package io.inpod.iptables;

/**
 * What a pod gets for a family that isn't redirected: its TCP is answered with a reset, in every direction, except on loopback.
 * Otherwise it would pass the proxy by, in clear and without policy.
 *
 * @param family the family that is rejected
 */
public record FamilyRejection(IpFamily family) {
    /** The name of its chain. */
    public static final String CHAIN = "INPOD_REJECT";

    /** {@return the rules} */
    public RuleSet ruleSet() {
        Match tcp = Match.protocol(Protocol.TCP);
        Match ownReset = Match.conntrack(ConntrackState.RELATED); // the answer to what is rejected on its way in
        Target here = new Target.Jump(CHAIN);
        return RuleSet.of(family, Table.of(TableName.FILTER,
                Chain.of(Hook.INPUT.name(), Rule.of(here, Match.in("lo").not(), tcp)),
                Chain.of(Hook.FORWARD.name(), Rule.of(here, tcp)),
                Chain.of(Hook.OUTPUT.name(), Rule.of(here, Match.out("lo").not(), tcp, ownReset.not())),
                Chain.of(CHAIN, Rule.of(new Target.Reject(RejectWith.TCP_RESET), tcp))));
    }
}
