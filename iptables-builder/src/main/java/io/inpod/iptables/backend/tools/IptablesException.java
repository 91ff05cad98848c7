package io.inpod.iptables.backend.tools;

import io.inpod.iptables.internal.KernelModules;
import java.io.IOException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Thrown if a program of iptables, ipset or nft fails: says which, where, with which exit status, and what the program and the kernel
 * reported.
 */
public class IptablesException extends IOException {
    private static final long serialVersionUID = 1L;
    private static final Pattern LINE = Pattern.compile("(?:\\bline:? |/dev/stdin:)(\\d+)|: (\\d+)-\\d+:");

    /** The command without nsenter. */
    private final String command;
    /** Its exit status. */
    private final int exitStatus;
    /** Its standard error. */
    private final String errorText;

    /**
     * Creates the exception.
     *
     * @param command the command without nsenter
     * @param namespace a description of the namespace it ran in
     * @param exitStatus its exit status, or 128 plus the signal that ended it
     * @param errorText what it printed to standard error
     * @param script its standard input, empty if it had none
     */
    public IptablesException(String command, String namespace, int exitStatus, String errorText, String script) {
        super(command + " in " + namespace + " failed with exit status " + exitStatus + ": " + errorText.strip().replace('\n', ' ')
                + line(errorText, script) + advice(errorText, script));
        this.command = command;
        this.exitStatus = exitStatus;
        this.errorText = errorText;
    }

    private static String line(String errorText, String script) {
        String line = failed(errorText, script);
        return line.isEmpty() ? "" : " (line " + line + ")";
    }

    /** Returns number and text of the line that failed, if the program named it. */
    private static String failed(String errorText, String script) {
        Matcher matcher = LINE.matcher(errorText);
        String[] lines = script.split("\n");
        if (matcher.find()) {
            int number = Integer.parseInt(matcher.group(matcher.group(1) != null ? 1 : 2));
            if (number >= 1 && number <= lines.length) {
                return number + ": " + lines[number - 1];
            }
        }
        return "";
    }

    private static String advice(String errorText, String script) {
        if (errorText.contains("not permitted") || errorText.contains("Permission denied")) {
            return "; this needs CAP_SYS_ADMIN and CAP_NET_ADMIN in the user namespace that owns the network namespace"
                    + " (run as root, or everything inside `unshare -Ur`)";
        }
        if (errorText.contains("holding the xtables lock")) {
            return "; another run of iptables has held its lock all the time";
        }
        if (errorText.contains("by that name") || errorText.contains("missing kernel module") || errorText.contains("does not exist")
                || errorText.contains("No such file or directory")) {
            String options = XtOptions.of(errorText, failed(errorText, script));
            return "; a chain has gone or the kernel lacks a module for this table, match or target"
                    + (options.isEmpty() ? "" : ", which would be " + options + KernelModules.PACKAGES);
        }
        return "";
    }

    /** {@return the command without nsenter} */
    public String command() {
        return command;
    }

    /** {@return its exit status, or 128 plus the signal that ended it} */
    public int exitStatus() {
        return exitStatus;
    }

    /** {@return what it printed to standard error} */
    public String errorText() {
        return errorText;
    }
}
