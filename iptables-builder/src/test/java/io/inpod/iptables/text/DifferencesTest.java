package io.inpod.iptables.text;

import static org.assertj.core.api.Assertions.assertThat;

import io.inpod.iptables.Chain;
import io.inpod.iptables.Listing;
import io.inpod.iptables.Match;
import io.inpod.iptables.Ports;
import io.inpod.iptables.Protocol;
import io.inpod.iptables.Rule;
import io.inpod.iptables.RuleSet;
import io.inpod.iptables.Table;
import io.inpod.iptables.TableName;
import io.inpod.iptables.Target;
import io.inpod.netns.IpFamily;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class DifferencesTest {
    private static final RuleSet WANTED = RuleSet.of(IpFamily.V4, Table.of(TableName.NAT, Chain.of("OUTPUT", Rule.of(new Target.Jump("A"))), new Chain("A", rules())));

    private static List<Rule> rules() {
        List<Rule> rules = new ArrayList<>();
        for (int i = 1; i <= 9; i++) {
            rules.add(Rule.of(new Target.Redirect(Ports.of(15000 + i)), Match.protocol(Protocol.TCP), Match.destinationPort(Protocol.TCP, Ports.of(i))));
        }
        return rules;
    }

    private static Listing listing(String... lines) throws Exception {
        return IptablesSave.parse("*nat\n:OUTPUT ACCEPT [0:0]\n:A - [0:0]\n" + String.join("\n", lines) + "\nCOMMIT\n").listing(IpFamily.V4);
    }

    private static List<String> saved() {
        List<String> lines = new ArrayList<>(List.of(IptablesRestore.render(WANTED).split("\n")));
        lines.removeIf(line -> !line.startsWith("-A"));
        return lines;
    }

    private static List<String> differences(List<String> lines) throws Exception {
        return Differences.between(listing(lines.toArray(String[]::new)), WANTED);
    }

    @Test
    void equalMeaningIsNoDifference() throws Exception {
        assertThat(differences(saved())).isEmpty();
        List<String> otherwise = saved();
        otherwise.replaceAll(line -> line.replace("-p tcp -m tcp --dport 3", "-p 6 -m tcp --dport 3:3"));
        assertThat(differences(otherwise)).isEmpty();
    }

    @Test
    void oneDeletedRuleReadsAsOne() throws Exception {
        List<String> lines = saved();
        lines.remove(3);
        assertThat(differences(lines)).containsExactly("IPv4 nat: rule 3 of A is missing: -p tcp -m tcp --dport 3 -j REDIRECT --to-ports 15003");
    }

    @Test
    void oneAddedRuleReadsAsOne() throws Exception {
        List<String> lines = saved();
        lines.add(3, "-A A -m helper --helper ftp -j ACCEPT");
        assertThat(differences(lines)).containsExactly("IPv4 nat: rule 3 of A is foreign: -m helper --helper ftp -j ACCEPT");
    }

    @Test
    void aMovedRuleReadsAsTwo() throws Exception {
        List<String> lines = saved();
        lines.add(8, lines.remove(2));
        assertThat(differences(lines)).containsExactly("IPv4 nat: rule 2 of A is missing: -p tcp -m tcp --dport 2 -j REDIRECT --to-ports 15002",
                "IPv4 nat: rule 8 of A is foreign: -p tcp -m tcp --dport 2 -j REDIRECT --to-ports 15002");
    }

    @Test
    void changesAreSaidInWords() throws Exception {
        List<String> lines = saved();
        lines.set(3, "-A A -p tcp -m tcp --dport 3 -j REDIRECT --to-ports 15007");
        lines.set(5, "-A A -p tcp -m tcp --dport 5 -j ACCEPT");
        lines.set(7, "-A A -p tcp -m tcp --dport 7 -m mark --mark 0x1 -j REDIRECT --to-ports 15007");
        assertThat(differences(lines)).containsExactly("IPv4 nat: rule 3 of A: redirect goes to 15007 instead of 15003",
                "IPv4 nat: rule 5 of A: does ACCEPT instead of REDIRECT --to-ports 15005", "IPv4 nat: rule 7 of A: has the foreign condition -m mark --mark 0x1");
    }

    @Test
    void whatLeadsIntoOurChainsIsCompared() throws Exception {
        List<String> lines = saved();
        lines.remove(0);
        lines.add("-A OUTPUT -p udp -j A");
        assertThat(differences(lines)).containsExactly("IPv4 nat: OUTPUT lacks the rule -j A", "IPv4 nat: OUTPUT has a foreign rule 1: -p udp -j A");
        assertThat(Differences.between(new Listing(List.of(), List.of()), WANTED)).containsExactly("IPv4 nat: OUTPUT lacks the rule -j A", "IPv4 nat: chain A is missing");
        assertThat(Differences.between(listing(), RuleSet.nothing())).containsExactly("IPv4 nat: chain A is foreign");
    }

    @Test
    void whatIsForeignReadsLikeWhatIsMissing() {
        Rule foreign = Rule.of(new Target.Jump("A"), Match.protocol(Protocol.TCP));
        Listing found = new Listing(List.of(new Listing.ListedChain(IpFamily.V4, TableName.MANGLE, "OUTPUT",
                List.of(new Listing.ListedRule(1, Optional.of(foreign), foreign.toString())))), List.of());

        assertThat(Differences.between(found, WANTED)).contains("IPv4 mangle: OUTPUT has a foreign rule 1: -p tcp -j A");
    }
}
