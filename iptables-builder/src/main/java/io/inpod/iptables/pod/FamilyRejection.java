package io.inpod.iptables.pod;

import io.inpod.iptables.Chain;
import io.inpod.iptables.Hook;
import io.inpod.iptables.Match;
import io.inpod.iptables.Protocol;
import io.inpod.iptables.RejectWith;
import io.inpod.iptables.Rule;
import io.inpod.iptables.RuleSet;
import io.inpod.iptables.TableName;
import io.inpod.iptables.Target;
import io.inpod.iptables.TcpFlag;
import io.inpod.iptables.TcpFlags;
import io.inpod.netns.IpFamily;
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
        Draft draft = new Draft();
        addTo(draft);
        return draft.of(family);
    }

    /** {@return the rules for tables of both families} */
    public RuleSet inet() {
        Draft draft = new Draft();
        addInetTo(draft);
        return draft.ofBoth();
    }

    void addTo(Draft tables) {
        addTo(tables, CHAIN);
    }

    void addInetTo(Draft tables) {
        addTo(tables, INET_CHAIN);
    }

    private void addTo(Draft tables, String chain) {
        Match tcp = Match.protocol(Protocol.TCP);
        Match ownReset = Match.flags(new TcpFlags(Set.of(TcpFlag.RST), Set.of(TcpFlag.RST), false)); // the answer to what is rejected on its way in
        tables.add(TableName.FILTER, jump(Hook.INPUT, chain, Match.in("lo").not(), tcp), jump(Hook.FORWARD, chain, tcp),
                jump(Hook.OUTPUT, chain, Match.out("lo").not(), tcp, ownReset.not()),
                Chain.of(chain, Rule.of(new Target.Reject(RejectWith.TCP_RESET), tcp, Match.family(family))));
    }

    private Chain jump(Hook hook, String chain, Match... matches) {
        return Chain.of(hook.name(), Rule.of(new Target.Jump(chain), matches).only(family));
    }
}
