package io.inpod.netlink;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.inpod.netns.IpFamily;
import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.testing.PodNetwork;
import io.inpod.netns.testing.Pods;
import io.inpod.netns.testing.Tool;
import java.io.IOException;
import java.net.InetAddress;
import java.util.List;
import java.util.Set;
import org.assertj.core.api.InstanceOfAssertFactories;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A rule is added and deleted as a whole, beside foreign ones that {@code ip} has made. */
@Pods(1)
@Timeout(120)
class WholeRulesTest {
    private static final PolicyRule MARKED = new PolicyRule(IpFamily.V4, 1000, 0x111, 0xfff, 100);

    private static String rules(NetworkNamespace pod) throws IOException {
        return Tool.run(pod, "ip", "-4", "rule") + Tool.run(pod, "ip", "-6", "rule");
    }

    private static void isNotFound(Rtnetlink network, PolicyRule rule) {
        assertThatThrownBy(() -> network.rules().delete(rule)).asInstanceOf(InstanceOfAssertFactories.type(NetlinkException.class))
                .matches(NetlinkException::notFound);
    }

    @ParameterizedTest
    @ValueSource(strings = {
        "from 10.0.0.0/8 fwmark 0x111/0xfff lookup 100", "to 10.0.0.0/8 fwmark 0x111/0xfff lookup 100",
        "iif lo fwmark 0x111/0xfff lookup 100", "oif lo fwmark 0x111/0xfff lookup 100", "tos 0x10 fwmark 0x111/0xfff lookup 100",
        "not fwmark 0x111/0xfff lookup 100", "ipproto tcp fwmark 0x111/0xfff lookup 100", "dport 80 fwmark 0x111/0xfff lookup 100",
        "uidrange 0-1 fwmark 0x111/0xfff lookup 100", "suppress_prefixlength 0 fwmark 0x111/0xfff lookup 100",
        "fwmark 0x111/0xfff lookup 100 proto static", "fwmark 0x111/0xff lookup 100", "fwmark 0x111/0xfff unreachable"
    })
    void aForeignRuleStays(String foreign, PodNetwork network) throws IOException {
        NetworkNamespace pod = network.pod(0).namespace();
        IpScene.ip(pod, "rule add pref 1000 " + foreign);
        String before = rules(pod);
        try (Rtnetlink inside = Rtnetlink.open(pod)) {
            isNotFound(inside, MARKED);
            assertThat(rules(pod)).isEqualTo(before);

            inside.rules().add(MARKED);
            assertThat(inside.rules().list(IpFamily.V4)).contains(MARKED);
            assertThat(rules(pod).lines()).hasSize((int) before.lines().count() + 1);
            assertThatThrownBy(() -> inside.rules().add(MARKED)).asInstanceOf(InstanceOfAssertFactories.type(NetlinkException.class))
                    .matches(NetlinkException::alreadyExists);

            inside.rules().delete(MARKED);
            assertThat(rules(pod)).isEqualTo(before);
            isNotFound(inside, MARKED);
        }
    }

    @ParameterizedTest
    @CsvSource({"from 2001:db8::/32,", "to 2001:db8::/32,", ",fwmark 0x111/0xfff", ",iif eth0"})
    void neitherDoesASimplerRuleGoInsteadOfOneWithMore(String selector, String more, PodNetwork network) throws IOException {
        NetworkNamespace pod = network.pod(0).namespace();
        IpScene.ip(pod, "-6 rule add pref 1000 " + (selector == null ? more : selector) + " lookup 100");
        String before = rules(pod);
        PolicyRule plain = new PolicyRule(IpFamily.V6, 1000, 0, 0, 100);
        try (Rtnetlink inside = Rtnetlink.open(pod)) {
            isNotFound(inside, plain);
            isNotFound(inside, new PolicyRule(IpFamily.V6, 1000, 0x11, 0xff, 100));
            assertThat(rules(pod)).isEqualTo(before);
        }
    }

