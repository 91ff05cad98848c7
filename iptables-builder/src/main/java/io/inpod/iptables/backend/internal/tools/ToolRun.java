package io.inpod.iptables.backend.internal.tools;

import io.inpod.iptables.backend.tools.IptablesException;
import io.inpod.iptables.backend.tools.IptablesTools;
import io.inpod.iptables.internal.Bytes;
import io.inpod.netns.IpFamily;
import io.inpod.netns.NetworkNamespace;
import java.io.File;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.channels.ClosedChannelException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * Runs programs in a namespace. The process starts in the caller's own namespace and enters the other by nsenter(1), if it is another: the
 * JDK starts a reaper thread with its first process, and that thread must not start in a pod. Output is read through pipes: the programs
 * don't notice failed writes to a file, and on a full disk a listing would be empty, as if there were no rules. Input is a file of any
 * length.
 */
public final class ToolRun {
    /** How often the output of a running process is taken from the pipes, which hold 64 KiB each. */
    private static final long PIPES_MILLIS = 1;

    private final IptablesTools tools;
    private final NetworkNamespace namespace;

    public ToolRun(IptablesTools tools, NetworkNamespace namespace) {
        this.tools = tools;
        this.namespace = namespace;
    }

    public String where() {
        return namespace.toString();
    }

    public String save(IpFamily family) throws IOException {
        return run(List.of(Programs.iptables(tools, family, "save").toString()), "");
    }

    public String saveWithCounters(IpFamily family) throws IOException {
        return run(List.of(Programs.iptables(tools, family, "save").toString(), "-c"), "");
    }

    /** Runs nft(8). The input is its script for {@code -f -}. */
    public String nft(String input, String... arguments) throws IOException {
        List<String> command = new ArrayList<>(List.of(Programs.find(tools, "nft", "nftables").toString()));
        command.addAll(List.of(arguments));
        return run(command, input);
    }

    public void restore(IpFamily family, String script) throws IOException {
        String wait = Long.toString(Math.max(1, tools.timeout().toSeconds() / 2));
        run(List.of(Programs.iptables(tools, family, "restore").toString(), "--noflush", "-w", wait), script);
    }

    /** Runs a command. Both texts are bytes, see {@link Bytes}. */
    public String run(List<String> command, String input) throws IOException {
        int fd;
        try {
            fd = namespace.fd().acquire();
        } catch (ClosedChannelException e) {
            throw new IOException(String.join(" ", command) + ": " + namespace + " has been closed", e);
        }
        try {
            return run(command, input, fd);
        } finally {
            namespace.fd().release();
        }
    }

    private String run(List<String> command, String input, int fd) throws IOException {
        List<String> whole = new ArrayList<>();
        if (!isHere()) { // to enter a namespace takes a privilege, to be in it doesn't
            whole.add(Programs.find(tools, "nsenter", "util-linux").toString());
            whole.add("--net=/proc/" + ProcessHandle.current().pid() + "/fd/" + fd);
            whole.add("--");
        }
        whole.addAll(command);
        ProcessBuilder builder = new ProcessBuilder(whole).directory(new File("/"));
        builder.environment().put("LC_ALL", "C");
        if (!LockFile.isShared(namespace)) {
            builder.environment().put("XTABLES_LOCKFILE", LockFile.of(namespace.identity()).toString());
        }
        Process process = start(builder, input);
        Printed output = new Printed(process.getInputStream());
        Printed errors = new Printed(process.getErrorStream());
        int status = await(process, command, output, errors);
        if (status != 0) {
            throw new IptablesException(String.join(" ", command), namespace.toString(), status, errors.text(), input);
        }
        return output.text();
    }

    private boolean isHere() throws IOException {
        try (NetworkNamespace current = NetworkNamespace.current()) {
            return current.equals(namespace);
        }
    }

    private static Process start(ProcessBuilder builder, String input) throws IOException {
        if (input.isEmpty()) {
            return builder.redirectInput(new File("/dev/null")).start();
        }
        Path file = Files.createTempFile("inpod-iptables", "");
        try {
            return builder.redirectInput(Files.writeString(file, input, Bytes.RAW).toFile()).start();
        } finally {
            Files.delete(file); // the process has it open
        }
    }

    private int await(Process process, List<String> command, Printed output, Printed errors) throws IOException {
        long end = System.nanoTime() + tools.timeout().toNanos();
        try {
            for (boolean ended = false; !ended;) {
                ended = process.waitFor(PIPES_MILLIS, TimeUnit.MILLISECONDS);
                output.take();
                errors.take();
                if (!ended && System.nanoTime() - end > 0) {
                    throw new IOException(String.join(" ", command) + " in " + namespace + " took longer than "
                            + tools.timeout().toSeconds() + " s and was killed");
                }
            }
            return process.exitValue();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw (IOException) new InterruptedIOException(String.join(" ", command) + " in " + namespace + " was interrupted")
                    .initCause(e);
        } finally {
            kill(process);
        }
    }

    /** Returns after the process has ended: only then its changes to the tables are final. */
    private static void kill(Process process) {
        process.destroyForcibly();
        boolean interrupted = Thread.interrupted();
        while (process.isAlive()) {
            try {
                process.waitFor();
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
