package io.inpod.iptables.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.inpod.iptables.AddressRange;
import io.inpod.iptables.AddressSet;
import io.inpod.iptables.AddressType;
import io.inpod.iptables.AddressTypeMatch;
import io.inpod.iptables.ConnlimitMatch;
import io.inpod.iptables.ConnlimitMatch.Counted;
import io.inpod.iptables.ConntrackState;
import io.inpod.iptables.IpPrefix;
import io.inpod.iptables.LimitMatch;
import io.inpod.iptables.Listing;
import io.inpod.iptables.Mark;
import io.inpod.iptables.Match;
import io.inpod.iptables.NatOption;
import io.inpod.iptables.NthMatch;
import io.inpod.iptables.PortSet;
import io.inpod.iptables.Ports;
import io.inpod.iptables.Protocol;
import io.inpod.iptables.RejectWith;
import io.inpod.iptables.Rule;
import io.inpod.iptables.Side;
import io.inpod.iptables.Target;
import io.inpod.iptables.TcpFlag;
import io.inpod.iptables.TcpFlags;
import io.inpod.netns.IpFamily;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The forms in which versions of nft and iptables list one rule, as libnftables-json(5) and the sources of the tools have them: each is
 * read as that rule. What would change a rule's meaning isn't overlooked.
 */
class ListedFormsTest {
    private static final Match TCP = Match.protocol(Protocol.TCP);
    private static final Target DROP = new Target.Drop();
    private static final String FLAGS = "{\"payload\":{\"protocol\":\"tcp\",\"field\":\"flags\"}}";

    private static Optional<Rule> nft(String statements) throws IOException {
        return first(NftJson.parse("{\"nftables\":[{\"table\":{\"family\":\"inet\",\"name\":\"t-filter\"}},{\"chain\":{\"family\":\"inet\",\"table\":\"t-filter\",\"name\":\"mine\"}},"
                + "{\"rule\":{\"family\":\"inet\",\"table\":\"t-filter\",\"chain\":\"mine\",\"expr\":[" + statements + "]}}]}", "t-"));
    }

    private static Optional<Rule> first(Listing listing) {
        return listing.chains().stream().filter(chain -> chain.family() == IpFamily.V4).findFirst().orElseThrow().rules().get(0).rule();
    }

    private static String match(String operator, String left, String right) {
        return "{\"match\":{\"op\":\"" + operator + "\",\"left\":" + left + ",\"right\":" + right + "}},{\"counter\":null},{\"drop\":null}";
    }

    /** nft 1.0.6 lists a mask; 0.9.8 nests operations of two operands; 1.1.3 has one operation of many; without -n there are names. */
    @ParameterizedTest
    @ValueSource(strings = {"[1,2,4,16]", "{\"|\":[{\"|\":[{\"|\":[1,2]},4]},16]}", "{\"|\":[1,2,4,16]}", "[\"fin\",\"syn\",\"rst\",\"ack\"]", "23",
        "{\"|\":[\"fin\",{\"|\":[\"syn\",\"rst\"]},\"ack\"]}", "\"0x17\"", "{\"|\":[[1,2],20]}"})
    void tcpFlags(String mask) throws Exception {
        Rule syn = Rule.of(DROP, TCP, Match.flags(TcpFlags.syn()));
        for (String value : new String[] {"2", "\"syn\"", "[2]", "{\"|\":[2,2]}"}) {
            assertThat(nft(match("==", "{\"&\":[" + FLAGS + "," + mask + "]}", value))).contains(syn);
        }
        Rule two = Rule.of(DROP, TCP, Match.flags(new TcpFlags(TcpFlags.syn().examined(), Set.of(TcpFlag.SYN, TcpFlag.ACK), true)));
        for (String value : new String[] {"[2,16]", "{\"|\":[2,16]}", "18", "[\"syn\",\"ack\"]", "{\"|\":[\"ack\",\"syn\"]}"}) {
            assertThat(nft(match("!=", "{\"&\":[" + FLAGS + "," + mask + "]}", value))).contains(two);
        }
        assertThat(nft(match("in", FLAGS, mask))).contains(Rule.of(DROP, TCP, Match.flags(new TcpFlags(TcpFlags.syn().examined(), Set.of(), true))));
        assertThat(nft(match("!=", "{\"&\":[" + FLAGS + "," + mask + "]}", "0"))).isEqualTo(nft(match("in", FLAGS, mask)));
        assertThat(nft(match("==", "{\"&\":[" + FLAGS + "," + mask + "]}", "0"))).isEqualTo(nft(match("!", FLAGS, mask))).isPresent();
    }

