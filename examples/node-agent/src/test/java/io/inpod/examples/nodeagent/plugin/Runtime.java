package io.inpod.examples.nodeagent.plugin;

import io.inpod.examples.cniplugin.NativePlugin;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;

/** Starts the real plugin as a container runtime does. */
final class Runtime {
    static final String RESULT = "{\"cniVersion\":\"1.0.0\",\"interfaces\":[{\"name\":\"eth0\"}], \"ips\":[{\"address\":\"10.0.0.5/24\",\"gateway\":\"10.0.0.1\"},"
            + "{\"address\":\"fd00::5/64\"}],\"x\":1.50}";

    private final Path directory;
    private final Path program;
    private final String configuration;

    /** The result of a call. */
    record Outcome(int code, String out) {}

    Runtime(Path directory, Path socket) throws IOException {
        this.directory = directory;
        program = Files.write(directory.resolve(NativePlugin.NAME), NativePlugin.program());
        Files.setPosixFilePermissions(program, PosixFilePermissions.fromString("rwx------"));
        configuration = "{\"cniVersion\":\"1.0.0\",\"name\":\"net\",\"type\":\"inpod-cni\",\"agentSocket\":\"" + socket + "\",\"prevResult\":";
    }

    static String args(String name, String uid) {
        return "K8S_POD_NAME=" + name + ";K8S_POD_INFRA_CONTAINER_ID=c1;K8S_POD_UID=" + uid + ";IgnoreUnknown=1;K8S_POD_NAMESPACE=shop";
    }

    Outcome call(String command, String args, Path netns) throws Exception {
        return call(command, args, netns.toString(), RESULT);
    }

    Outcome call(String command, String args, String netns, String result) throws Exception {
        Process process = start(command, args, netns, result);
        String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        return new Outcome(process.waitFor(), out);
    }

    Process start(String command, String args, String netns, String result) throws IOException {
        File input = Files.writeString(Files.createTempFile(directory, "config", ""), configuration + result + "}").toFile();
        ProcessBuilder builder = new ProcessBuilder(program.toString()).redirectInput(input).redirectErrorStream(true);
        builder.environment().clear();
        builder.environment().put("CNI_COMMAND", command);
        builder.environment().put("CNI_CONTAINERID", "c1");
        builder.environment().put("CNI_NETNS", netns);
        builder.environment().put("CNI_IFNAME", "eth0");
        builder.environment().put("CNI_ARGS", args);
        return builder.start();
    }
}
