package io.inpod.examples.nodeagent.doctor;

import io.inpod.iptables.Chain;
import io.inpod.iptables.ConnmarkMatch;
import io.inpod.iptables.Listing;
import io.inpod.iptables.Mark;
import io.inpod.iptables.MarkMatch;
import io.inpod.iptables.Match;
import io.inpod.iptables.Protocol;
import io.inpod.iptables.Rule;
import io.inpod.iptables.RuleSet;
import io.inpod.iptables.Table;
import io.inpod.iptables.Target;
import io.inpod.iptables.backend.IptablesBackend;
import io.inpod.iptables.backend.NftBackend;
import io.inpod.iptables.pod.PodRules;
import io.inpod.iptables.text.ForeignRules;
import io.inpod.iptables.text.IptablesRestore;
import io.inpod.netlink.PolicyRule;
import io.inpod.netlink.Rtnetlink;
import io.inpod.netlink.diag.InetSocket;
import io.inpod.netlink.diag.SocketDiag;
import io.inpod.netlink.diag.SocketFilter;
import io.inpod.netlink.diag.SocketQuery;
import io.inpod.netns.InPodConstants;
import io.inpod.netns.IpFamily;
import io.inpod.tproxy.PolicyRouting;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;

/** Whether others are in the way: their rules before ours, and whatever of them uses our marks. */
final class OthersCheck implements Check {
    private static final List<Integer> OURS = List.of(InPodConstants.PROXY_MARK, InPodConstants.TPROXY_MARK);
    /** In rules that the model can't express. */
    private static final Pattern RAW = Pattern.compile("mark\\b.*\\b0x0*(?:539|111)\\b", Pattern.CASE_INSENSITIVE);
    /** Tables that iptables-nft shows better. */
    private static final Pattern OF_IPTABLES = Pattern.compile("(?:ip|ip6) (?:filter|mangle|nat|raw|security)");
    private static final int SHOWN = 5;

    @Override
    public void look(Subject pod, Findings findings) throws IOException {
        Set<String> uses = new LinkedHashSet<>();
        Set<String> unread = new LinkedHashSet<>();
        Set<String> first = new LinkedHashSet<>();
        rules(pod, first, uses, unread);
        before(first, unread, findings);
        policyRules(pod, uses);
        sockets(pod, uses);
        if (!uses.isEmpty()) {
            List<String> shown = uses.stream().limit(SHOWN).toList();
            findings.fail(Topic.MARKS, String.join("; ", shown) + (uses.size() > SHOWN ? "; and " + (uses.size() - SHOWN) + " more" : ""),
                    "have that program use other marks, outside the mask " + Subject.hex(InPodConstants.MARK_MASK));
        } else if (!unread.isEmpty()) {
            findings.skip(Topic.MARKS,
                    "no other ip rule or socket uses " + Subject.hex(InPodConstants.PROXY_MARK) + " or "
                            + Subject.hex(InPodConstants.TPROXY_MARK) + "; rules of others can't be read: "
                            + String.join("; ", unread));
        } else {
            findings.ok(Topic.MARKS, "no other rule, ip rule or socket uses " + Subject.hex(InPodConstants.PROXY_MARK) + " or "
                    + Subject.hex(InPodConstants.TPROXY_MARK));
        }
    }

    /** Rules in nf_tables are read by nft, and those of iptables-nft by its own tool, as nft doesn't understand them. */
    private static void rules(Subject pod, Set<String> first, Set<String> uses, Set<String> unread) {
        try {
            IptablesBackend.nft().everything(pod.netns())
                    .forEach((family, found) -> foreign(family, found, first, uses));
        } catch (IOException e) {
            unread.add("iptables-nft: " + e.getMessage());
        }
        try {
            nft(NftBackend.system().text(pod.netns()), uses);
        } catch (IOException e) {
            unread.add("nft: " + e.getMessage());
        }
    }

    /** In any chain, whatever its hook and priority. */
    private static void nft(String listing, Set<String> uses) {
        String table = "";
        String chain = "";
        for (String line : listing.lines().map(String::strip).toList()) {
            if (line.startsWith("table ")) {
                table = line.substring("table ".length()).replace(" {", "");
            } else if (line.startsWith("chain ")) {
                chain = line.substring("chain ".length()).replace(" {", "");
            } else
                if (RAW.matcher(line).find() && !OF_IPTABLES.matcher(table).matches()
                        && !table.startsWith("inet " + PodRules.NAMES.tablePrefix())) {
                            uses.add("nft table " + table + ", chain " + chain + ": " + line);
                        }
        }
    }

    private static void foreign(IpFamily family, ForeignRules found, Set<String> first, Set<String> uses) {
        for (Listing.ListedChain chain : Listing.of(found.rules().only(family)).chains()) {
            if (PodRules.NAMES.chains().contains(chain.name())) {
                continue;
            }
            int ours = 0; // how many rules come before the last of ours
            for (int i = 0; i < chain.rules().size(); i++) {
                ours = chain.rules().get(i).rule().filter(OthersCheck::isOurs).isPresent() ? i : ours;
            }
            for (int i = 0; i < chain.rules().size(); i++) {
                Listing.ListedRule rule = chain.rules().get(i);
                String words = family + " " + chain.table() + ": " + chain.name() + " rule " + (i + 1) + ": " + text(chain, rule);
                if (rule.rule().map(OthersCheck::uses).orElseGet(() -> RAW.matcher(rule.text()).find())) {
                    uses.add(words);
                }
                if (i < ours && rule.rule().map(OthersCheck::decides).orElse(true)) {
                    first.add(words);
                }
            }
        }
        found.leftOut().stream().filter(text -> RAW.matcher(text).find()).forEach(text -> uses.add(family + " " + text));
    }

