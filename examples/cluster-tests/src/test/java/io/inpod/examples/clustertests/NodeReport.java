package io.inpod.examples.clustertests;

import io.inpod.examples.cluster.NodeSandbox;
import java.io.IOException;
import java.lang.reflect.Method;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.extension.DynamicTestInvocationContext;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.InvocationInterceptor;
import org.junit.jupiter.api.extension.ReflectiveInvocationContext;
import org.opentest4j.TestAbortedException;

/**
 * Adds to each failure what the programs of the node say at that moment: agent (with what it answered the CNI plugin), ztunnel, as processes
 * or as pods, kubelet and the others, the API server's events, and the pods. The failure shows the last lines; everything is kept in {@code target/failures}.
 */
final class NodeReport implements InvocationInterceptor {
    private static final int LINES = 20;
    private static final int COLUMNS = 240;
    private static final String DESCRIBED = "pods-described.txt";

    private final Supplier<@Nullable NodeSandbox> node;

    /** Reports about the node that the supplier returns, or about none while it returns null. */
    NodeReport(Supplier<@Nullable NodeSandbox> node) {
        this.node = node;
    }

    /** What the failure shows; it has no stack trace of its own. */
    private static final class Said extends Exception {
        private static final long serialVersionUID = 1;

        Said(String text) {
            super(text, null, false, false);
        }
    }

    /**
     * Adds the report to a failure.
     *
     * @param failure the failure
     * @param node the node, which is still up
     * @param test names the report's directory
     */
    static void add(Throwable failure, NodeSandbox node, String test) {
        try {
            Path directory = Path.of("target", "failures", test.replaceAll("[^A-Za-z0-9.-]+", "-"));
            Files.createDirectories(directory);
            StringBuilder shown = new StringBuilder("all of it is in " + directory.toAbsolutePath() + "\n");
            for (Map.Entry<String, String> said : ask(node).entrySet()) {
                Files.writeString(directory.resolve(said.getKey()), said.getValue());
                if (!said.getKey().equals(DESCRIBED)) { // some hundred lines, of which the last ones are about any pod
                    shown.append("--- ").append(said.getKey()).append('\n').append(lastLines(said.getValue()));
                }
            }
            failure.addSuppressed(new Said(shown.toString()));
        } catch (IOException e) {
            failure.addSuppressed(e);
        }
    }

    private static Map<String, String> ask(NodeSandbox node) throws IOException {
        Map<String, String> texts = new TreeMap<>();
        for (String logs : List.of("mesh", "log")) {
            Path directory = node.state().resolve(logs);
            if (Files.isDirectory(directory)) {
                try (Stream<Path> files = Files.list(directory)) {
                    for (Path file : files.filter(file -> file.toString().endsWith(".log")).toList()) {
                        texts.put(file.getFileName().toString(), new String(Files.readAllBytes(file), StandardCharsets.UTF_8));
                    }
                }
            }
        }
        texts.put("agent-list.txt", answer(node, new JavaCommands(node.state().resolve("steps")).client("list")));
        if (Files.exists(node.state().resolve("admin.kubeconfig"))) {
            texts.put("inpod-pods.log", answer(node, "sh", "-c", "for log in /var/log/pods/inpod-*/*/*.log; do echo \"--- $log\"; cat \"$log\"; done"));
            texts.put("pods.txt", answer(node, "kubectl", "get", "pods", "-A", "-o", "wide"));
            texts.put(DESCRIBED, answer(node, "kubectl", "describe", "pods", "-A"));
            texts.put("events.txt", answer(node, "kubectl", "get", "events", "-A", "--sort-by=.metadata.creationTimestamp"));
        }
        return texts;
    }

    /** A program that doesn't answer is part of the report. */
    private static String answer(NodeSandbox node, String... command) {
        try {
            return node.exec(command);
        } catch (IOException e) {
            return String.valueOf(e.getMessage());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return "interrupted";
        }
    }

    private static String lastLines(String text) {
        List<String> lines = text.lines().toList();
        return lines.subList(Math.max(0, lines.size() - LINES), lines.size()).stream()
                .map(line -> line.length() > COLUMNS ? line.substring(0, COLUMNS) + "…" : line).collect(Collectors.joining("\n", "", "\n"));
    }

    private <T> T reported(Invocation<T> invocation, ExtensionContext context) throws Throwable {
        try {
            return invocation.proceed();
        } catch (TestAbortedException e) {
            throw e;
        } catch (Throwable e) {
            NodeSandbox about = node.get();
            if (about != null) {
                add(e, about, context.getRequiredTestClass().getSimpleName() + "-" + context.getDisplayName());
            }
            throw e;
        }
    }

    @Override
    public void interceptBeforeAllMethod(Invocation<Void> invocation, ReflectiveInvocationContext<Method> method, ExtensionContext context)
            throws Throwable {
        reported(invocation, context);
    }

    @Override
    public void interceptTestMethod(Invocation<Void> invocation, ReflectiveInvocationContext<Method> method, ExtensionContext context)
            throws Throwable {
        reported(invocation, context);
    }

    @Override
    public <T> T interceptTestFactoryMethod(Invocation<T> invocation, ReflectiveInvocationContext<Method> method, ExtensionContext context)
            throws Throwable {
        return reported(invocation, context);
    }

    @Override
    public void interceptDynamicTest(Invocation<Void> invocation, DynamicTestInvocationContext test, ExtensionContext context) throws Throwable {
        reported(invocation, context);
    }
}
