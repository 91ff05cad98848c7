package io.inpod.netns.testing;

import io.inpod.netns.NetworkNamespace;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;

/**
 * Ends the processes in the pods when this JVM ends, even if it is killed. A shell knows the pods' namespaces, and reads from a pipe until
 * its other end, this JVM, is gone. Then it kills the processes in these namespaces.
 *
 * <p>A signal on the parent's death, PR_SET_PDEATHSIG, would not do: the kernel sends it when the thread ends that has started the process,
 * which a test's thread does at any time, and children don't inherit it, see PR_SET_PDEATHSIG(2const).
 */
final class ProcessEnd {
    private static final String SCRIPT = """
            trap '' INT TERM HUP
            all=' '
            while read -r change namespace; do
                case $change in
                add) all="$all$namespace " ;;
                forget)
                    case $all in
                    *" $namespace "*) all="${all%%" $namespace "*} ${all#*" $namespace "}" ;;
                    esac
                    ;;
                esac
            done
            for process in /proc/[0-9]*; do
                namespace=$(readlink "$process/ns/net") && case $all in
                *" $namespace "*) kill -9 "${process#/proc/}" ;;
                esac
            done 2>/dev/null
            """;

    /** Started by the first pods; its standard input. */
    private static final class Shell {
        static final OutputStream INPUT = open();

        private static OutputStream open() {
            try {
                return new ProcessBuilder("sh", "-c", SCRIPT).redirectOutput(ProcessBuilder.Redirect.DISCARD)
                        .redirectError(ProcessBuilder.Redirect.DISCARD).start().getOutputStream();
            } catch (IOException e) {
                throw new UncheckedIOException("can't start the shell that ends processes in pods", e);
            }
        }
    }

    private ProcessEnd() {}

    /** Starts the shell, so that its pipe isn't taken for something that a test left behind. */
    static void prepare() throws IOException {
        Shell.INPUT.flush();
    }

    /** From now on, processes in the namespace end with this JVM. */
    static void add(NetworkNamespace namespace) throws IOException {
        tell("add", namespace);
    }

    /** The namespace is about to be closed, and its number may come to stand for another. */
    static void forget(NetworkNamespace namespace) throws IOException {
        tell("forget", namespace);
    }

    private static void tell(String change, NetworkNamespace namespace) throws IOException {
        synchronized (Shell.INPUT) {
            try {
                Shell.INPUT.write((change + ' ' + namespace.identity() + '\n').getBytes(StandardCharsets.US_ASCII));
                Shell.INPUT.flush();
            } catch (IOException e) {
                throw new IOException(
                        "can't " + change + ' ' + namespace + ": the shell that ends processes in pods is gone (has it been killed?);"
                                + " run the tests in a new JVM",
                        e);
            }
        }
    }
}
