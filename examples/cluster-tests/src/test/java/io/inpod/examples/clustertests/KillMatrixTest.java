package io.inpod.examples.clustertests;

import static org.assertj.core.api.Assertions.assertThat;

import io.inpod.examples.cluster.Program;
import io.inpod.examples.cluster.RuntimePod;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * Kills each process at each step of a pod's enrolment and of its removal. Afterwards everything converges: the pod runs and gets its answer,
 * or is gone. And no packet of a pod was ever in clear: its first act is to connect, and everything on the node's links is captured.
 */
@Tag("cluster")
class KillMatrixTest {
    private static RuntimeScene scene;
    private static int pods;

    @RegisterExtension
    static final NodeReport REPORT = new NodeReport(() -> scene == null ? null : scene.containerd.sandbox());

    /** What is killed. */
    private enum Victim {
        AGENT {
            @Override
            void kill() throws Exception {
                scene.agent().kill();
            }
        },
        ZTUNNEL {
            @Override
            void kill() throws Exception {
                scene.ztunnel().kill();
            }
        },
        /** Waits for the agent's answer at every step; if the agent is held up before it is asked, the plugin comes a moment later. */
        PLUGIN {
            @Override
            void kill() throws Exception {
                RuntimeScene.until(() -> scene.containerd.sandbox().exec("pkill", "-KILL", "-x", "inpod-cni")); // fails if there is none
            }
        },
        CONTAINERD {
            @Override
            void kill() throws Exception {
                scene.containerd.sandbox().stop(Program.CONTAINERD, "KILL");
            }
        };

        abstract void kill() throws Exception;
    }

    @BeforeAll
    static void start() throws Exception {
        scene = new RuntimeScene(Names.unique("matrix"));
    }

    @AfterAll
    static void close() {
        if (scene != null) {
            scene.close();
        }
    }

    @TestFactory
    Stream<DynamicTest> everyProcessAtEveryStepOfAnEnrolment() throws Exception {
        String uid = enrol();
        List<String> steps = scene.steps.taken("add pod " + uid).stream().distinct().toList();
        assertThat(steps).hasSizeGreaterThan(4);
        scene.remove(uid);
        scene.forget(uid);
        return cells(steps, this::killWhileEnrolling);
    }

    @TestFactory
    Stream<DynamicTest> everyProcessAtEveryStepOfARemoval() throws Exception {
        String uid = enrol();
        scene.remove(uid);
        scene.forget(uid);
        scene.awaitForgotten(uid);
        List<String> steps = scene.steps.taken("delete pod " + uid).stream().distinct().toList();
        assertThat(steps).hasSizeGreaterThan(1);
        return cells(steps, this::killWhileRemoving);
    }

    private interface Cell {
        void run(String step, Victim victim) throws Exception;
    }

    private static Stream<DynamicTest> cells(List<String> steps, Cell cell) {
        return steps.stream().flatMap(step -> Arrays.stream(Victim.values())
                .map(victim -> DynamicTest.dynamicTest(victim + " before: " + step, () -> cell.run(step, victim))));
    }

    private static String enrol() throws Exception {
        String uid = "pod-" + ++pods;
        scene.describe(uid, "client");
        scene.awaitAnswer(scene.run(scene.client(uid)));
        return uid;
    }

    private void killWhileEnrolling(String step, Victim victim) throws Exception {
        String uid = "pod-" + ++pods;
        scene.steps.hold("add pod " + uid, step);
        scene.describe(uid, "client");
        CompletableFuture<RuntimePod> run = background(() -> scene.run(scene.client(uid)));
        try {
            scene.steps.awaitHeld();
            victim.kill();
        } finally {
            scene.steps.release();
        }
        if (victim == Victim.CONTAINERD) {
            scene.startContainerd();
        }
        scene.restart();

        scene.awaitAnswer(run.get(90, TimeUnit.SECONDS));
        assertThat(scene.plaintext()).isEmpty();
        assertThat(scene.onTheWire(RuntimeScene.SECRET)).isFalse();
        scene.remove(uid);
        scene.forget(uid);
    }

    private void killWhileRemoving(String step, Victim victim) throws Exception {
        String uid = enrol();
        scene.steps.hold("delete pod " + uid, step);
        CompletableFuture<String> removal = background(() -> {
            scene.remove(uid);
            return uid;
        });
        try {
            scene.forget(uid);
            scene.steps.awaitHeld();
            victim.kill();
        } finally {
            scene.steps.release();
        }
        if (victim == Victim.CONTAINERD) {
            scene.startContainerd();
        }
        scene.restart();

        removal.get(90, TimeUnit.SECONDS);
        scene.awaitForgotten(uid);
        assertThat(scene.plaintext()).isEmpty();
        scene.remove(enrolled());
    }

    /** A pod can be enrolled afterwards, so nothing is left in the way. */
    private static String enrolled() throws Exception {
        String uid = enrol();
        scene.forget(uid);
        return uid;
    }

    private static <T> CompletableFuture<T> background(java.util.concurrent.Callable<T> work) {
        CompletableFuture<T> result = new CompletableFuture<>();
        Thread thread = new Thread(() -> {
            try {
                result.complete(work.call());
            } catch (Exception | AssertionError e) {
                result.completeExceptionally(e);
            }
        }, "kubelet");
        thread.setDaemon(true);
        thread.start();
        return result;
    }
}
