package io.inpod.iptables.backend;

import io.inpod.iptables.IpFamily;
import io.inpod.iptables.internal.Bytes;
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
 * Runs an iptables tool in a namespace. The process is started from the caller's own namespace and enters the other by nsenter(1):
 * the JDK starts a reaper thread with its first process, and that must not be born in a pod. Input and output are files, so that
 * nothing has to be pumped.
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
            Path directory = Files.createTempDirectory("inpod-iptables");
            try {
                return run(command, input, fd, directory);
            } finally {
                for (String name : List.of("in", "out", "err")) {
                    Files.deleteIfExists(directory.resolve(name));
                }
                Files.delete(directory);
            }
        } finally {
            namespace.fd().release();
        }
    }

    private String run(List<String> command, String input, int fd, Path directory) throws IOException {
        List<String> whole = new ArrayList<>();
        whole.add(tools.find("nsenter", "util-linux").toString());
        whole.add("--net=/proc/" + ProcessHandle.current().pid() + "/fd/" + fd);
        whole.add("--");
        whole.addAll(command);
        File in = Files.writeString(directory.resolve("in"), input, Bytes.RAW).toFile();
        Path out = directory.resolve("out");
        Path err = directory.resolve("err");
        ProcessBuilder builder = new ProcessBuilder(whole).directory(new File("/")).redirectInput(in).redirectOutput(out.toFile()).redirectError(err.toFile());
        builder.environment().put("LC_ALL", "C");
        if (!LockFile.isShared(namespace)) {
            builder.environment().put("XTABLES_LOCKFILE", LockFile.of(namespace.identity()).toString());
        }
        int status = await(builder.start(), command);
        String errorText = Files.readString(err, Bytes.RAW);
        if (status != 0) {
            throw new IptablesException(String.join(" ", command), namespace.toString(), status, errorText, input);
        }
        return Files.readString(out, Bytes.RAW);
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
