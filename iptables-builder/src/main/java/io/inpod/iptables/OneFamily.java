package io.inpod.iptables;

import io.inpod.netns.IpFamily;
import java.util.Optional;

/** The families as optional values that are created once: rules are asked for theirs often enough for new ones to be noticeable. */
final class OneFamily {
    private static final Optional<IpFamily> V4 = Optional.of(IpFamily.V4);
    private static final Optional<IpFamily> V6 = Optional.of(IpFamily.V6);

    private OneFamily() {}

    static Optional<IpFamily> of(IpFamily family) {
        return family == IpFamily.V4 ? V4 : V6;
    }
}
