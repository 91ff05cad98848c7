package io.inpod.netns;

import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** The record of one switch, from before it to after the return, for whoever watches. */
interface SwitchTrace {
    /** Ends it. */
    void end(NamespaceIdentity namespace, boolean failed);

    /** Begins one; null if nobody watches, which costs no more than asking. */
    static @Nullable SwitchTrace begin() {
        return Recorder.BEGIN.get();
    }

    /** Flight Recorder, where the run time has it: the module jdk.jfr is optional. */
    final class Recorder {
        private static final Supplier<@Nullable SwitchTrace> BEGIN =
                ModuleLayer.boot().findModule("jdk.jfr").isPresent() ? NamespaceSwitchEvent::beginIfEnabled : () -> null;

        private Recorder() {}
    }
}
