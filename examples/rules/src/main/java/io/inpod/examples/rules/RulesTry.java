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

/** Tries the guarantees of a pod's rules. */
@Command(name = "probe",
        description = "Tries every guarantee of a pod's rules with real packets, in a twin of the pod; exit code 1 if one is broken.",
        mixinStandardHelpOptions = true)
final class RulesTry implements Callable<Integer> {
    @Mixin
    private RulesPlace place = new RulesPlace();

    @Override
    public Integer call() throws IOException {
        if (place.isHost()) {
            throw new IOException("probe is for pods only: what --scope host guarantees depends on the pods");
        }
        GuaranteeTrial trial = new GuaranteeTrial(place.podRules());
        if (place.isDryRun()) {
            trial.guarantees().forEach(place.out()::println);
            return ExitCode.OK;
        }
        try (NetworkNamespace namespace = place.open()) {
            List<TrialResult> results = trial.run(namespace);
            results.forEach(place.out()::println);
            return results.stream().allMatch(TrialResult::holds) ? ExitCode.OK : RulesMain.DIFFERENT;
        }
    }
}
