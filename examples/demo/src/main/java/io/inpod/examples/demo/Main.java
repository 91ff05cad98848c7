package io.inpod.examples.demo;

import java.io.IOException;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** The demo's process, the first one in its sandbox. Its exit code is 0 only if all claims held. */
@Command(name = "./inpod demo", description = "One request from pod A to pod B, shown working.", mixinStandardHelpOptions = true,
        version = "inpod demo")
public final class Main implements Callable<Integer> {
    @Option(names = "--profile", paramLabel = "PROFILE", defaultValue = "redirect",
            description = "redirect or tproxy; default: ${DEFAULT-VALUE}")
    private String profile = "redirect";

    @Option(names = "--ipv6", description = "send the request over IPv6")
    private boolean ipv6;

    @Option(names = "--containers", description = "pods that a real containerd starts through our CNI plugin")
    private boolean containers;

    @Option(names = "--kubernetes", description = "pods of deployments on a real Kubernetes node")
    private boolean kubernetes;

    @Option(names = "--policy", description = "a policy changes: explained before, an open connection cut, a new one denied")
    private boolean policy;

    @Option(names = "--hold", description = "keep everything up until Enter")
    private boolean hold;

    private Main() {}

    /**
     * Runs the demo, inside a sandbox that the launcher has created.
     *
     * @param arguments see {@code --help}
     */
    public static void main(String[] arguments) {
        System.exit(new CommandLine(new Main()).execute(arguments));
    }

    @Override
    public Integer call() throws IOException, InterruptedException {
        if (!profile.equals("redirect") && !profile.equals("tproxy")) {
            System.err.println("--profile must be redirect or tproxy, not " + profile);
            return CommandLine.ExitCode.USAGE;
        }
        Story story = new Story(System.out);
        try (Demonstration demo = demonstration(System.getProperty("inpod.launcher", "./inpod"), story)) {
            boolean held;
            try {
                demo.tell();
                held = story.held();
            } catch (DemoFailure e) {
                System.out.println("  FAILED " + e.getMessage());
                held = false;
            }
            if (!held) {
                System.err.println(demo.logs());
            }
            if (hold) {
                System.out.println("\n" + demo.waysIn());
                System.in.read();
            }
            System.out.println(held ? "\nAll of it held." : "\nNot all of it held.");
            return held ? CommandLine.ExitCode.OK : CommandLine.ExitCode.SOFTWARE;
        }
    }

    private Demonstration demonstration(String launcher, Story story) throws IOException, InterruptedException {
        if (kubernetes) {
            return new KubernetesDemo(launcher, story);
        }
        if (policy) {
            return new PolicyDemo(launcher, profile, story);
        }
        return containers ? new ContainersDemo(launcher, story) : new Demo(launcher, profile, ipv6, story);
    }
}
