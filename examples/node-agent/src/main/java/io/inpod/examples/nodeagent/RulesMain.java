package io.inpod.examples.nodeagent;

import io.inpod.iptables.InPodRedirection;
import io.inpod.iptables.IpFamily;
import io.inpod.iptables.text.IptablesRestore;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine;

/** Shows the rules that the agent installs. */
@Command(name = "./inpod rules", description = "The redirection rules of a pod.", mixinStandardHelpOptions = true, versionProvider = Version.class, subcommands = RulesMain.Print.class)
public final class RulesMain {
    private RulesMain() {}

    /**
     * Runs a command; ends the process with 0, or 2 for wrong usage.
     *
     * @param arguments see {@code --help}
     */
    public static void main(String[] arguments) {
        System.exit(new CommandLine(new RulesMain()).setCaseInsensitiveEnumValuesAllowed(true).execute(arguments));
    }

    @Command(name = "print", description = "Prints input for iptables-restore (ip6tables-restore for IPv6).", mixinStandardHelpOptions = true, versionProvider = Version.class)
    static final class Print implements Callable<Integer> {
        @Option(names = "--profile", defaultValue = "redirect", description = "redirect or tproxy; default: ${DEFAULT-VALUE}")
        private InPodRedirection.Profile profile = InPodRedirection.Profile.REDIRECT;

        @Option(names = "--family", defaultValue = "4", description = "4 or 6; default: ${DEFAULT-VALUE}")
        private int family = 4;

        @Override
        public Integer call() {
            if (family != 4 && family != 6) {
                System.err.println("--family must be 4 or 6, not " + family);
                return CommandLine.ExitCode.USAGE;
            }
            InPodRedirection redirection = InPodRedirection.of(family == 4 ? IpFamily.V4 : IpFamily.V6).withProfile(profile);
            System.out.print(IptablesRestore.render(redirection.ruleSet()));
            return CommandLine.ExitCode.OK;
        }
    }
}
