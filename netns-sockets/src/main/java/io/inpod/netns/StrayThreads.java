package io.inpod.netns;

import io.inpod.netns.internal.Native;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/** Finds threads that the body of a {@link NetworkNamespace#call} has started, which stay in the namespace. */
final class StrayThreads {
    /**
     * The number of threads that this JVM has started. Without the module java.management, which is optional, always 0: threads aren't
     * found then.
     */
    private static final LongSupplier STARTED = ModuleLayer.boot().findModule("java.management").isPresent()
            ? Counter.read() : () -> 0;

    private static final int CLOCK_BOOTTIME = 7;
    private static final long TICK_NANOS = 10_000_000; // sysconf(_SC_CLK_TCK) is 100 on Linux
    /** The JDK's thread that waits for a process: it opens no sockets, and ends a minute after the process. */
    private static final String REAPER = "process reaper";
    private static final long NAMING_NANOS = 100_000_000;
    private static final int START_TIME = 22 - 3; // proc_pid_stat(5), counted from the field behind the name

    private StrayThreads() {}

    /** Keeps the class that needs the module apart. */
    private static final class Counter {
        private Counter() {}

        static LongSupplier read() {
            return ManagementFactory.getThreadMXBean()::getTotalStartedThreadCount;
        }
    }

    /** The number of threads started so far, to be compared with a later one. */
    static long started() {
        return STARTED.getAsLong();
    }

    /**
     * Lists threads that were started in a namespace since a moment and belong there to nobody. It is empty for a namespace in which older
     * threads live, or threads that are meant to: they may have started the new ones.
     *
     * @param beginNanos the moment, by {@link System#nanoTime}
     */
    static List<String> since(long beginNanos, NamespaceIdentity namespace) throws IOException {
        List<Path> found = in(namespace);
        if (found.isEmpty() || Visit.isHome(namespace, beginNanos - TICK_NANOS)) {
            return List.of();
        }
        long beginTick = (bootNanos() - (System.nanoTime() - beginNanos)) / TICK_NANOS;
        List<String> strays = new ArrayList<>();
        for (Path task : found) {
            String stat = read(task.resolve("stat"));
            if (stat.isEmpty()) {
                continue; // it has ended
            }
            if (Long.parseLong(stat.substring(stat.lastIndexOf(')') + 2).split(" ")[START_TIME]) < beginTick) {
                return List.of();
            }
            String name = name(task);
            if (!name.startsWith(REAPER)) {
                strays.add("\"" + name + "\" (thread id " + task.getFileName() + ")");
            }
        }
        return strays;
    }

    /**
     * Lists the threads of fork-join pools in a namespace, such as the common pool, which run everybody's tasks, or the carriers of all
     * virtual threads.
     */
    static List<String> ofPools(NamespaceIdentity namespace) throws IOException {
        return in(namespace).stream().map(task -> read(task.resolve("comm")).strip()).filter(name -> name.startsWith("ForkJoinPool"))
                .toList();
    }

    /** All threads in a namespace that aren't there for a visit. */
    private static List<Path> in(NamespaceIdentity namespace) throws IOException {
        List<Path> all = new ArrayList<>();
        try (DirectoryStream<Path> tasks = Files.newDirectoryStream(Path.of("/proc/self/task"))) {
            tasks.forEach(all::add);
        }
        return strays(strays(all, namespace), namespace); // twice, for threads whose first visit began after the first look
    }

    private static List<Path> strays(List<Path> tasks, NamespaceIdentity namespace) {
        Map<Long, Visit> visits = tasks.isEmpty() ? Map.of() : Visit.byThread();
        return tasks.stream().filter(task -> isStray(task, visits.get(Long.valueOf(task.getFileName().toString())), namespace)).toList();
    }

    /** The thread's name, of which the kernel keeps only 15 bytes. It takes its name a moment after it has started. */
    private static String name(Path task) {
        String inherited = read(Path.of("/proc/thread-self/comm"));
        long deadline = System.nanoTime() + NAMING_NANOS;
        String name = read(task.resolve("comm"));
        while (name.equals(inherited) && System.nanoTime() < deadline) {
            Thread.onSpinWait();
            name = read(task.resolve("comm"));
        }
        return name.strip();
    }

    /** Whether a thread is in the namespace without a visit. It may begin or end one at any time. */
    private static boolean isStray(Path task, @Nullable Visit visit, NamespaceIdentity namespace) {
        long before = visit == null ? 0 : visit.changes();
        if (visit != null && visit.isInside()) {
            return false;
        }
        try {
            if (!namespace.equals(NamespaceFile.identity(task.resolve("ns/net").toString()))) {
                return false;
            }
        } catch (IOException e) {
            return false; // it has ended
        }
        return visit == null || !visit.isInside() && visit.changes() == before;
    }

    /** Empty if the thread has ended. */
    private static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            return "";
        }
    }

    private static long bootNanos() throws IOException {
        ByteBuffer time = Native.buffer(16);
        Native.check(Native.LIBC.clock_gettime(CLOCK_BOOTTIME, time), "clock_gettime", "CLOCK_BOOTTIME");
        return time.getLong(0) * 1_000_000_000 + time.getLong(8);
    }
}
