package io.inpod.examples.rules;

import io.inpod.iptables.backend.guarantee.GuaranteeTrial;
import io.inpod.iptables.backend.guarantee.TrialResult;
import io.inpod.netns.NetworkNamespace;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Mixin;

/** Tries what the rules promise. */
@Command(name = "probe", description = "Puts every promise of a pod's rules to the test with real packets, in a twin of the pod; exit code 1 if one is broken.", mixinStandardHelpOptions = true)
final class RulesTry implements Callable<Integer> {
    @Mixin
    private RulesPlace place = new RulesPlace();

    @Override
    public Integer call() throws IOException {
        if (place.isHost()) {
            throw new IOException("probe is for pods only: what --scope host promises depends on the pods");
        }
        GuaranteeTrial probe = new GuaranteeTrial(place.podRules());
        if (place.isDryRun()) {
            probe.guarantees().forEach(place.out()::println);
            return ExitCode.OK;
        }
        try (NetworkNamespace namespace = place.open()) {
            List<TrialResult> findings = probe.run(namespace);
            findings.forEach(place.out()::println);
            return findings.stream().allMatch(TrialResult::holds) ? ExitCode.OK : RulesMain.DIFFERENT;
        }
    }
}
