package io.inpod.examples.rules;

import java.io.PrintWriter;
import picocli.CommandLine;
import picocli.CommandLine.Command;

/** Shows and applies the rules of pods and of the node. */
@Command(name = "./inpod rules", description = "The redirection rules of a pod, or with --scope host those of the node for health probes.",
        mixinStandardHelpOptions = true, versionProvider = Version.class, synopsisSubcommandLabel = "COMMAND",
        subcommands = {RulesPrint.class, RulesApply.class, RulesVerify.class, RulesDiff.class, RulesRemove.class, RulesTry.class},
        exitCodeListHeading = "%nExit codes:%n",
        exitCodeList = {"0:done, or everything is as it should be", "1:it isn't: rules differ (verify, diff) or a promise is broken (probe)",
            "2:wrong usage", "3:it couldn't be done or found out"})
public final class RulesMain {
    /** Something isn't as it should be. */
    static final int DIFFERENT = 1;
    /** It couldn't be done or found out. */
    static final int FAILED = 3;

    /** Only for the command line. */
    private RulesMain() {}

    /**
     * Runs a command and ends the process with one of the exit codes that {@code --help} lists.
     *
     * @param args the command line, {@code --help} explains it
     */
    public static void main(String[] args) {
        System.setProperty("logback.configurationFile", "io/inpod/examples/rules/logback.xml");
        System.exit(run(new PrintWriter(System.out, true), new PrintWriter(System.err, true), args));
    }

    static int run(PrintWriter out, PrintWriter err, String... args) {
        return new CommandLine(new RulesMain())
                .setCaseInsensitiveEnumValuesAllowed(true)
                .setExpandAtFiles(false) // a name may begin with @
                .setOut(out)
                .setErr(err)
                .setExecutionExceptionHandler((failure, command, parsed) -> {
                    command.getErr().println(failure.getMessage() == null ? failure : failure.getMessage());
                    for (Throwable more : failure.getSuppressed()) {
                        command.getErr().println("  also: " + more.getMessage());
                    }
                    return FAILED;
                })
                .setParameterExceptionHandler((wrong, ignored) -> {
                    CommandLine command = wrong.getCommandLine();
                    command.getErr().println(wrong.getMessage());
                    if (command.getSubcommands().isEmpty()) { // a screen full of options would hide the message
                        command.getErr().println("`" + command.getCommandSpec().qualifiedName() + " --help` explains the options");
                    } else {
                        command.usage(command.getErr());
                    }
                    return CommandLine.ExitCode.USAGE;
                })
                .execute(args);
    }
}
