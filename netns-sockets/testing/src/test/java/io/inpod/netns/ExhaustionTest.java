package io.inpod.netns;

import static org.assertj.core.api.Assertions.assertThat;

import io.inpod.netlink.Rtnetlink;
import io.inpod.netns.doctor.Capability;
import io.inpod.netns.error.SystemCallException;
import io.inpod.netns.internal.Constants;
import io.inpod.netns.internal.Native;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Runs each operation with 0, 1, 2, ... free descriptors until there are enough, so that each of its steps fails once. */
class ExhaustionTest {
    @Test
    void everyOperationFailsWithoutLosingAnything() throws Exception {
        String output = ChildJvm.run(ChildJvm.command(Program.class).withOptions("-XX:-UseContainerSupport") // which opens files at any time
                .through("prlimit", "--nofile=150:150"));

        assertThat(output.lines().toList()).allMatch(line -> line.matches("[a-z ]+ needs [1-9]")).hasSize(Program.operations().size());
    }

    /** Runs in a separate process, with a low limit. */
    static final class Program {
        private Program() {}

        @FunctionalInterface
        interface Operation {
            AutoCloseable run(NetworkNamespace namespace) throws Exception;
        }

        static Map<String, Operation> operations() {
            Map<String, Operation> operations = new LinkedHashMap<>();
            operations.put("open", namespace -> NetworkNamespace.open(Path.of("/proc/thread-self/ns/net")));
            operations.put("initial", namespace -> NetworkNamespace.initial());
            operations.put("process", namespace -> NetworkNamespace.ofProcess(ProcessHandle.current().pid()));
            operations.put("current", namespace -> NetworkNamespace.current());
            operations.put("create", namespace -> NetworkNamespace.create());
            operations.put("create named", namespace -> {
                NetworkNamespace created = NetworkNamespace.create("exhausted");
                return () -> {
                    created.close();
                    NetworkNamespace.delete("exhausted");
                };
            });
            operations.put("duplicate", NetworkNamespace::duplicate);
            operations.put("owning user namespace", namespace -> {
                namespace.owningUserNamespace();
                return () -> {};
            });
            operations.put("id", namespace -> {
                try (Rtnetlink network = Rtnetlink.open(namespace)) {
                    network.namespaceId(namespace);
                }
                return () -> {};
            });
            operations.put("call", namespace -> OwnedFd.adopt(Native.check(
                    namespace.<Integer, IOException>call(() -> Native.LIBC.socket(Constants.AF_UNIX, Constants.SOCK_SEQPACKET, 0)), "socket", namespace)));
            operations.put("executor", namespace -> {
                try (NamespaceExecutor executor = NamespaceExecutor.create(1, Thread::new)) {
                    executor.call(namespace, () -> "").toCompletableFuture().join();
                }
                return () -> {};
            });
            operations.put("rtnetlink", Rtnetlink::open);
            return operations;
        }

        public static void main(String[] args) throws Exception {
            try (NetworkNamespace namespace = NetworkNamespace.create()) {
                Capability.checkAll(namespace);
                for (Map.Entry<String, Operation> operation : operations().entrySet()) {
                    operation.getValue().run(namespace).close(); // loads its classes
                    System.out.println(operation.getKey() + " needs " + needs(operation.getValue(), namespace));
                }
            }
        }

        private static String needs(Operation operation, NetworkNamespace namespace) throws Exception {
            for (int free = 0; free < 20; free++) {
                String home = whereAmI();
                List<String> before = open(home);
                Deque<OwnedFd> fill = fill();
                for (int i = 0; i < free; i++) {
                    fill.pop().close();
                }
                Throwable failure = null;
                try {
                    operation.run(namespace).close();
                } catch (Exception e) {
                    failure = e;
                }
                fill.forEach(OwnedFd::close);
                if (!open(home).equals(before) || !whereAmI().equals(home) || names() != 0) {
                    return "WRONG: left " + before + " -> " + open(home) + ", " + names() + " names, in " + whereAmI();
                }
                if (failure == null) {
                    return String.valueOf(free);
                }
                if (!failure.toString().contains("Too many open files")) {
                    return "WRONG: " + failure;
                }
            }
            return "WRONG: more than 20";
        }

        private static Deque<OwnedFd> fill() throws IOException {
            Deque<OwnedFd> fill = new ArrayDeque<>();
            for (; ; ) {
                try {
                    fill.push(Descriptors.open("/dev/null"));
                } catch (SystemCallException e) {
                    if (!e.symbol().equals("EMFILE") || !e.getMessage().contains("ulimit -n")) {
                        throw e;
                    }
                    return fill;
                }
            }
        }

        /** The open descriptors, without those of threads' own namespaces, which are closed some time after the thread has ended. */
        private static List<String> open(String home) throws IOException {
            List<String> targets = new ArrayList<>(Descriptors.all().values());
            targets.removeIf(home::equals);
            return targets;
        }

        private static String whereAmI() throws IOException {
            return Files.readSymbolicLink(Path.of("/proc/thread-self/ns/net")).toString();
        }

        private static long names() throws IOException {
            try (Stream<Path> names = Files.list(Path.of("/run/netns"))) {
                return names.count();
            }
        }
    }
}