    @Test
    void refusesWhereTheKernelWouldDeleteAnother(PodNetwork network) throws IOException {
        NetworkNamespace pod = network.pod(0).namespace();
        IpScene.ip(pod, "rule add pref 1000 ipproto tcp fwmark 0x111/0xfff lookup 100");
        IpScene.ip(pod, "rule add pref 1000 fwmark 0x111/0xfff lookup 100"); // without the protocol by which the library tells them apart
        String before = rules(pod);
        try (Rtnetlink inside = Rtnetlink.open(pod)) {
            assertThatThrownBy(() -> inside.rules().delete(MARKED)).isInstanceOf(IOException.class)
                    .hasMessageContaining("the kernel would delete \"1000: from all and selectors [22] fwmark 0x111/0xfff lookup 100\" instead");
            assertThat(rules(pod)).isEqualTo(before);
            PolicyRule other = new PolicyRule(IpFamily.V4, 1000, 0x112, 0xfff, 100);
            inside.rules().addAll(List.of(other, new PolicyRule(IpFamily.V4, 1001, 0x111, 0xfff, 100)));
            inside.rules().deleteAll(List.of(other, new PolicyRule(IpFamily.V4, 1001, 0x111, 0xfff, 100)));
            assertThat(rules(pod)).isEqualTo(before);
        }
    }

    @Test
    void manyThatResembleEachOther(PodNetwork network) throws IOException {
        NetworkNamespace pod = network.pod(0).namespace();
        String before = rules(pod);
        RuleSelector from = RuleSelector.from(InetAddress.getByName("10.0.0.0"), 8);
        RuleSelector both = new RuleSelector(from.from(), 8, InetAddress.getByName("192.0.2.0"), 24, "lo", null, false, 0, Set.of());
        List<PolicyRule> rules = List.of(
                new PolicyRule(IpFamily.V4, 1000, 0x111, 0xfff, PolicyRule.Action.LOOKUP, 100, both),
                new PolicyRule(IpFamily.V4, 1000, 0x111, 0xfff, PolicyRule.Action.LOOKUP, 100, from), MARKED,
                new PolicyRule(IpFamily.V4, 1000, 0, 0, 100));
        try (Rtnetlink inside = Rtnetlink.open(pod)) {
            inside.rules().addAll(rules);
            assertThat(inside.rules().list(IpFamily.V4)).containsSubsequence(rules);

            for (int i = rules.size() - 1; i >= 0; i--) { // the last first, which all others hide
                inside.rules().delete(rules.get(i));
                assertThat(inside.rules().list(IpFamily.V4)).containsAll(rules.subList(0, i)).hasSize(i + 3);
            }
            assertThat(rules(pod)).isEqualTo(before);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"fwmark 0x1 lookup 100 proto static", "from 10.0.0.0/8 iif lo blackhole", "not to 10.0.0.0/8 tos 0x10 prohibit"})
    void comesBackAsItWas(String rule, PodNetwork network) throws IOException {
        NetworkNamespace pod = network.pod(0).namespace();
        IpScene.ip(pod, "rule add pref 77 " + rule);
        String before = rules(pod);
        try (Rtnetlink inside = Rtnetlink.open(pod)) {
            PolicyRule listed = inside.rules().list(IpFamily.V4).stream().filter(found -> found.priority() == 77).findFirst().orElseThrow();

            inside.rules().delete(listed);
            assertThat(rules(pod)).doesNotContain("77:\t");
            inside.rules().add(listed);

            assertThat(rules(pod)).isEqualTo(before);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"dport 80 lookup 100", "suppress_prefixlength 0 lookup 100", "goto 32766", "uidrange 0-1 lookup 100"})
    void whatIsntRepresentedIsRefused(String rule, PodNetwork network) throws IOException {
        NetworkNamespace pod = network.pod(0).namespace();
        IpScene.ip(pod, "rule add pref 77 " + rule);
        String before = rules(pod);
        try (Rtnetlink inside = Rtnetlink.open(pod)) {
            PolicyRule listed = inside.rules().list(IpFamily.V4).stream().filter(found -> found.priority() == 77).findFirst().orElseThrow();

            assertThat(listed.selector().others()).isNotEmpty();
            assertThatThrownBy(() -> inside.rules().delete(listed)).isInstanceOf(IllegalArgumentException.class);
            assertThatThrownBy(() -> inside.rules().add(listed)).isInstanceOf(IllegalArgumentException.class);
            assertThat(rules(pod)).isEqualTo(before);
        }
    }
}
