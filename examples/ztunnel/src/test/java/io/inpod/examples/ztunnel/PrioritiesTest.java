package io.inpod.examples.ztunnel;

import static org.assertj.core.api.Assertions.assertThat;

import io.inpod.examples.ztunnel.xds.Responses;
import io.inpod.examples.ztunnel.xds.TestControlPlane;
import io.inpod.netns.testing.PodNetwork;
import io.inpod.netns.testing.Pods;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The thread that reads a mesh gives way to connections, as the kernel sees it, with the launcher's flags. */
@Timeout(120)
@Pods(4)
class PrioritiesTest {
    /** The nice value, the 19th field of /proc/PID/task/TID/stat (proc(5)), by the thread's name. */
    private static Map<String, Integer> nice(long pid) throws IOException {
        Map<String, Integer> values = new TreeMap<>();
        try (DirectoryStream<Path> tasks = Files.newDirectoryStream(Path.of("/proc/" + pid + "/task"))) {
            for (Path task : tasks) {
                try {
                    String stat = Files.readString(task.resolve("stat"));
                    String[] afterName = stat.substring(stat.lastIndexOf(')') + 2).split(" "); // begins with the third
                    values.put(Files.readString(task.resolve("comm")).strip(), Integer.parseInt(afterName[19 - 3]));
                } catch (IOException e) {
                    // ended meanwhile
                }
            }
        }
        return values;
    }

    private static Map<String, String> flags(Map<String, String> settings) throws IOException {
        Matcher flag = Pattern.compile("-XX:ThreadPriorityPolicy=\\d").matcher(Files.readString(Path.of("../../inpod")));
        assertThat(flag.find()).as("in the launcher").isTrue();
        Map<String, String> all = new TreeMap<>(settings);
        all.put("JAVA_TOOL_OPTIONS", flag.group());
        return all;
    }

    private static void givesWay(ShareScene scene, String reader) throws IOException {
        Map<String, Integer> nice = nice(scene.ztunnel.pid());
        Map<String, Integer> loops = new TreeMap<>(nice);
        loops.keySet().removeIf(name -> !name.startsWith("ztunnel-"));
        assertThat(loops).hasSize(2).allSatisfy((name, value) -> assertThat(value).as(name).isZero());
        assertThat(nice).containsKey(reader);
        assertThat(nice.get(reader)).as("of " + nice).isPositive();
    }

    @Test
    void ofAFile(PodNetwork network, @TempDir Path home) throws Exception {
        try (ShareScene scene = ShareScene.start(network, home, flags(Map.of()))) {
            givesWay(scene, "mesh");
        }
    }

    @Test
    void ofAControlPlane(PodNetwork network, @TempDir Path home) throws Exception {
        Path socket = home.resolve("xds.sock");
        try (TestControlPlane server = TestControlPlane.unix(socket)) {
            String[] uids = {"p", "q", "r", "s"};
            server.first = List.of(Responses.addresses("1",
                    java.util.stream.IntStream.range(0, 4).mapToObj(i -> Responses.workload("v1",
                            Responses.pod(uids[i], network.pod(i).address().getHostAddress(), i == 3 ? "other" : "test")))
                            .toArray(io.inpod.examples.istio.DiscoveryApi.Resource[]::new)),
                    Responses.policies("2"));
            try (ShareScene scene = ShareScene.start(network, home, flags(Map.of("LOCAL_XDS_PATH", "", "XDS_ADDRESS", "unix:" + socket)))) {
                givesWay(scene, "xds-1-1");
            }
        }
    }
}
