package io.inpod.netns.doctor;

import io.inpod.netns.InPodSettings;
import io.inpod.netns.IpFamily;
import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.error.SystemCallException;
import io.inpod.netns.internal.NettyVersions;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A program that prints what this process may do in a network namespace, what prevents the rest, and what to do about it: a table of every
 * {@link Capability}, and what would break in-pod redirection there, see {@link InPodSurroundings}.
 *
 * <pre>
 * java -cp ... io.inpod.netns.doctor.Doctor [NAME | /PATH | PID]
 * </pre>
 */
public final class Doctor {
    private Doctor() {}

    /**
     * Prints the table.
     *
     * @param arguments the namespace in which everything is tried: its name, its path, or the id of a process in it. Without arguments, a
     *     new namespace, or the process's own if it may not create one
     */
    public static void main(String[] arguments) {
        System.exit(run(arguments, System.out, System.err));
    }

    /**
     * Prints the table.
     *
     * @param arguments as for {@link #main}
     * @param out receives the table
     * @param err receives errors in the arguments
     * @return the exit code: 0 if namespaces can be entered ({@link Capability#ENTER}), 1 if not, 2 if there is no such namespace
     */
    static int run(String[] arguments, PrintStream out, PrintStream err) {
        if (arguments.length > 1 || arguments.length == 1 && arguments[0].startsWith("-")) {
            err.println(
                    "usage: doctor [NAME | /PATH | PID]   "
                            + "prints what this process may do in that network namespace; by default, in a new one");
            return 2;
        }
        try (NetworkNamespace namespace = arguments.length == 0 ? own() : open(arguments[0])) {
            List<Availability> results = Capability.checkAll(namespace);
            out.println("Java " + Runtime.version() + ", Linux " + System.getProperty("os.version") + " on " + System.getProperty("os.arch")
                    + "; " + namespace);
            print(results, out);
            printSettings(namespace, arguments.length > 0, out);
            return results.stream().anyMatch(result -> result.capability() == Capability.ENTER && !result.available()) ? 1 : 0;
        } catch (IOException | IllegalArgumentException e) {
            err.println(e.getMessage());
            return 2;
        }
    }

    private static void print(List<Availability> results, PrintStream out) {
        int width = results.stream().mapToInt(result -> result.capability().words().length()).max().orElse(0);
        String line = "%-" + width + "s  %-3s  %s";
        Map<String, List<String>> advice = new LinkedHashMap<>();
        for (Availability result : results) {
            out.println(
                    String.format(line, result.capability().words(), result.available() ? "yes" : "no", result.reason()).stripTrailing());
            if (!result.available()) {
                advice.computeIfAbsent(result.advice(), same -> new ArrayList<>()).add(result.capability().words());
            }
        }
        advice.forEach((what, capabilities) -> out.printf("%nTo %s:%n  %s%n", String.join(", ", capabilities), what));
        NettyVersions.mix().ifPresent(mix -> out.printf("%n%s%n", mix));
    }

    /** In a namespace that was created for the check, the loopback interface is down, which says nothing about any pod. */
    private static void printSettings(NetworkNamespace namespace, boolean given, PrintStream out) {
        try {
            List<String> findings = given ? new InPodSurroundings(true, EnumSet.allOf(IpFamily.class)).diff(namespace)
                    : InPodSettings.of(true).diff(namespace);
            findings.forEach(line -> out.printf("%nFor in-pod redirection: %s%n", line));
        } catch (IOException e) {
            out.printf("%nSettings for in-pod redirection: unknown: %s%n", e.getMessage());
        }
    }

    private static NetworkNamespace own() throws IOException {
        try {
            return NetworkNamespace.create();
        } catch (SystemCallException e) {
            return NetworkNamespace.current();
        }
    }

    private static NetworkNamespace open(String what) throws IOException {
        if (what.startsWith("/")) {
            return NetworkNamespace.open(Path.of(what));
        }
        return what.chars().allMatch(c -> c >= '0' && c <= '9') ? NetworkNamespace.ofProcess(Long.parseLong(what))
                : NetworkNamespace.named(what);
    }
}
