package io.inpod.examples.nodeagent;

import static io.inpod.examples.nodeagent.Scene.failureOf;
import static io.inpod.netns.testing.Tool.pathOf;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.inpod.examples.nodeagent.enrol.FailedEnrolment;
import io.inpod.examples.nodeagent.enrol.PodRedirection;
import io.inpod.examples.nodeagent.pod.AgentException;
import io.inpod.examples.nodeagent.pod.PodState;
import io.inpod.iptables.pod.InPodRedirection.Profile;
import io.inpod.netns.NamespaceChange;
import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.testing.PodNetwork;
import io.inpod.netns.testing.Pods;
import io.inpod.netns.testing.Tool;
import io.inpod.tproxy.Redirection;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** With {@code --failed-enrolment open}: when any step of an enrolment fails, the error names the step, and nothing is left in the pod. */
@Pods
class AgentFailureTest {
    private static final NamespaceChange REAL = new PodRedirection(Profile.REDIRECT, false, true).change();

    @TempDir
    Path directory;

    private Scene scene(NamespaceChange redirection) throws IOException {
        return new Scene(directory, overrides -> redirection, FailedEnrolment.OPEN, Duration.ofSeconds(10));
    }

    @Test
    void noProxy(PodNetwork network) throws Exception {
        try (Scene scene = new Scene(directory, overrides -> REAL, FailedEnrolment.OPEN, Duration.ofMillis(50))) {
            assertThatThrownBy(() -> scene.add("u1", pathOf(network.pod(0).namespace())))
                    .hasMessageContaining("step \"find a proxy\" failed").hasMessageContaining(scene.socket.toString());
        }
        Traces.assertClean(network.pod(0).namespace());
    }

    @Test
    void routing(PodNetwork network) throws Exception {
        NetworkNamespace pod = network.pod(0).namespace();
        // another program's
        Tool.run(pod, "ip", "rule", "add", "pref", "32764", "fwmark", "7", "lookup", "main");
        assertFails(pod, REAL, "install routing and rules", "32764");
        assertThat(Tool.run(pod, "ip", "rule")).contains("32764:");
    }

    @Test
    void rules(PodNetwork network) throws Exception {
        assertFails(network.pod(0).namespace(), Redirection.of(REAL, new Breaking("install")), "install routing and rules", "broken install");
    }

    @Test
    void check(PodNetwork network) throws Exception {
        assertFails(network.pod(0).namespace(), Redirection.of(REAL, new Breaking("verify")), "check routing and rules", "broken verify");
    }

    private void assertFails(NetworkNamespace pod, NamespaceChange redirection, String step, String reason) throws Exception {
        try (Scene scene = scene(redirection); FakeProxy proxy = new FakeProxy(scene.server, scene.socket)) {
            proxy.expectSnapshot();
            assertThatThrownBy(() -> scene.add("u1", pathOf(pod)))
                    .isInstanceOf(AgentException.class).hasMessageContaining("add pod u1: step \"" + step + "\" failed").hasMessageContaining(reason);
            assertThat(scene.state("u1").kind()).isEqualTo(PodState.Kind.OPEN);
        }
        Traces.assertClean(pod);
    }

    @ParameterizedTest
    @EnumSource(Profile.class)
    void refusalByTheProxy(Profile profile, PodNetwork network) throws Exception {
        NetworkNamespace pod = network.pod(0).namespace();
        try (Scene scene = scene(new PodRedirection(profile, true, true).change()); FakeProxy proxy = new FakeProxy(scene.server, scene.socket)) {
            proxy.expectSnapshot();
            Future<Void> added = scene.adding("u1", pod);
            proxy.expectAdd(pod, "u1");
            Traces.assertRedirected(pod);
            proxy.nack();
            proxy.expectDel("u1");
            proxy.ack();
            assertThat(failureOf(added)).hasMessageContaining("step \"hand it to the proxy\" failed")
                    .hasMessageContaining("boom").hasMessageEndingWith("undone: routing and rules");
            assertThat(scene.state("u1").kind()).isEqualTo(PodState.Kind.OPEN);
        }
        Traces.assertClean(pod);
    }

    @Test
    void proxyLeaves(PodNetwork network) throws Exception {
        NetworkNamespace pod = network.pod(0).namespace();
        try (Scene scene = scene(REAL)) {
            Future<Void> added;
            try (FakeProxy proxy = new FakeProxy(scene.server, scene.socket)) {
                proxy.expectSnapshot();
                added = scene.adding("u1", pod);
                proxy.expectAdd(pod, "u1");
            }
            assertThat(failureOf(added)).hasMessageContaining("hand it to the proxy").hasMessageContaining("closed the session");
        }
        Traces.assertClean(pod);
    }

    @Test
    void undoing(PodNetwork network) throws Exception {
        NetworkNamespace pod = network.pod(0).namespace();
        try (Scene scene = scene(Redirection.of(REAL, new Breaking("remove"))); FakeProxy proxy = new FakeProxy(scene.server, scene.socket)) {
            proxy.expectSnapshot();
            Future<Void> added = scene.adding("u1", pod);
            proxy.expectAdd(pod, "u1");
            proxy.nack();
            proxy.expectDel("u1");
            proxy.ack();
            assertThat(failureOf(added)).hasMessageContaining("boom").hasMessageContaining("COULD NOT BE UNDONE: routing and rules");
        }
        Traces.assertClean(pod);
    }
}
