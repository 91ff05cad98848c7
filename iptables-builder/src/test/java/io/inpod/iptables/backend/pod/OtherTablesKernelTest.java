package io.inpod.iptables.backend.pod;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.inpod.iptables.AddressSet.Element;
import io.inpod.iptables.IpPrefix;
import io.inpod.iptables.Kernel;
import io.inpod.iptables.backend.Backend;
import io.inpod.iptables.backend.Backends;
import io.inpod.iptables.backend.Detection;
import io.inpod.iptables.backend.FakeKernel;
import io.inpod.iptables.backend.IptablesBackend;
import io.inpod.iptables.backend.tools.IptablesTools;
import io.inpod.iptables.backend.Layout;
import io.inpod.iptables.backend.NetlinkBackend;
import io.inpod.iptables.backend.RulesChange;
import io.inpod.iptables.backend.RulesDifferException;
import io.inpod.iptables.pod.HostProbe;
import io.inpod.iptables.pod.InPodRedirection;
import io.inpod.iptables.pod.InPodRedirection.Profile;
import io.inpod.iptables.pod.PodRules;
import io.inpod.netns.IpFamily;
import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.testing.PodNetwork;
import io.inpod.netns.testing.Pods;
import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Rules that an earlier installation left in tables which the current back end doesn't see. */
@Pods(1)
class OtherTablesKernelTest {
    private static final InPodRedirection V4 = InPodRedirection.of(IpFamily.V4);
    private static final InPodRedirection V6 = InPodRedirection.of(IpFamily.V6);
    private static final PodRules OLD = PodRules.of(V4, V6);
    private static final PodRules NEW = PodRules.of(V4.withProfile(Profile.TPROXY), V6.withProfile(Profile.TPROXY));

    private final List<String> reasons = new ArrayList<>();

    private PodRulesChange by(PodRules rules, Backend... backends) {
        return new PodRulesChange(rules, List.of(backends), reasons::add);
    }

    private static Backend named(String name) {
        return Backends.named(name).orElseThrow();
    }

    private static String listing(String backend, NetworkNamespace pod) throws Exception {
        String tables = backend.contains("inet") || backend.equals("nft") ? "nft list ruleset inet"
                : backend.equals("iptables-legacy") ? "iptables-legacy-save; ip6tables-legacy-save" : "iptables-nft-save; ip6tables-nft-save";
        return Kernel.run(pod, "", "sh", "-c", tables);
    }

    /** Returns the rules of iptables-legacy, without counters. */
    private static String legacy(NetworkNamespace pod) throws Exception {
        return Kernel.listing(pod, "iptables-legacy-save") + "\n" + Kernel.listing(pod, "ip6tables-legacy-save");
    }

    @ParameterizedTest
    @CsvSource({"iptables-legacy, netlink-inet", "netlink, netlink-inet", "nft, iptables-legacy", "iptables-legacy, iptables-nft"})
    void areADifferenceAndGo(String before, String now, PodNetwork network) throws Exception {
        NetworkNamespace pod = network.pod(0).namespace();
        new RulesChange(named(now), PodRules.NAMES, PodRulesChange.ruleSet(NEW, named(now))).install(pod);
        by(NEW, named(now)).verify(pod);
        new RulesChange(named(before), PodRules.NAMES, PodRulesChange.ruleSet(OLD, named(before))).install(pod);
        assertThat(by(NEW, named(now)).diff(pod)).isNotEmpty()
                .allMatch(text -> text.contains("foreign") && text.endsWith(", to be removed)") && !text.contains("tables of " + now + ","))
                .anyMatch(text -> text.contains("nat: chain "));
        assertThatThrownBy(() -> by(NEW, named(now)).verify(pod)).isInstanceOf(RulesDifferException.class).hasMessageContaining("to be removed");

        by(NEW, named(now)).install(pod);
        assertThat(listing(before, pod)).doesNotContain("15001", "ISTIO", "istio", "INPOD", "inpod");
        assertThat(listing(now, pod)).containsIgnoringCase("tproxy").contains("15001");
        assertThat(reasons).last().asString().startsWith("older rules in the tables of ");
        by(NEW, named(now)).verify(pod);
    }

    /** Rules can be removed without knowing which back end applied them. */
    @ParameterizedTest
    @CsvSource({"iptables-legacy, netlink-inet", "netlink, nft", "nft, iptables-legacy", "iptables-legacy, netlink"})
    void areRemovedToo(String before, String now, PodNetwork network) throws Exception {
        NetworkNamespace pod = network.pod(0).namespace();
        by(OLD, named(before)).install(pod);
        by(NEW, named(now)).remove(pod);
        assertThat(listing(before, pod)).doesNotContain("15001", "ISTIO", "istio", "INPOD", "inpod");
        by(NEW, named(now)).remove(pod);
    }

