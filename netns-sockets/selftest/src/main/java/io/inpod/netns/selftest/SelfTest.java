package io.inpod.netns.selftest;

import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.doctor.Availability;
import io.inpod.netns.doctor.Capability;
import io.inpod.netns.selftest.Result.Outcome;
import io.inpod.netns.testing.LeakCheck;
import io.inpod.netns.testing.PodNetwork;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The checks in order. Checks that depend on one that failed aren't tried. */
final class SelfTest {
    private static final List<Capability> NEEDED = List.of(
            Capability.ENTER, Capability.CREATE, Capability.NET_ADMIN, Capability.MARK, Capability.TRANSPARENT_V4);

    /** Tries something. */
    @FunctionalInterface
    private interface Check {
        /** Returns the observation. Throws an exception with the reason if it doesn't work. */
        String run() throws Exception;
    }

    private final List<Result> results = new ArrayList<>();
    private @Nullable LeakCheck leaks;

    List<Result> run() {
        if (tried("native library", this::load)) {
            capabilities();
            if (failed()) {
                skip("two namespaces, linked by rtnetlink", "enter and leave", "TCP, JDK channels", "TCP, Netty channels",
                        "mark", "transparent", "pass a descriptor", "netlink dump");
            } else {
                network();
            }
            tried("nothing left behind", this::leaks);
        }
        return List.copyOf(results);
    }

    /** Opens everything that stays open until the process ends, before anything is counted. */
    private String load() throws IOException {
        try (NetworkNamespace own = NetworkNamespace.current()) {
            own.run(() -> {});
        } catch (IOException e) {
            // The library is loaded; the next checks report that namespaces can't be entered.
        }
        Traffic.prepare();
        leaks = LeakCheck.begin();
        return "loaded";
    }

    private void capabilities() {
        try (NetworkNamespace namespace = newOrOwn()) {
            for (Capability capability : NEEDED) {
                Availability found = capability.check(namespace);
                results.add(new Result(capability.words(), found.available() ? Outcome.OK : Outcome.FAILED,
                        found.available() ? "" : found.reason() + "; " + found.advice()));
            }
        } catch (IOException e) {
            results.add(new Result("open a namespace", Outcome.FAILED, reason(e)));
        }
    }

    private static NetworkNamespace newOrOwn() throws IOException {
        try {
            return NetworkNamespace.create();
        } catch (IOException e) {
            return NetworkNamespace.current();
        }
    }

    private void network() {
        List<PodNetwork> created = new ArrayList<>();
        boolean there = tried("two namespaces, linked by rtnetlink", () -> {
            PodNetwork network = PodNetwork.create(2);
            created.add(network);
            return network.pod(0).namespace().identity() + " and " + network.pod(1).namespace().identity();
        });
        if (!there) {
            skip("enter and leave", "TCP, JDK channels", "TCP, Netty channels", "mark", "transparent", "pass a descriptor", "netlink dump");
            return;
        }
        try (PodNetwork network = created.get(0)) {
            tried("enter and leave", () -> Features.enterAndLeave(network.pod(0)));
            tried("TCP, JDK channels", () -> Traffic.jdk(network.pod(0), network.pod(1)));
            tried("TCP, Netty channels", () -> Traffic.netty(network.pod(0), network.pod(1)));
            tried("mark", () -> Features.mark(network.pod(0)));
            tried("transparent", () -> Features.transparent(network.pod(0)));
            tried("pass a descriptor", () -> Features.pass(network.pod(0)));
            tried("netlink dump", () -> Features.dump(network.pod(0)));
        }
    }

    private String leaks() throws IOException, InterruptedException {
        if (leaks == null) {
            throw new IllegalStateException("nothing to compare with");
        }
        leaks.verify();
        return "no descriptor, thread, process or mount";
    }

    /** Any failure, including errors, becomes a line of the table: a missing native library is a LinkageError. */
    private boolean tried(String name, Check check) {
        try {
            results.add(new Result(name, Outcome.OK, check.run()));
            return true;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            results.add(new Result(name, Outcome.FAILED, "interrupted"));
        } catch (Exception | AssertionError | LinkageError e) {
            results.add(new Result(name, Outcome.FAILED, reason(e)));
        }
        return false;
    }

    private void skip(String... names) {
        for (String name : names) {
            results.add(new Result(name, Outcome.NOT_TRIED, ""));
        }
    }

    private boolean failed() {
        return results.stream().anyMatch(result -> result.outcome() == Outcome.FAILED);
    }

    private static String reason(Throwable e) {
        return e.getMessage() == null ? e.toString() : e.getMessage();
    }
}
