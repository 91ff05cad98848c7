package io.inpod.iptables;

import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.testing.ChildProcess;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Assumptions;

/** The real kernel as its own tools show it: an oracle that shares no code with the library. */
public final class Kernel {
    private Kernel() {
    }

    /** Creates a namespace. Without the privilege the test is skipped, or fails in CI. */
    public static NetworkNamespace namespace() throws IOException {
        try {
            return NetworkNamespace.create();
        } catch (IOException e) {
            if ("true".equals(System.getenv("CI"))) {
                throw e;
            }
            return Assumptions.abort("can't create network namespaces here: " + e.getMessage());
        }
    }

    public static String run(NetworkNamespace namespace, String input, String... command) throws Exception {
        List<String> whole = new ArrayList<>();
        int fd = namespace.fd().acquire();
        Path in = Files.createTempFile("kernel", "in");
        try {
            Files.writeString(in, input);
            whole.addAll(List.of("nsenter", "--net=/proc/" + ProcessHandle.current().pid() + "/fd/" + fd, "--"));
            whole.addAll(List.of(command));
            ProcessBuilder builder = new ProcessBuilder(whole).redirectInput(in.toFile()).redirectErrorStream(true);
            try (ChildProcess process = ChildProcess.start(builder)) {
                if (process.awaitExit() != 0) {
                    throw new AssertionError(String.join(" ", whole) + ": " + process.output());
                }
                return process.output();
            }
        } finally {
            Files.delete(in);
            namespace.fd().release();
        }
    }

    /** Returns the rules of each chain, by "table chain", in order, without empty built-in chains. */
    public static Map<String, List<String>> listing(NetworkNamespace namespace, String save) throws Exception {
        return listing(run(namespace, "", save));
    }

    public static Map<String, List<String>> listing(String saved) {
        Map<String, List<String>> rules = new TreeMap<>();
        String table = "";
        for (String line : saved.split("\n")) {
            if (line.startsWith("*")) {
                table = line.substring(1);
            } else if (line.startsWith(":") && line.contains(" - [")) {
                rules.put(table + " " + line.substring(1, line.indexOf(' ')), new ArrayList<>());
            } else if (line.startsWith("-A ")) {
                String chain = line.split(" ")[1];
                rules.computeIfAbsent(table + " " + chain, key -> new ArrayList<>()).add(line.substring(4 + chain.length()));
            }
        }
        return rules;
    }

    /** Returns whether nf_tables of this kernel has queues for programs (nft_queue), as nft finds it. */
    public static boolean hasQueues() {
        return Queues.THERE;
    }

    private static final class Queues {
        static final boolean THERE = probe();

        private static boolean probe() {
            try (NetworkNamespace namespace = namespace()) {
                String tried = run(namespace, "", "sh", "-c", "nft 'add table inet t; add chain inet t c; add rule inet t c queue num 0' && echo added || true");
                if (!tried.contains("added")) {
                    System.out.println("skipped in native expressions: Nfqueue, because this kernel lacks nft_queue"); // by name
                }
                return tried.contains("added");
            } catch (Exception e) {
                throw new IllegalStateException(e);
            }
        }
    }

    /** Returns whether this is the initial user namespace, in which every user and group is mapped and socket buffers have no limit. */
    public static boolean isFirstUserNamespace() throws IOException {
        return Files.readString(Path.of("/proc/self/uid_map")).matches("\\s*0\\s+0\\s+4294967295\\s*");
    }
}
