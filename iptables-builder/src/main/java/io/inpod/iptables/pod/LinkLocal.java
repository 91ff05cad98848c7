package io.inpod.iptables.pod;

import io.inpod.iptables.Hook;
import io.inpod.iptables.IpPrefix;
import io.inpod.iptables.Match;
import io.inpod.iptables.Protocol;
import io.inpod.iptables.RejectWith;
import io.inpod.iptables.Rule;
import io.inpod.iptables.TableName;
import io.inpod.iptables.Target;
import io.inpod.iptables.TcpFlags;
import io.inpod.netns.IpFamily;
import java.util.List;

/**
 * Refuses the pod's connections to link-local addresses of IPv6, of its router or of another host on its link, immediately. They can't be
 * carried: such a socket belongs to the interface of its link, so nothing that comes back through loopback, where REDIRECT leads,
 * ever reaches it, and clients would wait until they gave up. They aren't let pass either, in plaintext and without policy. The proxy's own
 * connections aren't affected, nor are those that come from such addresses. IPv4 doesn't bind its link-local addresses to an interface.
 */
final class LinkLocal {
    private static final Match ON_LINK = Match.destination(IpPrefix.parse("fe80::/10"));
    private static final Match TCP = Match.protocol(Protocol.TCP);
    private static final Match FIRST = Match.flags(TcpFlags.syn());
    private static final Match NOT_THE_PROXYS = Match.mark(RedirectionRules.PROXY).not();

    private LinkLocal() {}

    /** Adds the rules; before the redirection, from which they except these connections, so that they can be refused. */
    static void add(Draft tables, PodTables kind, List<InPodRedirection> redirections) {
        if (redirections.stream().noneMatch(redirection -> redirection.family() == IpFamily.V6)) {
            return;
        }
        Target toOurs = new Target.Jump(kind.link.name());
        tables.add(TableName.NAT, Hook.OUTPUT, Rule.of(toOurs, ON_LINK, TCP));
        tables.add(TableName.NAT, kind.link, List.of(ScopedRule.only(Rule.of(new Target.Accept()), IpFamily.V6)));
        tables.add(TableName.FILTER, Hook.OUTPUT, Rule.of(toOurs, Match.out("lo").not(), ON_LINK, TCP, FIRST, NOT_THE_PROXYS));
        tables.add(TableName.FILTER, kind.link,
                List.of(ScopedRule.only(Rule.of(new Target.Reject(RejectWith.TCP_RESET), TCP), IpFamily.V6)));
    }
}
