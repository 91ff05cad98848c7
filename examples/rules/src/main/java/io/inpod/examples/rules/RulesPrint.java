package io.inpod.examples.rules;

import io.inpod.iptables.ManagedNames;
import io.inpod.iptables.RuleSet;
import io.inpod.iptables.pod.HostProbe;
import io.inpod.iptables.pod.InPodRedirection;
import io.inpod.iptables.pod.PodRules;
import io.inpod.iptables.text.IptablesRestore;
import io.inpod.iptables.text.NftScript;
import io.inpod.netns.IpFamily;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Prints rules. */
@Command(name = "print",
        description = "Prints the rules, as input for iptables-restore --noflush or ip6tables-restore --noflush, for nft -f, or as JSON.",
        mixinStandardHelpOptions = true)
final class RulesPrint implements Callable<Integer> {
    /** The format of the output. */
    enum Format { IPTABLES, NFT, JSON }

    @Spec
    private CommandSpec command = CommandSpec.create();

    @Mixin
    private PresetOptions preset = new PresetOptions();

    @Option(names = "--family", paramLabel = "4|6", defaultValue = "4",
            description = "4 (default): the rules for IPv4; 6: the rules for IPv6, or with --format nft the rules of a pod with both, "
                    + "since its tables serve both")
    private int family = 4;

    @Option(names = "--format", paramLabel = "FORMAT", defaultValue = "iptables", description = "iptables (default), nft or json")
    private Format format = Format.IPTABLES;

    @Option(names = "--guard", paramLabel = "true|false", arity = "1", defaultValue = "false",
            description = "also print the guard and the rejection of a family that isn't redirected, which are applied together "
                    + "with the redirection; default: false")
    private boolean guard;

    @Override
    public Integer call() {
        if (family != 4 && family != 6) {
            throw new ParameterException(command.commandLine(), "--family " + family + " is not 4 or 6");
        }
        try {
            command.commandLine().getOut().print(text());
            command.commandLine().getOut().flush();
        } catch (IllegalArgumentException e) {
            throw new ParameterException(command.commandLine(), e.getMessage(), e);
        }
        return ExitCode.OK;
    }

    private String text() {
        IpFamily one = family == 4 ? IpFamily.V4 : IpFamily.V6;
        return switch (format) {
            case IPTABLES -> IptablesRestore.render(shared(one), one);
            case NFT -> NftScript.render(inet(), names().tablePrefix());
            case JSON -> RecordJson.of(shared(one));
        };
    }

    private ManagedNames names() {
        return preset.isHost() ? HostProbe.NAMES : PodRules.NAMES;
    }

    private RuleSet shared(IpFamily one) {
        if (preset.isHost()) {
            return preset.hostProbe(List.of(one)).shared(preset.pods());
        }
        PodRules rules = preset.podRules(List.of(one), guard);
        return guard ? rules.ruleSet(one) : rules.redirections().get(0).ruleSet();
    }

    private RuleSet inet() {
        List<IpFamily> families = family == 4 ? List.of(IpFamily.V4) : List.of(IpFamily.values());
        if (preset.isHost()) {
            return preset.hostProbe(families).inet(preset.pods());
        }
        PodRules rules = preset.podRules(families, guard);
        return guard ? rules.inet() : InPodRedirection.inet(rules.redirections());
    }
}
