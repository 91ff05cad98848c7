package io.inpod.iptables.backend;

import io.inpod.iptables.IpFamily;
import io.inpod.iptables.internal.Bytes;
import io.inpod.netns.NetworkNamespace;
import java.io.File;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.channels.ClosedChannelException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * Runs an iptables tool in a namespace. The process is started from the caller's own namespace and enters the other by nsenter(1):
 * the JDK starts a reaper thread with its first process, and that must not be born in a pod. Input and output are pipes: the tools don't
 * notice that a file couldn't take what they print, and on a full disk a listing would come back empty, as if nothing were there.
 */
final class ToolRun {
    private final IptablesTools tools;
    private final NetworkNamespace namespace;

    ToolRun(IptablesTools tools, NetworkNamespace namespace) {
        this.tools = tools;
        this.namespace = namespace;
    }

    String where() {
        return namespace.toString();
    }

    String save(IpFamily family) throws IOException {
        return run(List.of(tools.iptables(family, "save").toString()), "");
    }

    String saveWithCounters(IpFamily family) throws IOException {
        return run(List.of(tools.iptables(family, "save").toString(), "-c"), "");
    }

    /** Runs nft(8); the input is its script for {@code -f -}. */
    String nft(String input, String... arguments) throws IOException {
        List<String> command = new ArrayList<>(List.of(tools.find("nft", "nftables").toString()));
        command.addAll(List.of(arguments));
        return run(command, input);
    }

    void restore(IpFamily family, String script) throws IOException {
        String wait = Long.toString(Math.max(1, tools.timeout().toSeconds() / 2));
        run(List.of(tools.iptables(family, "restore").toString(), "--noflush", "-w", wait), script);
    }

    /** Runs a command; both texts are bytes, see {@link Bytes}. */
    String run(List<String> command, String input) throws IOException {
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
        whole.add(tools.find("nsenter", "util-linux").toString());
        whole.add("--net=/proc/" + ProcessHandle.current().pid() + "/fd/" + fd);
        whole.add("--");
        whole.addAll(command);
        ProcessBuilder builder = new ProcessBuilder(whole).directory(new File("/"));
        builder.environment().put("LC_ALL", "C");
        if (!LockFile.isShared(namespace)) {
            builder.environment().put("XTABLES_LOCKFILE", LockFile.of(namespace.identity()).toString());
        }
        Process process = builder.start();
        Pipes pipes = new Pipes(process, input.getBytes(Bytes.RAW));
        int status = await(process, command);
        String errorText = pipes.errors();
        if (status != 0) {
            throw new IptablesException(String.join(" ", command), namespace.toString(), status, errorText, input);
        }
        return pipes.output();
    }

    private int await(Process process, List<String> command) throws IOException {
        try {
            if (process.waitFor(tools.timeout().toMillis(), TimeUnit.MILLISECONDS)) {
                return process.exitValue();
            }
            throw new IOException(String.join(" ", command) + " in " + namespace + " took longer than " + tools.timeout().toSeconds() + " s and was killed");
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw (IOException) new InterruptedIOException(String.join(" ", command) + " in " + namespace + " was interrupted").initCause(e);
        } finally {
            kill(process);
        }
    }

    /** Returns when the process is gone: only then what it did to the tables is final. */
    private static void kill(Process process) {
        if (!process.isAlive()) {
            return; // to destroy it would close its pipes
        }
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
