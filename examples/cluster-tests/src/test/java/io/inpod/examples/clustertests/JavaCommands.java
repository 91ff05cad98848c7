package io.inpod.examples.clustertests;

import io.inpod.examples.demo.MeshNode;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** The two programs as processes with the class path of the tests. */
record JavaCommands(Path steps) implements MeshNode.Commands {
    @Override
    public List<String> agent() {
        return command(SteppedAgent.class.getName(), steps.toString(), "agent");
    }

    @Override
    public List<String> ztunnel() {
        return command("io.inpod.examples.ztunnel.Main");
    }

    /** The agent's client. */
    String[] client(String command) {
        return command("io.inpod.examples.nodeagent.Main", command).toArray(String[]::new);
    }

    private static List<String> command(String... main) {
        String classPath = System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
        List<String> line = new ArrayList<>(List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-XX:-UsePerfData", "-Xshare:auto", "-Xmx256m",
                "-Dio.netty.machineId=02:00:00:00:00:00:00:01"));
        line.addAll(List.of("-cp", classPath));
        Stream.of(main).forEach(line::add);
        return line;
    }
}
