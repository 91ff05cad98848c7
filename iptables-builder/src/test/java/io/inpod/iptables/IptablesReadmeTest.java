package io.inpod.iptables;

import io.inpod.iptables.backend.IptablesRules;
import io.inpod.iptables.pod.InPodRedirection;
import io.inpod.iptables.text.IptablesRestore;
import io.inpod.netns.IpFamily;
import io.inpod.netns.NamespaceChange;
import io.inpod.netns.NetworkNamespace;
import org.junit.jupiter.api.Test;

/** The snippet of the README. */
class IptablesReadmeTest {
    @Test
    void redirectAPod() throws Exception {
        try (NetworkNamespace pod = Kernel.namespace()) {
            // README: begin
            RuleSet rules = InPodRedirection.of(IpFamily.V4).withDnsCapture(true).ruleSet();
            System.out.print(IptablesRestore.render(rules)); // what will be loaded

            NamespaceChange redirection = new IptablesRules(rules);
            redirection.install(pod); // whole, or not at all
            redirection.verify(pod);  // says in words what is missing, foreign or different
            redirection.remove(pod);  // needs nothing but the namespace
            // README: end
        }
    }
}
