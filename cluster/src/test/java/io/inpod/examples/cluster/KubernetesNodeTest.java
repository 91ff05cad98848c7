package io.inpod.examples.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("cluster")
class KubernetesNodeTest {
    private static KubernetesNode node;

    @BeforeAll
    static void start() throws Exception {
        node = KubernetesNode.startChained(Names.unique("node"));
    }

    @AfterAll
    static void close() {
        node.close();
    }

    @Test
    void runsAPodFromApplyToItsEnd() throws Exception {
        node.apply(pod("example"));
        node.await("condition=Ready", "pod/example");

        assertThat(node.kubectl("logs", "example")).isEqualTo("started\n");
        assertThat(node.kubectl("exec", "example", "--", "wget", "-qO-", "http://127.0.0.1:8080/")).isEqualTo("hello\n");
        assertThat(calls()).contains(" ADD ", "K8S_POD_NAME=example");

        node.kubectl("delete", "pod", "example", "--timeout=60s");
        assertThat(calls()).contains(" DEL ");
    }

    @Test
    void showsWhyAPluginRefusesAPod() throws Exception {
        Files.writeString(node.chained().resolve("fail"), "refused by a test");
        try {
            node.apply(pod("refused"));
            awaitPrinted("refused by a test", "get", "events", "--field-selector=involvedObject.name=refused");
        } finally {
            Files.delete(node.chained().resolve("fail"));
        }
        node.await("condition=Ready", "pod/refused");
        node.kubectl("delete", "pod", "refused", "--timeout=60s");
    }

    @Test
    void startsAgainWhatEndsByItself() throws Exception {
        node.sandbox().exec("sh", "-c", "kill -KILL $(cat " + node.sandbox().state() + "/pid/kube-scheduler)"); // not by the kit

        node.apply(pod("scheduled"));

        node.await("condition=Ready", "pod/scheduled");
        node.kubectl("delete", "pod", "scheduled", "--timeout=60s");
    }

    @Test
    void survivesTheEndOfEachProgramAndARebootWithItsPods() throws Exception {
        node.apply(pod("survivor"));
        node.await("condition=Ready", "pod/survivor");
        for (Program program : Program.values()) {
            node.sandbox().stop(program, "KILL");
            assertThatThrownBy(() -> node.sandbox().stop(program, "KILL")).hasMessageContaining("isn't running");
            node.sandbox().start(program);
        }
        String before = node.sandbox().exec("cat", "/proc/sys/kernel/random/boot_id");

        node.sandbox().reboot();

        assertThat(node.sandbox().exec("cat", "/proc/sys/kernel/random/boot_id")).isNotEqualTo(before);
        awaitPrinted("1 true", "get", "pod", "survivor", "-o",
                "jsonpath={.status.containerStatuses[0].restartCount} {.status.containerStatuses[0].ready}");
    }

    private static void awaitPrinted(String text, String... kubectl) throws Exception {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
        for (String printed = node.kubectl(kubectl); !printed.contains(text); printed = node.kubectl(kubectl)) {
            assertThat(System.nanoTime()).as(printed).isLessThan(deadline);
        }
    }

    private static String calls() throws Exception {
        return Files.readString(node.chained().resolve("calls.log"));
    }

    private static String pod(String name) {
        return """
                apiVersion: v1
                kind: Pod
                metadata: {name: %s}
                spec:
                  containers:
                    - name: main
                      image: localhost/busybox:1
                      command: [sh, -c, 'trap "exit 0" TERM; echo started; echo hello > /tmp/index.html; httpd -f -p 8080 -h /tmp & wait']
                      readinessProbe: {tcpSocket: {port: 8080}, periodSeconds: 1}
                """.formatted(name);
    }
}
