package io.inpod.examples.ztunnel.route;

import io.inpod.examples.ztunnel.mesh.Mesh;
import io.inpod.examples.ztunnel.mesh.Trace;
import io.inpod.examples.ztunnel.mesh.Workload;
import io.inpod.hbone.Authority;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** All that one decision depends on. */
record Question(Mesh mesh, Workload source, Target target, Choice choice, Trace trace) {
    Question withTarget(Target other) {
        return new Question(mesh, source, other, choice, trace);
    }

    /** The same question, where a workload can't be chosen. */
    Question without(Workload workload) {
        return new Question(mesh, source, target, choice.without(Set.of(workload.uid())), trace);
    }

    /** Whether a workload is in the client's network. */
    boolean isNear(Workload workload) {
        return workload.network().equals(source.network());
    }

    /** What the client asked for, in the form in which a peer is asked for it. */
    Authority authority() {
        return target instanceof Target.Address to ? Authority.of(new InetSocketAddress(to.address(), to.port()))
                : new Authority(((Target.Name) target).hostname(), target.port());
    }

    /** An address of the family that the client should get, if it matters: that of the target, or else that of the client. */
    @Nullable
    InetAddress example() {
        if (target instanceof Target.Address to) {
            return to.address();
        }
        List<InetAddress> own = source.addresses();
        return own.isEmpty() ? null : own.get(0);
    }
}
