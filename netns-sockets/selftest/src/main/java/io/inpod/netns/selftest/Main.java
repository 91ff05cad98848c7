package io.inpod.netns.selftest;

import io.inpod.netns.selftest.Result.Outcome;
import java.io.PrintStream;
import java.util.List;
import java.util.logging.Level;
import java.util.logging.Logger;

/**
 * Tests on this machine whether the library works, in namespaces that vanish with the program, and prints a table.
 *
 * <pre>
 * java -jar netns-sockets-selftest-VERSION-selftest.jar
 * </pre>
 */
public final class Main {
    private static final String LINE = "%-36s  %-9s  %s";

    /** Netty warns about a namespace without links, which isn't an error here. */
    private static final Logger NETTY = Logger.getLogger("io.netty");

    private Main() {}

    /**
     * Runs all checks. The exit code is 0 if all succeed, 1 if one fails, 2 if there are arguments.
     *
     * @param arguments none
     */
    public static void main(String[] arguments) {
        if (arguments.length > 0) {
            System.err.println("usage: selftest   without arguments");
            System.exit(2);
        }
        NETTY.setLevel(Level.SEVERE);
        System.exit(report(new SelfTest().run(), System.out, System.err));
    }

    private static int report(List<Result> results, PrintStream out, PrintStream err) {
        out.println("Java " + Runtime.version() + ", Linux " + System.getProperty("os.version") + " on " + System.getProperty("os.arch"));
        out.println(String.format(LINE, "check", "result", "detail"));
        results.forEach(result -> out.println(String.format(LINE, result.check(), result.outcome(), result.detail()).stripTrailing()));
        out.flush();
        List<Result> failed = results.stream().filter(result -> result.outcome() == Outcome.FAILED).toList();
        failed.forEach(result -> err.println("selftest: " + result.check() + ": " + result.detail()));
        return failed.isEmpty() ? 0 : 1;
    }
}
