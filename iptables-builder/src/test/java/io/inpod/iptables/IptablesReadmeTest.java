package io.inpod.iptables;

import static org.assertj.core.api.Assertions.assertThat;

import io.inpod.iptables.backend.Backend;
import io.inpod.iptables.backend.pod.PodRulesChange;
import io.inpod.iptables.pod.InPodRedirection;
import io.inpod.iptables.pod.PodRules;
import io.inpod.iptables.text.Differences;
import io.inpod.iptables.text.IptablesRestore;
import io.inpod.netns.IpFamily;
import io.inpod.netns.NamespaceChange;
import io.inpod.netns.NetworkNamespace;
import org.junit.jupiter.api.Test;

/** The examples of the README and of docs/iptables-builder.md. */
class IptablesReadmeTest {
    @Test
    void redirectAPod() throws Exception {
        try (NetworkNamespace pod = Kernel.namespace()) {
            // README.md, iptables-builder/README.md, docs/iptables-builder.md: begin
            PodRules rules = PodRules.of(InPodRedirection.of(IpFamily.V4), InPodRedirection.of(IpFamily.V6));
            System.out.print(IptablesRestore.render(rules.shared(), IpFamily.V4)); // what will be loaded

            NamespaceChange change = new PodRulesChange(rules); // by the best back end: netlink first
            change.install(pod); // both families and the guard, or nothing
            change.verify(pod);  // names every rule that is missing, foreign or different
            change.remove(pod);  // needs nothing but the namespace
            // README.md, iptables-builder/README.md, docs/iptables-builder.md: end
        }
    }

    @Test
    void rulesOfOnesOwn() throws Exception {
        try (NetworkNamespace pod = Kernel.namespace()) {
            // docs/iptables-builder.md: begin
            Chain mine = Chain.of("MY_OUT", Rule.of(new Target.Redirect(Ports.of(9000)), Match.protocol(Protocol.TCP)));
            Chain output = Chain.of(Hook.OUTPUT.name(), Rule.of(new Target.Jump("MY_OUT")));
            RuleSet rules = RuleSet.of(IpFamily.V4, Table.of(TableName.NAT, mine, output));
            ManagedNames names = ManagedNames.of(rules, "my-"); // by these names the rules are found again

            Backend backend = Backend.detect(pod, names).chosen().orElseThrow();
            backend.apply(pod, names, rules);
            assertThat(Differences.between(backend.read(pod, names), rules)).isEmpty();
            backend.remove(pod, names);
            // docs/iptables-builder.md: end
        }
    }
}
