package io.inpod.examples.ztunnel;

import static org.assertj.core.api.Assertions.assertThat;

import io.inpod.netns.testing.Tool;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The system calls that a ztunnel's two event loops have made for some traffic. Those of other threads aren't counted: they look at the
 * machine from time to time, so they make the more calls the longer the traffic takes.
 *
 * @param byName how often it has made each, except those that say nothing of the traffic
 * @param files how many files the JVM has opened; each is read and closed, which is counted
 */
record LoopCalls(Map<String, Integer> byName, int files) {
    /** These depend on how connections and threads meet, or are the JVM's. */
    private static final Set<String> UNCOUNTED = Set.of("epoll_wait", "epoll_pwait", "epoll_pwait2", "futex", "sched_yield", "mprotect",
            "madvise", "mmap", "munmap", "gettid", "rt_sigprocmask", "rt_sigreturn", "getpid", "sched_getaffinity", "prctl",
            "restart_syscall", "setns", "sysinfo", "newfstatat", "openat", "statx", "lseek", "brk", "clock_nanosleep", "total");
    private static final int LOOPS = 2;
    private static final Pattern LINE = Pattern.compile(" *[\\d.]+ +[\\d.]+ +\\d+ +(\\d+) +(?:\\d+ +)?(\\w+)");

    /** What the ztunnel does meanwhile is counted. */
    interface Traffic {
        void pass() throws Exception;
    }

    static LoopCalls during(ZtunnelProcess ztunnel, Traffic traffic) throws Exception {
        Tool.require("strace");
        Path counted = ztunnel.home.resolve("counted");
        List<String> command = new ArrayList<>(List.of("strace", "-c", "-o", counted.toString()));
        try (DirectoryStream<Path> tasks = Files.newDirectoryStream(Path.of("/proc/" + ztunnel.pid() + "/task"))) {
            for (Path task : tasks) {
                try {
                    if (Files.readString(task.resolve("comm")).startsWith("ztunnel-")) {
                        command.addAll(List.of("-p", task.getFileName().toString()));
                    }
                } catch (IOException e) {
                    // ended meanwhile
                }
            }
        }
        Process strace = new ProcessBuilder(command).start();
        try (BufferedReader said = new BufferedReader(new InputStreamReader(strace.getErrorStream(), StandardCharsets.US_ASCII))) {
            for (int i = 0; i < LOOPS; i++) {
                assertThat(said.readLine()).contains("attached");
            }
            traffic.pass();
            new ProcessBuilder("kill", "-INT", Long.toString(strace.pid())).start().waitFor();
            assertThat(strace.waitFor(30, TimeUnit.SECONDS)).isTrue();
        } finally {
            strace.destroyForcibly();
        }
        return parse(counted);
    }

    private static LoopCalls parse(Path counted) throws IOException {
        Map<String, Integer> calls = new TreeMap<>();
        int files = 0;
        for (String line : Files.readAllLines(counted)) {
            Matcher call = LINE.matcher(line);
            if (call.matches() && call.group(2).equals("openat")) {
                files = Integer.parseInt(call.group(1));
            } else if (call.matches() && !UNCOUNTED.contains(call.group(2))) {
                calls.put(call.group(2), Integer.parseInt(call.group(1)));
            }
        }
        return new LoopCalls(calls, files);
    }

    /** Returns how many there are for each of a number of equal pieces of the traffic. */
    double each(int pieces) {
        return (byName.values().stream().mapToInt(Integer::intValue).sum() - 2 * files) / (double) pieces;
    }
}
