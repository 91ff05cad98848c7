package io.inpod.examples.nodeagent;

import io.inpod.examples.nodeagent.install.InstallCommand;
import io.inpod.examples.nodeagent.install.UninstallCommand;
import io.inpod.examples.rules.Version;
import java.io.PrintWriter;
import java.nio.charset.Charset;
import picocli.CommandLine;
import picocli.CommandLine.Command;

/** The program: an agent, and the commands that talk to one. */
@Command(name = "./inpod agent", description = "Enrols pods in the mesh.", mixinStandardHelpOptions = true, versionProvider = Version.class,
        synopsisSubcommandLabel = "COMMAND",
        subcommands = {AgentCommand.class, AddCommand.class, DeleteCommand.class, ListCommand.class, VerifyCommand.class,
            InstallCommand.class,
            UninstallCommand.class})
public final class Main {
    /** Only for the command line. */
    private Main() {}

    /**
     * Runs a command; the process's exit code is 0 for success, 1 for a failure, 2 for wrong usage.
     *
     * @param args the command line, {@code --help} explains it
     */
    public static void main(String[] args) {
        AgentLog.use();
        System.exit(run(new PrintWriter(System.out, true, Charset.defaultCharset()),
                new PrintWriter(System.err, true, Charset.defaultCharset()), args));
    }

    static int run(PrintWriter out, PrintWriter err, String... args) {
        return new CommandLine(new Main())
                .setCaseInsensitiveEnumValuesAllowed(true)
                .setExpandAtFiles(false) // a pod's name or annotation is never a file's name
                .setOut(out)
                .setErr(err)
                .setExecutionExceptionHandler((failure, command, parsed) -> {
                    command.getErr().println(failure.getMessage() == null ? failure : failure.getMessage());
                    return CommandLine.ExitCode.SOFTWARE;
                })
                .execute(args);
    }
}
