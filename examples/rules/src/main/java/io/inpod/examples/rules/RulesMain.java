package io.inpod.examples.rules;

import java.io.PrintWriter;
import java.nio.charset.Charset;
import picocli.CommandLine;
import picocli.CommandLine.Command;

/** Prints, applies, compares, removes and tries the rules of pods and of the node. */
@Command(name = "./inpod rules", description = "The redirection rules of a pod, or with --scope host those of the node for health probes.",
        mixinStandardHelpOptions = true, versionProvider = Version.class, synopsisSubcommandLabel = "COMMAND",
        subcommands = {RulesPrint.class, RulesApply.class, RulesVerify.class, RulesDiff.class, RulesRemove.class, RulesTry.class},
        exitCodeListHeading = "%nExit codes:%n",
        exitCodeList = {"0:done, or everything is as expected",
            "1:not as expected: rules differ (verify, diff), a guarantee is broken (probe), or the pod breaks what its rules "
                    + "promise (apply)",
            "2:wrong usage", "3:the command failed"})
public final class RulesMain {
    /** Something isn't as expected. */
    static final int DIFFERENT = 1;
    /** The command failed. */
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
        System.exit(run(new PrintWriter(System.out, true, Charset.defaultCharset()),
                new PrintWriter(System.err, true, Charset.defaultCharset()), args));
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
