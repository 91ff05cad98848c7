package io.inpod.iptables.pod;

import io.inpod.iptables.AddressType;
import io.inpod.iptables.AddressTypeMatch;
import io.inpod.iptables.Chain;
import io.inpod.iptables.ConntrackState;
import io.inpod.iptables.Hook;
import io.inpod.iptables.Match;
import io.inpod.iptables.Ports;
import io.inpod.iptables.Protocol;
import io.inpod.iptables.Rule;
import io.inpod.iptables.RuleSet;
import io.inpod.iptables.Side;
import io.inpod.iptables.TableName;
import io.inpod.iptables.Target;
import io.inpod.iptables.TcpFlags;
import io.inpod.netns.InPodConstants;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * A safety net under {@link InPodRedirection}, in chains of its own. It drops what would leave or enter the pod past the proxy, although
 * the redirection should have caught it:
 *
 * <ul>
 * <li>behind mangle POSTROUTING, where the outgoing interface is the one that nat chose: TCP of which connection tracking knows nothing.
 * REDIRECT lives in the connection's entry. When that is lost under a live connection (a flush, an eviction, a timeout), the kernel takes
 * the application's next segment for invalid if {@code nf_conntrack_tcp_loose} is 0; invalid packets skip nat, and so the segment would go
 * to its original destination, in clear. The same holds for packets that were exempted from tracking, and what begins in the middle of a
 * connection isn't let out either.
 * <li>there too: new connections. What is redirected leaves by loopback, so a connection that begins on another interface without the
 * proxy's mark has met no redirection: somebody flushed nat, or accepted or changed the destination before. Only what the redirection itself
 * leaves alone passes: connections to the address of the host probes; those from there to machines nested in the pod; with {@linkplain
 * InPodRedirection#ingress ingress} whatever the pod forwards, unless it comes from a virtual interface (hence behind mangle FORWARD then).
 * <li>behind mangle INPUT, where the destination port is the one that nat chose: connections from outside that reach another port than the
 * proxy's, and so would skip its policy; but for those of the host probes, what TPROXY has marked, and with ingress.
 * <li>behind filter OUTPUT, if the proxy's cgroup is given: what carries the proxy's mark but begins a connection from elsewhere. A
 * container with CAP_NET_RAW can set any mark since Linux 5.17.
 * </ul>
 *
 * <p>What carries the proxy's mark passes otherwise, and so does loopback.
 *
 * @param markOwner the path of the proxy's cgroup in the version 2 hierarchy, without a leading slash; its descendants count too. It
 *     must exist when the rules are applied, in which the kernel needs CONFIG_NETFILTER_XT_MATCH_CGROUP, or for tables of nf_tables
 *     CONFIG_NFT_SOCKET
 */
public record PodGuard(Optional<String> markOwner) {
    /** The name of its chain in the tables of iptables. */
    public static final String CHAIN = "INPOD_GUARD";
    /** The name of its chain in {@code inet} tables. */
    public static final String INET_CHAIN = "inpod-guard";
    /** The name of its chain for what comes in, in the tables of iptables. */
    public static final String INBOUND_CHAIN = "INPOD_INBOUND";
    /** The name of its chain for what comes in, in {@code inet} tables. */
    public static final String INET_INBOUND_CHAIN = "inpod-inbound";
    /** The name of its chain for {@link #markOwner} in the tables of iptables. */
    public static final String OWNER_CHAIN = "INPOD_OWNER";
    /** The name of its chain for {@link #markOwner} in {@code inet} tables. */
    public static final String INET_OWNER_CHAIN = "inpod-owner";

    private static final Target DROP = new Target.Drop();
    private static final Match OUTSIDE = Match.out("lo").not();
    private static final Match TCP = Match.protocol(Protocol.TCP);
    private static final Match MARKED = Match.mark(InPodRedirection.PROXY);
    private static final Match UNMARKED = MARKED.not();
    private static final Match BEGINS = Match.conntrack(ConntrackState.NEW);
    private static final Match FROM_OUTSIDE = Match.in("lo").not();
    private static final Match FIRST_BUT_HBONE = new Match.Transport(Protocol.TCP, Optional.empty(), Optional.of(new Match.PortMatch(Ports.of(InPodConstants.HBONE_PORT), true)),
            Optional.of(TcpFlags.syn()));
    private static final Match UNLOOPED = Match.mark(InPodRedirection.LOOPED).not();
    private static final Match ARRIVES = Match.conntrack(ConntrackState.NEW, ConntrackState.UNTRACKED);
    private static final Rule PASS_CAUGHT = Rule.of(new Target.Return(), TCP, Match.destinationPort(Protocol.TCP, Ports.of(InPodConstants.INBOUND_PLAINTEXT_PORT)));
    private static final Rule UNKNOWN = Rule.of(DROP, OUTSIDE, TCP, UNMARKED, Match.conntrack(ConntrackState.INVALID, ConntrackState.UNTRACKED));
    private static final Rule MIDSTREAM = Rule.of(DROP, OUTSIDE, TCP, Match.flags(TcpFlags.syn()).not(), UNMARKED, BEGINS);

    /**
     * Checks the path.
     *
     * @param markOwner the path of the proxy's cgroup
     * @throws IllegalArgumentException if it can't be one
     */
    public PodGuard {
        markOwner.ifPresent(Match::cgroup);
    }

    /**
     * The rules of one family for the tables of iptables.
     *
     * @param redirection under which
     * @return the rules
     */
    public RuleSet ruleSet(InPodRedirection redirection) {
        Draft draft = new Draft();
        addTo(draft, redirection);
        return draft.of(redirection.family());
    }

    /**
     * The rules for tables of both families.
     *
     * @param redirections under which, one for each family that has one
     * @return the rules
     */
    public RuleSet inet(List<InPodRedirection> redirections) {
        Draft draft = new Draft();
        addInetTo(draft, redirections);
        return draft.ofBoth();
    }

    void addTo(Draft tables, InPodRedirection redirection) {
        addOutbound(tables, CHAIN, List.of(redirection));
        addInbound(tables, INBOUND_CHAIN, List.of(redirection));
        addOwner(tables, OWNER_CHAIN);
    }

    void addInetTo(Draft tables, List<InPodRedirection> redirections) {
        addOutbound(tables, INET_CHAIN, redirections);
        addInbound(tables, INET_INBOUND_CHAIN, redirections);
        addOwner(tables, INET_OWNER_CHAIN);
    }

    private static void addOutbound(Draft tables, String chain, List<InPodRedirection> redirections) {
        List<Rule> rules = new ArrayList<>(List.of(UNKNOWN, MIDSTREAM));
        boolean nested = false;
        for (InPodRedirection redirection : redirections) {
            Match elsewhere = redirection.toProbe().not();
            if (!redirection.ingress()) { // then everything that could be forwarded is caught on its way in, but for probes
                rules.add(Rule.of(DROP, redirection.fromProbe().not(), elsewhere, OUTSIDE, TCP, UNMARKED, BEGINS));
                continue;
            }
            for (String name : redirection.virtualInterfaces()) {
                rules.add(Rule.of(DROP, Match.family(redirection.family()), Match.in(name), OUTSIDE, TCP, UNMARKED, BEGINS));
                nested = true;
            }
            // Not by the sending socket: FORWARD may lead here too, where the kernel refuses to ask for it.
            rules.add(Rule.of(DROP, elsewhere, OUTSIDE, TCP, UNMARKED, BEGINS, new AddressTypeMatch(Side.SOURCE, AddressType.LOCAL, false)));
        }
        Rule jump = Rule.of(new Target.Jump(chain));
        tables.add(TableName.MANGLE, Chain.of(Hook.POSTROUTING.name(), jump), new Chain(chain, rules));
        if (nested) { // only there does every kernel know by which interface a packet came
            tables.add(TableName.MANGLE, Chain.of(Hook.FORWARD.name(), jump));
        }
    }

    private static void addInbound(Draft tables, String chain, List<InPodRedirection> redirections) {
        List<Rule> rules = new ArrayList<>();
        for (InPodRedirection redirection : redirections) {
            if (redirection.ingress()) {
                continue;
            }
            boolean marks = redirection.profile() == InPodRedirection.Profile.TPROXY;
            if (!marks) {
                rules.add(PASS_CAUGHT.only(redirection.family()));
            }
            for (String name : redirection.virtualInterfaces()) {
                rules.add(Rule.of(new Target.Return(), Match.family(redirection.family()), Match.in(name), TCP,
                        Match.destinationPort(Protocol.TCP, Ports.of(InPodConstants.OUTBOUND_PORT))));
            }
            rules.add(Rule.of(DROP, redirection.fromProbe().not(), FROM_OUTSIDE, TCP, FIRST_BUT_HBONE, marks ? UNLOOPED : UNMARKED, ARRIVES));
        }
        if (!rules.isEmpty()) {
            tables.add(TableName.MANGLE, Chain.of(Hook.INPUT.name(), Rule.of(new Target.Jump(chain))), new Chain(chain, rules));
        }
    }

    private void addOwner(Draft tables, String ownerChain) {
        // Only what begins something: the kernel answers for closed sockets of the proxy with sockets of its own, which are in no cgroup.
        // In OUTPUT, because nf_tables knows a packet's socket there and not in POSTROUTING; and not by a negated cgroup, which in
        // nf_tables doesn't match sockets of cgroups that are higher up than the one asked for.
        markOwner.ifPresent(path -> tables.add(TableName.FILTER,
                Chain.of(Hook.OUTPUT.name(), Rule.of(new Target.Jump(ownerChain))), Chain.of(ownerChain,
                        Rule.of(new Target.Return(), MARKED, Match.cgroup(path)),
                        Rule.of(DROP, MARKED, Match.conntrack(ConntrackState.RELATED, ConntrackState.ESTABLISHED).not()))));
    }
}
