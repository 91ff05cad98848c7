package io.inpod.iptables.backend.pod;

import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.testing.ChildProcess;
import io.inpod.netns.testing.Tool;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;

/** A Python program in a pod that prints lines, until it is closed. */
public final class PythonProcess implements AutoCloseable {
    /** A process of a pod with user 0 and no capability. */
    private static final List<String> USER_0 = List.of("setpriv", "--bounding-set=-all", "--inh-caps=-all");

    private final ChildProcess process;

    private PythonProcess(ChildProcess process) {
        this.process = process;
    }

    static PythonProcess start(NetworkNamespace pod, String program, String... arguments) throws IOException {
        return start(List.of(), pod, program, arguments);
    }

    static PythonProcess startWithoutCapabilities(NetworkNamespace pod, String program, String... arguments) throws IOException {
        return start(USER_0, pod, program, arguments);
    }

    private static PythonProcess start(List<String> as, NetworkNamespace pod, String program, String... arguments) throws IOException {
        List<String> command = new ArrayList<>(as);
        command.addAll(List.of("python3", "-c", program));
        command.addAll(List.of(arguments));
        ProcessBuilder inside = new ProcessBuilder(Tool.inside(pod, command.toArray(String[]::new)));
        return new PythonProcess(ChildProcess.start(inside.redirectErrorStream(true)));
    }

    /** Returns its next line. A program that says nothing, or has ended, fails the test. */
    String line() throws IOException {
        return process.line("a line");
    }

    /** Sends a line. */
    void say(String line) throws IOException {
        process.say(line);
    }

    /** Ends its input. */
    void endInput() throws IOException {
        process.endInput();
    }

    /** Kills it, and waits until its sockets are closed. */
    @Override
    public void close() {
        try {
            process.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