    @Test
    void oneFlagIsOnOrOff() throws Exception {
        Rule on = Rule.of(DROP, TCP, Match.flags(new TcpFlags(Set.of(TcpFlag.SYN), Set.of(TcpFlag.SYN), false)));
        for (String form : new String[] {match("in", FLAGS, "2"), match("in", FLAGS, "\"syn\""), match("==", "{\"&\":[" + FLAGS + ",2]}", "2"),
            match("!=", "{\"&\":[" + FLAGS + ",\"syn\"]}", "0")}) {
            assertThat(nft(form)).as(form).contains(on);
        }
        assertThat(IptablesSave.parse("*filter\n:A - [0:0]\n-A A -p tcp -m tcp ! --tcp-flags SYN NONE -j DROP\nCOMMIT\n").listing(IpFamily.V4)).satisfies(
                listing -> assertThat(first(listing)).contains(on));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '~', quoteCharacter = '`', value = {
        "in ~ {'ct':{'key':'state'}} ~ [2,4] ~ false", "in ~ {'ct':{'key':'state'}} ~ ['established','related'] ~ false", "in ~ {'ct':{'key':'state'}} ~ {'|':[2,4]} ~ false",
        "! ~ {'ct':{'key':'state'}} ~ [2,4] ~ true", "== ~ {'&':[{'ct':{'key':'state'}},[2,4]]} ~ 0 ~ true", "== ~ {'&':[{'ct':{'key':'state'}},{'|':['established','related']}]} ~ 0 ~ true",
        "!= ~ {'&':[{'ct':{'key':'state'}},6]} ~ 0 ~ false", "== ~ {'ct':{'key':'state'}} ~ {'set':[2,4]} ~ false", "!= ~ {'ct':{'key':'state'}} ~ {'set':['established','related']} ~ true"})
    void states(String operator, String left, String right, boolean negated) throws Exception {
        Match states = Match.conntrack(ConntrackState.RELATED, ConntrackState.ESTABLISHED);
        assertThat(nft(match(operator, left.replace('\'', '"'), right.replace('\'', '"')))).contains(Rule.of(DROP, negated ? states.not() : states));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', value = {"{'rate':10,'burst':5,'per':'second'} | 5", "{'rate':10,'per':'second'} | 5", "{'rate':10,'per':'seconds','burst':9} | 9",
        "{'rate':10,'burst':7,'per':'second','rate_unit':'packets','burst_unit':'packets','inv':false} | 7", "{'rate':10} | 5"})
    void limits(String limit, int burst) throws Exception {
        assertThat(nft("{\"limit\":" + limit.replace('\'', '"') + "},{\"drop\":null}")).contains(Rule.of(DROP, new LimitMatch(10, LimitMatch.Per.SECOND, burst)));
    }

    @ParameterizedTest
    @ValueSource(strings = {"[\"saddr\"]", "\"saddr\""})
    void typesOfAddresses(String flags) throws Exception {
        for (String type : new String[] {"2", "\"local\""}) {
            assertThat(nft(match("!=", "{\"fib\":{\"result\":\"type\",\"flags\":" + flags + "}}", type)))
                    .contains(Rule.of(DROP, new AddressTypeMatch(Side.SOURCE, AddressType.LOCAL, true)));
        }
    }

    @Test
    void marks() throws Exception {
        Rule masked = Rule.of(DROP, Match.mark(new Mark(0x539, 0xfff)));
        String mark = "{\"meta\":{\"key\":\"mark\"}}";
        for (String mask : new String[] {"4095", "{\"|\":[4080,15]}", "\"0xfff\"", "65535,4095"}) {
            assertThat(nft(match("==", "{\"&\":[" + mark + "," + mask + "]}", "1337"))).as(mask).contains(masked);
        }
        assertThat(nft(match("==", "{\"&\":[{\"&\":[" + mark + ",65535]},4095]}", "{\"|\":[1024,313]}"))).contains(masked);
        Target set = new Target.SetMark(new Mark(0x539, 0xfff));
        for (String value : new String[] {"{\"|\":[{\"&\":[" + mark + ",4294963200]},1337]}", "{\"^\":[{\"&\":[" + mark + ",4294963200]},1337]}",
            "{\"|\":[{\"&\":[" + mark + ",4294964537]},1337]}", "{\"|\":[{\"&\":[" + mark + ",4294963200]},1024,256,57]}"}) {
            assertThat(nft("{\"mangle\":{\"key\":" + mark + ",\"value\":" + value + "}}")).as(value).contains(Rule.of(set));
        }
        assertThat(nft("{\"mangle\":{\"key\":" + mark + ",\"value\":{\"&\":[{\"ct\":{\"key\":\"mark\"}},255]}}}")).contains(Rule.of(new Target.RestoreConnmark(-1, 255)));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', value = {"<= | 80 | 0 | 80", "< | 80 | 0 | 79", ">= | 80 | 80 | 65535", "> | 80 | 81 | 65535", "== | {'range':[80,90]} | 80 | 90"})
    void ports(String operator, String right, int first, int last) throws Exception {
        assertThat(nft(match(operator, "{\"payload\":{\"protocol\":\"tcp\",\"field\":\"dport\"}}", right.replace('\'', '"'))))
                .contains(Rule.of(DROP, TCP, Match.destinationPort(Protocol.TCP, new Ports(first, last))));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', value = {"null | PORT_UNREACHABLE", "{'type':'icmpx'} | PORT_UNREACHABLE", "{'type':'icmpx','expr':3} | ADMIN_PROHIBITED",
        "{'type':'icmpx','expr':'host-unreachable'} | HOST_UNREACHABLE", "{'type':'icmp','expr':1} | HOST_UNREACHABLE", "{'type':'icmpv6','expr':1} | ADMIN_PROHIBITED",
        "{'type':'icmpv6','expr':'addr-unreachable'} | HOST_UNREACHABLE"})
    void rejections(String detail, RejectWith with) throws Exception {
        assertThat(nft("{\"reject\":" + detail.replace('\'', '"') + "}")).contains(Rule.of(new Target.Reject(with)));
    }

    @Test
    void rangesOfAddresses() throws Exception {
        Match range = Match.source(AddressRange.parse("10.0.0.1-10.0.0.9"));
        assertThat(saved("-m iprange --src-range 10.0.0.1-10.0.0.9 --dst-range 10.1.0.0-10.1.255.255 -j DROP"))
                .contains(Rule.of(DROP, range, Match.destination(IpPrefix.parse("10.1.0.0/16"))));
        assertThat(saved("-m iprange ! --src-range 10.0.0.1-10.0.0.9 -j DROP")).contains(Rule.of(DROP, range.not()));
        assertThat(saved("-m iprange --src-range 10.0.0.9-10.0.0.1 -j DROP")).isEmpty();
        String source = "{\"payload\":{\"protocol\":\"ip\",\"field\":\"saddr\"}}";
        assertThat(nft(match("==", source, "{\"range\":[\"10.0.0.1\",\"10.0.0.9\"]}"))).contains(Rule.of(DROP, range));
        assertThat(nft(match("!=", source, "{\"range\":[\"10.0.0.1\",\"10.0.0.9\"]}"))).contains(Rule.of(DROP, range.not()));
        assertThat(nft(match("==", source, "{\"range\":[\"10.0.0.0\",\"10.0.0.255\"]}"))).contains(Rule.of(DROP, Match.source(IpPrefix.parse("10.0.0.0/24"))));
    }

    /** Later versions list a single flag without a list; an element with a comment has its value in "val". */
    @ParameterizedTest
    @ValueSource(strings = {"'interval'", "['interval']"})
    void elementsOfSets(String flags) throws Exception {
        Listing listing = NftJson.parse(("{'nftables':[{'set':{'family':'inet','name':'nets','table':'t-filter','type':'ipv4_addr','flags':%s,"
                + "'elem':['10.0.0.1',{'prefix':{'addr':'10.1.0.0','len':16}},{'range':['10.2.0.1','10.2.0.3']},"
                + "{'elem':{'val':{'prefix':{'addr':'10.3.0.0','len':16}},'comment':'a note'}},{'elem':{'val':'10.4.0.1','comment':'one'}},'*']}}]}").formatted(flags).replace('\'', '"'), "t-");
        assertThat(listing.misfits()).containsOnly(Map.entry("nets", List.of("holds every address (*)")));
        assertThat(listing.sets()).containsExactly(new AddressSet("nets", IpFamily.V4, AddressSet.Type.PREFIXES, List.of(element("10.0.0.1", ""), element("10.1.0.0/16", ""),
                element("10.2.0.1", ""), element("10.2.0.2/31", ""), element("10.3.0.0/16", "a note"), element("10.4.0.1", "one"))));
    }

    /** nft lists divided ranges as they were added; a set without intervals holds single ports. */
    @Test
    void elementsOfPortSets() throws Exception {
        String listing = "{'nftables':[{'set':{'family':'inet','name':'web','table':'t-filter','type':'inet_service'%s,'elem':[80,%s{'elem':{'val':81,'comment':'one'}},'*']}}]}";
        Listing ranges = NftJson.parse(listing.formatted(",'flags':'interval'", "{'range':[90,95]},{'range':[96,99]},").replace('\'', '"'), "t-");
        assertThat(ranges.sets()).containsExactly(new PortSet("web", List.of(port(80, 80, ""), port(81, 81, "one"), port(90, 99, ""))));
        assertThat(ranges.misfits()).containsOnly(Map.entry("web", List.of("holds every port (*)")));
        Listing ports = NftJson.parse(listing.formatted("", "").replace('\'', '"'), "t-");
        assertThat(ports.sets()).containsExactly(new PortSet("web", List.of(port(80, 80, ""), port(81, 81, "one"))));
        assertThat(ports.misfits()).containsOnly(Map.entry("web", List.of("holds every port (*)", "can't hold ranges (no flags interval)")));
    }

    /** iptables-save doesn't say what a set holds; of a set of ports, the rule must say which protocol's. */
    @Test
    void setsOfPortsInTheTablesOfIptables() throws Exception {
        PortSet web = PortSet.of("web");
        Listing listing = IptablesSave.parse("*filter\n:A - [0:0]\n-A A -p udp -m set ! --match-set web src -j DROP\n-A A -m set --match-set web dst -j DROP\nCOMMIT\n").listing(IpFamily.V4);
        assertThat(listing.with(List.of(web), Map.of()).chains().get(0).rules()).extracting(Listing.ListedRule::rule)
                .containsExactly(Optional.of(Rule.of(DROP, Match.protocol(Protocol.UDP), Match.in(web, Protocol.UDP, Side.SOURCE).not())), Optional.empty());
    }

    private static PortSet.Element port(int first, int last, String comment) {
        return new PortSet.Element(new Ports(first, last), comment);
    }

    private static AddressSet.Element element(String prefix, String comment) {
        return new AddressSet.Element(IpPrefix.parse(prefix), comment);
    }

    /** nft 1.0.6 prints numbers of 32 bits with a sign; iptables takes names of protocols from protocols(5). */
    @Test
    void numbersThatAreCountedOrDrawn() throws Exception {
        String random = "{'numgen':{'mode':'random','mod':%s,'offset':0}}".replace('\'', '"');
        assertThat(nft(match("<", random.formatted("-2147483648"), "536870912"))).contains(Rule.of(DROP, Match.random(0.25)));
        assertThat(nft(match("<", random.formatted("2147483648"), "536870912"))).contains(Rule.of(DROP, Match.random(0.25)));
        assertThat(nft(match(">=", random.formatted("100"), "25"))).contains(Rule.of(DROP, Match.random(0.25).not()));
        assertThat(nft(match("!=", "{\"numgen\":{\"mode\":\"inc\",\"mod\":-1,\"offset\":0}}", "4294967294"))).contains(Rule.of(DROP, new NthMatch(4294967295L, 4294967294L, true)));
        assertThat(nft("{\"ct count\":{\"val\":-1}},{\"drop\":null}")).contains(Rule.of(DROP, new ConnlimitMatch(Counted.ALL, 4294967295L, false)));
        assertThat(nft("{\"ct count\":{\"val\":5,\"inv\":true}},{\"drop\":null}")).contains(Rule.of(DROP, Match.connectionsAbove(5, Counted.ALL)));
        assertThat(saved("-m statistic --mode nth --every 3 -j DROP")).contains(Rule.of(DROP, Match.everyNth(3)));
        assertThat(saved("-m connlimit ! --connlimit-above 5 --connlimit-mask 32 -j DROP")).contains(Rule.of(DROP, Match.connectionsAbove(5, Counted.SOURCE).not()));
        for (String beyond : new String[] {"-m statistic --mode random --probability 0.00000000000", "-m statistic --mode random --probability 1.00000000000",
            "-m statistic --mode random --probability NaN", "-m statistic --mode nth --every 1 --packet 0", "-m statistic --mode nth --every 3 --packet 3",
            "-m connlimit --connlimit-above 5 --connlimit-mask 24 --connlimit-saddr", "-p 0", "-p 256", "-p nosuch"}) {
            assertThat(saved(beyond + " -j DROP")).as(beyond).isEmpty();
        }
    }

    @ParameterizedTest
    @CsvSource({"sctp, 132", "132, 132", "gre, 47", "ipv6-mh, 135", "mobility-header, 135", "ipencap, 4", "ipv4, 4", "a/n, 107", "255, 255"})
    void protocols(String name, int number) throws Exception {
        assertThat(saved("! -p " + name + " -j DROP")).contains(Rule.of(DROP, Match.protocol(number).not()));
        assertThat(nft(match("==", "{\"meta\":{\"key\":\"l4proto\"}}", name.matches("\\d+") ? name : '"' + name + '"'))).contains(Rule.of(DROP, Match.protocol(number)));
    }

    /** iptables 1.8.9 refuses two marks around a mark of the other kind: "connmark: option "--mark" can only be used once". */
    @Test
    void marksOfAKindAreWrittenTogether() throws Exception {
        Match one = Match.mark(Mark.exactly(1));
        Match two = Match.mark(Mark.exactly(2));
        Match connection = Match.connmark(Mark.exactly(3));
        Rule rule = Rule.of(DROP, one, connection, two, Match.comment("x"));
        assertThat(RuleText.of(rule, IpFamily.V4)).isEqualTo("-m mark --mark 0x1 -m mark --mark 0x2 -m connmark --mark 0x3 -m comment --comment x -j DROP");
        assertThat(saved(RuleText.of(rule, IpFamily.V4))).contains(rule);
        assertThat(RuleText.of(Rule.of(DROP, connection, one, two), IpFamily.V4)).startsWith("-m connmark --mark 0x3 -m mark --mark 0x1");
        assertThatThrownBy(() -> RuleText.of(Rule.of(DROP, one, connection, Match.everyNth(2), two), IpFamily.V4)).isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("iptables-restore can't express conditions on marks");
    }

    @Test
    void masquerade() throws Exception {
        String tcp = "{\"match\":{\"op\":\"==\",\"left\":{\"meta\":{\"key\":\"l4proto\"}},\"right\":6}}";
        for (String flags : new String[] {"\"fully-random\"", "[\"fully-random\"]"}) {
            assertThat(nft("{\"masquerade\":{\"flags\":" + flags + "}}")).contains(Rule.of(new Target.Masquerade(Optional.empty(), true)));
        }
        assertThat(nft(tcp + ",{\"masquerade\":{\"port\":{\"range\":[80,90]}}}")).contains(Rule.of(new Target.Masquerade(Optional.of(new Ports(80, 90)), false), TCP));
        assertThat(nft("{\"masquerade\":null}")).contains(Rule.of(new Target.Masquerade()));
        assertThat(saved("-p tcp -j MASQUERADE --to-ports 80-90 --random-fully")).contains(Rule.of(new Target.Masquerade(Optional.of(new Ports(80, 90)), true), TCP));
        assertThat(saved("-j MASQUERADE --random")).contains(Rule.of(new Target.Masquerade(Optional.empty(), Set.of(NatOption.RANDOM))));
    }

    @Test
    void addressTranslation() throws Exception {
        Target snat = new Target.Snat(AddressRange.parse("10.0.0.1-10.0.0.9"), Optional.of(new Ports(80, 90)), Set.of(NatOption.RANDOM, NatOption.PERSISTENT));
        assertThat(saved("-p tcp -j SNAT --to-source 10.0.0.1-10.0.0.9:80-90 --random --persistent")).contains(Rule.of(snat, TCP));
        String tcp = "{'match':{'op':'==','left':{'meta':{'key':'l4proto'}},'right':6}},";
        assertThat(nft((tcp + "{'snat':{'family':'ip','addr':{'range':['10.0.0.1','10.0.0.9']},'port':{'range':[80,90]},'flags':['random','persistent']}}").replace('\'', '"')))
                .contains(Rule.of(snat, TCP));
        Target block = new Target.Dnat(AddressRange.parse("10.0.0.0-10.0.0.255"), Optional.empty(), Set.of(NatOption.PERSISTENT));
        String prefix = "{'dnat':{'family':'ip','addr':{'prefix':{'addr':'10.0.0.0','len':24}},'flags':'persistent'%s}}";
        assertThat(nft(prefix.formatted("").replace('\'', '"'))).contains(Rule.of(block));
        assertThat(nft(prefix.formatted(",'type_flags':'prefix'").replace('\'', '"'))).isEmpty(); // each address has a counterpart of its own
        for (String beyond : new String[] {"DNAT --to-destination 10.0.0.9-10.0.0.1", "DNAT --to-destination 10.0.0.1:80 --random", "DNAT --to-destination 10.0.0.1:80-90/80",
            "REDIRECT --to-ports 80 --random", "SNAT --to-source 10.0.0.1 --random --random"}) {
            assertThat(saved("-p tcp -j " + beyond)).as(beyond).isEmpty();
        }
    }

    @Test
    void queues() throws Exception {
        for (String flags : new String[] {"\"bypass\"", "[\"bypass\"]"}) {
            assertThat(nft("{\"queue\":{\"num\":3,\"flags\":" + flags + "}}")).contains(Rule.of(new Target.Nfqueue(3, 3, true, false)));
        }
        assertThat(nft("{\"queue\":{\"num\":{\"range\":[1,3]},\"flags\":[\"bypass\",\"fanout\"]}}")).contains(Rule.of(new Target.Nfqueue(1, 3, true, true)));
        assertThat(nft("{\"queue\":null}")).contains(Rule.of(new Target.Nfqueue(0)));
        assertThat(saved("-j NFQUEUE --queue-num 0")).contains(Rule.of(new Target.Nfqueue(0)));
        assertThat(saved("-j NFQUEUE --queue-balance 3")).isEmpty();
        assertThat(saved("-j NFQUEUE --queue-num 0 --queue-cpu-fanout")).isEmpty();
    }

    /** Another rule looks like one of the model's, except for one property. */
    @ParameterizedTest
    @ValueSource(strings = {"{'limit':{'rate':10,'burst':5,'per':'second','inv':true}},{'drop':null}", "{'limit':{'rate':10,'rate_unit':'mbytes','per':'second'}},{'drop':null}",
        "{'limit':{'rate':10,'per':'second','burst':5,'burst_unit':'kbytes'}},{'drop':null}", "{'limit':'named'},{'drop':null}",
        "{'limit':{'rate':10,'per':'second'}},{'match':{'op':'==','left':{'payload':{'protocol':'tcp','field':'dport'}},'right':80}},{'drop':null}",
        "{'match':{'op':'==','left':{'meta':{'key':'l4proto'}},'right':6}},{'redirect':{'port':80,'flags':'random'}}",
        "{'match':{'op':'==','left':{'meta':{'key':'l4proto'}},'right':6}},{'redirect':{'port':80,'flags':['persistent']}}",
        "{'match':{'op':'==','left':{'meta':{'key':'nfproto'}},'right':2}},{'dnat':{'family':'ip','addr':'10.0.0.1','flags':'random'}}",
        "{'masquerade':{'flags':'persistent'}}", "{'masquerade':{'port':80}}", "{'mangle':{'key':{'ct':{'key':'zone','dir':'original'}},'value':5}}",
        "{'mangle':{'key':{'meta':{'key':'mark'}},'value':{'^':[{'meta':{'key':'mark'}},5]}}}", "{'mangle':{'key':{'meta':{'key':'mark'}},'value':{'<<':[{'meta':{'key':'mark'}},5]}}}",
        "{'mangle':{'key':{'meta':{'key':'mark'}},'value':{'|':[{'ct':{'key':'mark'}},5]}}}", "{'reject':{'type':'icmpx','expr':9}}", "{'log':{'prefix':'a','flags':'all'}}",
        "{'log':{'level':'audit'}}", "{'queue':{'num':1,'flags':'other'}}", "{'queue':{'num':{'map':[]}}}", "{'ct count':{'val':20,'other':1}},{'drop':null}", "{'ct count':{'val':0}},{'drop':null}",
        "{'match':{'op':'<','left':{'numgen':{'mode':'random','mod':10,'offset':0}},'right':1}},{'drop':null}",
        "{'match':{'op':'<','left':{'numgen':{'mode':'random','mod':100,'offset':5}},'right':25}},{'drop':null}",
        "{'match':{'op':'<','left':{'numgen':{'mode':'inc','mod':100,'offset':0}},'right':25}},{'drop':null}",
        "{'match':{'op':'==','left':{'numgen':{'mode':'inc','mod':3,'offset':0}},'right':3}},{'drop':null}", "{'match':{'op':'==','left':{'fib':{'result':'type','flags':['saddr','iif']}},'right':2}},{'drop':null}",
        "{'match':{'op':'==','left':{'fib':{'result':'oif','flags':'saddr'}},'right':2}},{'drop':null}", "{'match':{'op':'<','left':{'meta':{'key':'mark'}},'right':2}},{'drop':null}",
        "{'match':{'op':'==','left':{'&':[{'payload':{'protocol':'tcp','field':'flags'}},['fin','ecn']]},'right':1}},{'drop':null}",
        "{'match':{'op':'==','left':{'ct':{'key':'state'}},'right':[2,4]}},{'drop':null}", "{'match':{'op':'==','left':{'&':[{'ct':{'key':'state'}},6]},'right':6}},{'drop':null}",
        "{'match':{'op':'==','left':{'ct':{'key':'mark','dir':'original'}},'right':6}},{'drop':null}", "{'match':{'op':'==','left':{'meta':{'key':'nfproto'}},'right':'bridge'}},{'drop':null}",
        "{'match':{'op':'==','left':{'meta':{'key':'iifname'}},'right':'eth+'}},{'drop':null}", "{'xt':null}", "{'quota':{'val':5}},{'drop':null}"})
    void whatChangesTheMeaningIsForeign(String statements) throws Exception {
        assertThat(nft(statements.replace('\'', '"'))).isEmpty();
    }

    private static final Rule GUARD = Rule.of(DROP, TCP, Match.destinationPort(Protocol.TCP, Ports.of(15008)), Match.flags(TcpFlags.syn()),
            Match.mark(new Mark(0x539, 0xfff)), Match.conntrack(ConntrackState.NEW));

    @ParameterizedTest
    @ValueSource(strings = {"-p tcp -m tcp --dport 15008 --tcp-flags FIN,SYN,RST,ACK SYN -m mark --mark 0x539/0xfff -m conntrack --ctstate NEW -j DROP",
        "-p tcp -m conntrack --ctstate NEW -m mark --mark 0x539/0xfff -m tcp --dport 15008 --tcp-flags FIN,SYN,RST,ACK SYN -j DROP",
        "-p tcp -m tcp --tcp-flags FIN,SYN,RST,ACK SYN --dport 15008 -m mark --mark 0x539/0xfff -m conntrack --ctstate NEW -j DROP",
        "-p tcp -m tcp --dport 15008 -m mark --mark 0x539/0xfff -m tcp --tcp-flags FIN,SYN,RST,ACK SYN -m conntrack --ctstate NEW -j DROP",
        "-p 6 -m tcp --dport 15008 --tcp-flags FIN,SYN,RST,ACK SYN -m mark --mark 0x539/0xfff -m conntrack --ctstate NEW -j DROP"})
    void conditionsOfIptablesCommute(String text) throws Exception {
        Optional<Rule> read = saved(text);
        assertThat(read).contains(GUARD);
        assertThat(read.orElseThrow().hashCode()).isEqualTo(GUARD.hashCode());
    }

    private static Optional<Rule> saved(String text) throws IOException {
        return first(IptablesSave.parse("*filter\n:MINE - [0:0]\n-A MINE " + text + "\nCOMMIT\n").listing(IpFamily.V4));
    }

    /** A limit counts what the conditions before it let through. */
    @Test
    void aLimitDoesNotCommute() throws Exception {
        Match limit = new LimitMatch(10, LimitMatch.Per.SECOND, 5);
        Match mark = Match.mark(Mark.exactly(1));
        Match state = Match.conntrack(ConntrackState.NEW);
        assertThat(Rule.of(DROP, mark, limit)).isNotEqualTo(Rule.of(DROP, limit, mark));
        assertThat(Rule.of(DROP, mark, state, limit)).isEqualTo(Rule.of(DROP, state, mark, limit)).isNotEqualTo(Rule.of(DROP, state, limit, mark));
        assertThat(Rule.of(DROP, limit, mark, state)).isEqualTo(Rule.of(DROP, limit, state, mark)).isNotEqualTo(Rule.of(DROP, mark, limit, state));
        assertThat(Rule.of(DROP, mark, mark, state)).isNotEqualTo(Rule.of(DROP, mark, state, state));
        assertThat(saved("-p tcp -m limit --limit 10/sec -m mark --mark 0x1 -j DROP")).contains(Rule.of(DROP, TCP, limit, mark));
        assertThat(saved("-p tcp -m tcp --dport 80 -m limit --limit 10/sec -m tcp --sport 80 -j DROP")).isEmpty();
    }
}
