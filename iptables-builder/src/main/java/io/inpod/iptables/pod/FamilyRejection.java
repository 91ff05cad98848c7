package io.inpod.iptables.pod;

import io.inpod.iptables.Hook;
import io.inpod.iptables.Match;
import io.inpod.iptables.Protocol;
import io.inpod.iptables.RejectWith;
import io.inpod.iptables.Rule;
import io.inpod.iptables.TableName;
import io.inpod.iptables.Target;
import io.inpod.iptables.TcpFlag;
import io.inpod.iptables.TcpFlags;
import io.inpod.netns.IpFamily;
import java.util.List;
import java.util.Set;

/**
 * The rules for a family that isn't redirected: TCP is answered with a reset in every direction, except on loopback. Otherwise it would
 * bypass the proxy, in plaintext and without policy.
 */
final class FamilyRejection {
    private static final Match TCP = Match.protocol(Protocol.TCP);
    /** The answer to rejected inbound packets. */
    private static final Match OWN_RESET = Match.flags(new TcpFlags(Set.of(TcpFlag.RST), Set.of(TcpFlag.RST), false));

    private FamilyRejection() {}

    static void add(Draft tables, PodTables kind, IpFamily family) {
        jump(tables, Hook.INPUT, kind, family, Match.in("lo").not(), TCP);
        jump(tables, Hook.FORWARD, kind, family, TCP);
        jump(tables, Hook.OUTPUT, kind, family, Match.out("lo").not(), TCP, OWN_RESET.not());
        tables.add(TableName.FILTER, kind.rejection,
                List.of(Rule.of(new Target.Reject(RejectWith.TCP_RESET), TCP, Match.family(family))));
    }

    private static void jump(Draft tables, Hook hook, PodTables kind, IpFamily family, Match... matches) {
        tables.add(TableName.FILTER, hook, ScopedRule.only(Rule.of(new Target.Jump(kind.rejection.name()), matches), family));
    }
}
