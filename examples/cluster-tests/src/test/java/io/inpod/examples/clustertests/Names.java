package io.inpod.examples.clustertests;

import java.nio.file.Path;

/** Names of clusters, which no other test on this machine uses at the same time. */
final class Names {
    private Names() {}

    /** The tests of another source tree have other names, and the same tests always the same, so that a killed run's remains are removed. */
    static String unique(String name) {
        return name + "-" + Integer.toHexString(Path.of("").toAbsolutePath().hashCode());
    }
}
