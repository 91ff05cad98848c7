package io.inpod.examples.demo;

import java.io.PrintStream;

/** Prints numbered steps with their evidence, and records whether all claims held. */
final class Story {
    private final PrintStream out;
    private int steps;
    private int failures;

    Story(PrintStream out) {
        this.out = out;
    }

    void step(String title) {
        out.printf("%n%d. %s%n", ++steps, title);
    }

    void show(String evidence) {
        evidence.strip().lines().forEach(line -> out.println("     " + line));
    }

    /** Prints a claim and whether it held. */
    void claim(boolean held, String claim) {
        failures += held ? 0 : 1;
        out.println((held ? "  ok " : "  FAILED ") + claim);
    }

    boolean held() {
        return failures == 0;
    }
}
