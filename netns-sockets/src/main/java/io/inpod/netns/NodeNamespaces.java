package io.inpod.netns;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/** The network namespaces in which the node itself lives: a pod's rules or redirection there would cut off the node. */
public final class NodeNamespaces {
    private static final String OWN = "/proc/self/ns/net";
    private static final String OF_PROCESS_1 = "/proc/1/ns/net";
    private static final String OWN_DEVICES = "/proc/thread-self/net/dev";
    private static final String FIRST_DEVICES = "/proc/1/net/dev";

    /** Numbers of linux/nsfs.h: the machine's first namespaces. Before Linux 6.18 that of the network isn't fixed. */
    private static final String FIRST_NETWORK = "net:[4026531833]";

    private static final String FIRST_PROCESSES = "pid:[4026531836]";

    /** A setting of the whole machine, which only its first network namespace shows, and one that each shows. */
    private static final Path OF_THE_MACHINE = Path.of("/proc/sys/net/core/netdev_max_backlog");

    private static final Path OF_EACH = Path.of("/proc/sys/net/core/somaxconn");

    private NodeNamespaces() {}

    /**
     * Refuses the namespace that this process was started in and that of process 1, and also one that can't be compared with them. The
     * namespace that the calling thread is in doesn't matter: a thread may be inside a pod's namespace, which must be allowed.
     *
     * @param candidate a namespace that should be a pod's
     * @throws IOException saying whose namespace it is, or why that can't be found out and what to do
     */
    public static void refuse(NetworkNamespace candidate) throws IOException {
        if (isOwn(candidate)) {
            throw refusal(candidate, "this process's own");
        }
        if (isOfProcess1(candidate)) {
            throw refusal(candidate, "that of process 1");
        }
    }

    /**
     * As {@link #refuse}, but permits the namespace that this process was started in, for a process that is itself a part of a pod, such as
     * an init container. Refuses it if it is the node's: the first network namespace of the machine, or that of the machine's process 1. A
     * node that is itself a container can't be told from a pod.
     *
     * @param candidate a namespace that should be a pod's
     * @throws IOException saying whose namespace it is, or why that can't be found out and what to do
     */
    public static void refuseUnlessOwn(NetworkNamespace candidate) throws IOException {
        if (!isOwn(candidate)) {
            refuse(candidate);
        } else if (isFirst(candidate)) {
            throw refusal(candidate, "the machine's first");
        } else if (link("/proc/self/ns/pid").equals(FIRST_PROCESSES) && isOfProcess1(candidate)) {
            throw refusal(candidate, "that of the machine's process 1");
        }
    }

    private static IOException refusal(NetworkNamespace candidate, String whose) {
        return new IOException(candidate + " is " + whose + ": redirection there would cut off the node");
    }

    private static boolean isOwn(NetworkNamespace candidate) throws IOException {
        return NamespaceFile.identity(OWN).equals(candidate.identity());
    }

    private static boolean isFirst(NetworkNamespace candidate) throws IOException {
        if (candidate.identity().toString().equals(FIRST_NETWORK)) {
            return true;
        }
        boolean[] shown = candidate.<boolean[], IOException>call(() -> new boolean[] {Files.exists(OF_EACH), Files.exists(OF_THE_MACHINE)});
        if (!shown[0]) {
            throw new NoSuchFileException(OF_EACH.toString(), null,
                    "it is needed to find out whether " + candidate + " is the machine's first: mount /proc with its sys");
        }
        return shown[1];
    }

    private static boolean isOfProcess1(NetworkNamespace candidate) throws IOException {
        try {
            return NamespaceFile.identity(OF_PROCESS_1).equals(candidate.identity());
        } catch (IOException e) {
            return hasTheFilesOfProcess1(candidate, e);
        }
    }

    /**
     * Who may not inspect process 1 may still look into its {@code /proc/1/net}, see proc_pid_net(5). Each network namespace has files of
     * its own there, whose inode numbers no other has meanwhile.
     */
    private static boolean hasTheFilesOfProcess1(NetworkNamespace candidate, IOException because) throws IOException {
        try {
            NamespaceIdentity first = NamespaceFile.identity(FIRST_DEVICES);
            return first.equals(candidate.<NamespaceIdentity, IOException>call(() -> NamespaceFile.identity(OWN_DEVICES)));
        } catch (IOException e) {
            IOException unknown = new IOException(
                    "can't find out whether " + candidate + " is that of process 1: " + because.getMessage() + "; "
                            + e.getMessage()
                            + ". Mount the /proc of a PID namespace with a visible process 1 (without hidepid), or add CAP_SYS_PTRACE",
                    because);
            unknown.addSuppressed(e);
            throw unknown;
        }
    }

    private static String link(String path) throws IOException {
        return Files.readSymbolicLink(Path.of(path)).toString();
    }
}
