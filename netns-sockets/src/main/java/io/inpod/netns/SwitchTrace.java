package io.inpod.netns;

import java.util.function.Supplier;
import jdk.jfr.FlightRecorder;
import org.jspecify.annotations.Nullable;

/** The record of one switch, from before entering to after the return. */
interface SwitchTrace {
    /** Ends it. */
    void end(NamespaceIdentity namespace, boolean failed);

    /** Begins a record. Returns null if recording is off, which costs no more than the check. */
    static @Nullable SwitchTrace begin() {
        return Recorder.BEGIN.get();
    }

    /** Flight Recorder, where the runtime has it: the module jdk.jfr is optional. */
    final class Recorder {
        private static final Supplier<@Nullable SwitchTrace> BEGIN =
                ModuleLayer.boot().findModule("jdk.jfr").isPresent() ? FirstRecording::begin : () -> null;

        private Recorder() {}
    }

    /** Leaves alone what nobody records: a class of an event loads 130 others of Flight Recorder's, and keeps them. */
    final class FirstRecording {
        private FirstRecording() {}

        static @Nullable SwitchTrace begin() {
            return FlightRecorder.isInitialized() ? NamespaceSwitchEvent.beginIfEnabled() : null;
        }
    }
}
