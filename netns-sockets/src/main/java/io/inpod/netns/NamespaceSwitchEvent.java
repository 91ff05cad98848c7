package io.inpod.netns;

import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;
import org.jspecify.annotations.Nullable;

/** A switch as an event of Flight Recorder. Loaded only where the runtime has Flight Recorder. */
@Name("io.inpod.NamespaceSwitch")
@Label("Network Namespace Switch")
@Category("inpod")
@Description("A thread ran a piece of work inside another network namespace")
@StackTrace(false)
final class NamespaceSwitchEvent extends Event implements SwitchTrace {
    private static final NamespaceSwitchEvent QUESTION = new NamespaceSwitchEvent();

    @Label("Namespace")
    @Description("As readlink /proc/PID/ns/net prints it")
    @Nullable
    String namespace;

    @Label("Failed")
    @Description("The work, or the switch itself, ended with an exception")
    boolean failed;

    static @Nullable SwitchTrace beginIfEnabled() {
        if (!QUESTION.isEnabled()) {
            return null;
        }
        NamespaceSwitchEvent event = new NamespaceSwitchEvent();
        event.begin();
        return event;
    }

    @Override
    public void end(NamespaceIdentity identity, boolean withFailure) {
        end();
        if (shouldCommit()) {
            namespace = identity.toString();
            failed = withFailure;
            commit();
        }
    }
}