    private static void before(Set<String> first, Set<String> unread, Findings findings) {
        if (!first.isEmpty()) {
            findings.fail(Topic.FOREIGN, String.join("; ", first.stream().limit(SHOWN).toList()),
                    "have the program that added it append its rules instead, or delete it");
        } else if (unread.isEmpty()) {
            findings.ok(Topic.FOREIGN, "no rule of another program decides before ours");
        } else {
            findings.skip(Topic.FOREIGN, "rules of others can't be read: " + String.join("; ", unread));
        }
    }

    private static boolean isOurs(Rule rule) {
        return rule.target().destination().filter(PodRules.NAMES.chains()::contains).isPresent();
    }

    /** Whether a rule can keep a TCP packet of the pod from our rules. */
    private static boolean decides(Rule rule) {
        boolean passes = rule.target() instanceof Target.Log || rule.target() instanceof Target.Nflog
                || rule.target() instanceof Target.SetMark || rule.target() instanceof Target.SetConnmark
                || rule.target() instanceof Target.RestoreConnmark || rule.target() instanceof Target.SaveConnmark
                || rule.target() instanceof Target.SetTcpMss || rule.target() instanceof Target.ClampTcpMss
                || rule.target() instanceof Target.Jump; // into chains of others, such as those of Docker's name server
        boolean other = rule.protocol().filter(protocol -> protocol != Protocol.TCP).isPresent();
        return !passes && !other && !isOurs(rule);
    }

    /** Returns a rule as iptables-save prints it, if that can be done. */
    private static String text(Listing.ListedChain chain, Listing.ListedRule rule) {
        try {
            RuleSet alone = RuleSet.of(chain.family(), Table.of(chain.table(), Chain.of(chain.name(), rule.rule().orElseThrow())));
            return IptablesRestore.render(alone, chain.family()).lines().filter(line -> line.startsWith("-A ")).findFirst()
                    .map(line -> line.substring("-A ".length() + chain.name().length() + 1)).orElse(rule.text());
        } catch (IllegalArgumentException | java.util.NoSuchElementException e) {
            return rule.text(); // only nft has such a rule
        }
    }

    /** Ours are among them: those that lead to our chains. */
    private static boolean uses(Rule rule) {
        if (isOurs(rule)) {
            return false;
        }
        List<Mark> marks = new ArrayList<>();
        for (Match match : rule.matches()) {
            if (match instanceof MarkMatch mark) {
                marks.add(mark.mark());
            } else if (match instanceof ConnmarkMatch mark) {
                marks.add(mark.mark());
            }
        }
        if (rule.target() instanceof Target.SetMark set) {
            marks.add(set.mark());
        } else if (rule.target() instanceof Target.SetConnmark set) {
            marks.add(set.mark());
        } else if (rule.target() instanceof Target.Tproxy tproxy) {
            marks.add(tproxy.mark());
        } else if (rule.target() instanceof Target.Raw raw && RAW.matcher(raw.text()).find()) {
            return true;
        }
        return marks.stream().anyMatch(mark -> OURS.contains(mark.value() & InPodConstants.MARK_MASK));
    }

    private static void policyRules(Subject pod, Set<String> uses) throws IOException {
        PolicyRouting ours = PolicyRouting.DEFAULT;
        try (Rtnetlink network = Rtnetlink.open(pod.netns())) {
            for (IpFamily family : pod.families()) {
                PolicyRule own = new PolicyRule(family, ours.priority(), ours.mark(), ours.mask(), ours.table());
                for (PolicyRule rule : network.rules().list(family)) {
                    if (rule.mask() != 0 && !rule.equals(own) && OURS.stream().anyMatch(mark -> (mark & rule.mask()) == rule.mark())) {
                        uses.add("ip rule, " + family + ": " + rule);
                    }
                }
            }
        }
    }

    private static void sockets(Subject pod, Set<String> uses) throws IOException {
        if (pod.proxies().isEmpty()) {
            return; // it isn't known whose may have it
        }
        List<InetSocket> marked = new ArrayList<>();
        try (SocketDiag diag = SocketDiag.open(pod.netns())) {
            for (int mark : OURS) {
                marked.addAll(diag.list(SocketQuery.tcp().where(SocketFilter.mark(mark, InPodConstants.MARK_MASK))));
            }
        }
        Listener.of(pod.netns(), marked).stream().filter(socket -> !socket.holders().isEmpty() && !socket.isHeldBy(pod.proxies()))
                .forEach(socket -> uses.add("a socket of " + socket.owner() + " has mark 0x"
                        + Integer.toHexString(socket.socket().mark()) + ": " + socket.socket()));
    }
}