    /** The same holds for a node's rules, and for ipsets, which the rules of iptables-legacy and iptables-nft share. */
    @ParameterizedTest
    @CsvSource({"iptables-legacy, netlink-inet", "netlink, netlink-inet", "nft, iptables-legacy", "iptables-legacy, iptables-nft", "iptables-legacy, netlink",
        "netlink, iptables-legacy"})
    void ofANodeAreADifferenceAndGo(String before, String now, PodNetwork network) throws Exception {
        NetworkNamespace node = network.pod(0).namespace(); // stands in for a node's namespace, isolated from other tests
        List<Element> pods = List.of(new Element(IpPrefix.parse("10.1.2.3").address(), "uid-1"));
        HostProbeChange old = new HostProbeChange(HostProbe.of(IpFamily.values()), named(before));
        HostProbeChange change = new HostProbeChange(HostProbe.of(IpFamily.values()), named(now));
        change.install(node, pods);
        assertThat(change.diff(node, pods)).isEmpty();
        HostProbe preset = HostProbe.of(IpFamily.values());
        new RulesChange(named(before), HostProbe.NAMES, named(before).layout() == Layout.INET ? preset.inet(pods) : preset.shared(pods)).install(node);
        assertThat(change.diff(node, pods)).anyMatch(text -> text.endsWith(", to be removed)") || text.endsWith("(to be removed)"));

        change.install(node, pods);
        assertThat(change.diff(node, pods)).isEmpty();
        assertThat(listing(before, node)).doesNotContain("ISTIO", "istio");
        assertThat(listing(now, node)).contains(named(now).layout() == Layout.INET ? "istio-inpod-probes-v6" : "ISTIO_POSTRT");
        boolean ipset = named(now).layout() == Layout.IPTABLES;
        assertThat(Kernel.run(node, "", "ipset", "save").contains("add istio-inpod-probes-v4 10.1.2.3")).isEqualTo(ipset);

        old.remove(node);
        assertThat(listing(now, node)).doesNotContain("ISTIO", "istio");
        assertThat(Kernel.run(node, "", "ipset", "save")).doesNotContain("istio");
    }

    /** The existence of the sets doesn't prove that this back end's rules are present. */
    @Test
    void ipsetsDontDecideWhoseRulesAreThere(PodNetwork network) throws Exception {
        NetworkNamespace node = network.pod(0).namespace();
        new HostProbeChange(HostProbe.of(IpFamily.V4), named("iptables-legacy")).install(node, List.of());
        Detection detection = Detection.among(Backends.all(), node, HostProbe.NAMES);
        assertThat(detection.reason()).isEqualTo("iptables-legacy already holds rules here");
    }

    /** If two back ends have rules, the better one of them keeps its rules. */
    @Test
    void oneOfTwoIsKept(PodNetwork network) throws Exception {
        NetworkNamespace pod = network.pod(0).namespace();
        for (String backend : List.of("iptables-legacy", "netlink-inet")) {
            new RulesChange(named(backend), PodRules.NAMES, PodRulesChange.ruleSet(OLD, named(backend))).install(pod);
        }
        new PodRulesChange(OLD).install(pod);
        assertThat(listing("iptables-legacy", pod)).doesNotContain("15001");
        assertThat(listing("nft", pod)).contains("15001");
        new PodRulesChange(OLD).verify(pod);
    }

    /** The old rules stay complete while the new ones are applied, and remain if that fails. */
    @Test
    void goOnlyAfterTheNewOnesAreIn(PodNetwork network) throws Exception {
        NetworkNamespace pod = network.pod(0).namespace();
        by(OLD, named("iptables-legacy")).install(pod);
        String before = legacy(pod);
        List<String> seen = new ArrayList<>();
        boolean[] fails = {true};
        Backend watched = watched(NetlinkBackend.inet(), () -> {
            seen.add(legacy(pod));
            if (fails[0]) {
                throw new IOException("not today");
            }
        });
        assertThatThrownBy(() -> by(NEW, watched).install(pod)).hasMessageContaining("not today");
        assertThat(legacy(pod)).as("after the failure").isEqualTo(before);
        fails[0] = false;
        by(NEW, watched).install(pod);
        assertThat(seen).isNotEmpty().allMatch(before::equals);
        assertThat(listing("iptables-legacy", pod)).doesNotContain("15001");
    }

    /** Until it is known which tables the system's iptables uses, neither candidate counts as another back end's. */
    @Test
    void theSystemsIptablesIsNotTakenForAnother(PodNetwork network) throws Exception {
        NetworkNamespace pod = network.pod(0).namespace();
        Backend system = new IptablesBackend(IptablesTools.system().withVariant(IptablesTools.Variant.SYSTEM));
        by(OLD, system).install(pod);
        assertThat(Kernel.run(pod, "", "iptables-save")).contains("15001");
        by(OLD, system).verify(pod);
    }

    @Test
    void aKernelInMemoryLooksAtNoRealOne(PodNetwork network) throws Exception {
        NetworkNamespace pod = network.pod(0).namespace();
        by(OLD, named("netlink-inet")).install(pod);
        by(OLD, new FakeKernel()).install(pod);
        assertThat(listing("nft", pod)).contains("15001");
    }

    private interface Before {
        void apply() throws Exception;
    }

    /** Returns a back end that runs an action before each {@code apply}. */
    private static Backend watched(Backend backend, Before before) {
        return (Backend) Proxy.newProxyInstance(Backend.class.getClassLoader(), new Class<?>[] {Backend.class}, (proxy, method, arguments) -> {
            if (method.getName().equals("apply")) {
                before.apply();
            }
            try {
                return method.invoke(backend, arguments);
            } catch (InvocationTargetException e) {
                throw e.getCause();
            }
        });
    }
}
