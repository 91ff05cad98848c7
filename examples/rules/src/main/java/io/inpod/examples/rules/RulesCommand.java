package io.inpod.examples.rules;

import io.inpod.netns.NetworkNamespace;
import java.io.IOException;
import java.util.concurrent.Callable;
import picocli.CommandLine.Mixin;

/** A command on the rules in one namespace, which is open while the command runs. */
abstract class RulesCommand implements Callable<Integer> {
    @Mixin
    private RulesPlace place = new RulesPlace();

    @Override
    public final Integer call() throws IOException {
        try (NetworkNamespace namespace = place.open()) {
            return run(place, namespace);
        }
    }

    /** Runs the command and returns the exit code. */
    abstract int run(RulesPlace in, NetworkNamespace namespace) throws IOException;
}
