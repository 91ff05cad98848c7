package io.inpod.examples.ztunnel.explain;

import io.inpod.examples.ztunnel.config.ConfigException;
import io.inpod.examples.ztunnel.config.ProxyConfig;
import io.inpod.examples.ztunnel.mesh.Mesh;
import io.inpod.examples.ztunnel.source.MeshSource;
import io.inpod.netns.unix.PrivateSocket;
import io.inpod.netns.unix.SeqpacketSocket;
import io.inpod.netns.unix.UnixMessage;
import java.io.IOException;
import java.io.PrintWriter;
import java.net.ConnectException;
import java.nio.ByteBuffer;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** The program {@code ./inpod explain}. */
@Command(name = "./inpod explain", mixinStandardHelpOptions = true, sortOptions = false,
        description = {"Says what the ztunnel does with a connection, step by step, and what a new configuration would change.",
            "Without --config, asks the ztunnel that is running; INPOD_UDS or INPOD_HANDOVER_DIR say where its sockets are."})
public final class ExplainCommand implements Callable<Integer> {
    /** A large mesh has many pairs to compare. */
    private static final Duration ANSWER = Duration.ofSeconds(60);

    @Option(names = "--from", paramLabel = "POD", description = "the client: uid, namespace/name, name or address")
    private @Nullable String from;

    @Option(names = "--to", paramLabel = "HOST:PORT", description = "what its app connects to")
    private @Nullable String to;

    @Option(names = "--config", paramLabel = "FILE", description = "a mesh as in LOCAL_XDS_PATH, instead of the running ztunnel's")
    private @Nullable Path config;

    @Option(names = "--change", paramLabel = "FILE",
            description = "a mesh that would replace it: lists the open connections that would be cut, and the pairs of workloads "
                    + "for which something would change")
    private @Nullable Path change;

    @Spec
    private CommandLine.Model.@Nullable CommandSpec spec;

    private final Map<String, String> environment;

    ExplainCommand(Map<String, String> environment) {
        this.environment = environment;
    }

    /**
     * Runs the program; the exit code is 0 for an answer, 1 for a failure, 2 for wrong usage.
     *
     * @param args the command line, {@code --help} explains it
     */
    public static void main(String[] args) {
        System.exit(run(System.getenv(), new PrintWriter(System.out, true, Charset.defaultCharset()),
                new PrintWriter(System.err, true, Charset.defaultCharset()), args));
    }

    static int run(Map<String, String> environment, PrintWriter out, PrintWriter err, String... args) {
        return new CommandLine(new ExplainCommand(environment)).setOut(out).setErr(err).setExpandAtFiles(false)
                .setExecutionExceptionHandler((failure, command, parsed) -> {
                    command.getErr().println(failure.getMessage() == null ? failure : failure.getMessage());
                    return CommandLine.ExitCode.SOFTWARE;
                }).execute(args);
    }

    @Override
    public Integer call() throws Exception {
        CommandLine.Model.CommandSpec command = Objects.requireNonNull(spec);
        if ((from == null) != (to == null) || from == null && change == null) {
            throw new CommandLine.ParameterException(command.commandLine(), "give --from and --to, or --change, or all three");
        }
        Question question = question(command.commandLine());
        PrintWriter out = command.commandLine().getOut();
        if (config == null) {
            return ask(question, out, command.commandLine().getErr());
        }
        Map<String, String> settings = new HashMap<>(environment);
        settings.putAll(
                Map.of("FAKE_CA", "true", "CA_ADDRESS", "", "LOCAL_XDS_PATH", config.toString(), "LOCAL_XDS", "", "XDS_ADDRESS", ""));
        ProxyConfig proxy = ProxyConfig.from(settings);
        Mesh mesh = MeshSource.read(proxy, config);
        new Report(proxy, address -> false).answer(mesh, List.of(), question).forEach(out::println);
        return CommandLine.ExitCode.OK;
    }

    private Question question(CommandLine line) {
        Path file = change == null ? null : change.toAbsolutePath();
        if (to == null) {
            return new Question("", "", 0, file);
        }
        int colon = to.lastIndexOf(':');
        try {
            int port = Integer.parseInt(to.substring(colon + 1));
            String host = to.substring(0, Math.max(0, colon)).replaceAll("^\\[(.*)]$", "$1");
            if (port > 0 && port < 65_536 && !host.isEmpty()) {
                return new Question(Objects.requireNonNull(from), host, port, file);
            }
        } catch (NumberFormatException e) {
            // reported below
        }
        throw new CommandLine.ParameterException(line, "--to must be HOST:PORT, such as web.shop:80 or [fd00::1]:80, not " + to);
    }

    private int ask(Question question, PrintWriter out, PrintWriter err) throws IOException, ConfigException {
        Path directory = ProxyConfig.handOverDirectory(environment);
        for (Path socket : sockets(directory)) {
            try (SeqpacketSocket connection = PrivateSocket.connect(socket, ExplainServer.PATIENCE)) {
                connection.send(ByteBuffer.wrap(question.text().getBytes(StandardCharsets.UTF_8)));
                String code = receive(connection);
                PrintWriter to = "0".equals(code) ? out : err;
                for (String line = receive(connection); line != null; line = receive(connection)) {
                    to.println(line);
                }
                return "0".equals(code) ? CommandLine.ExitCode.OK : CommandLine.ExitCode.SOFTWARE;
            } catch (ConnectException e) {
                // of a ztunnel that was killed; there may be another one
            }
        }
        err.println("no ztunnel is running with sockets in " + directory + "; set INPOD_UDS as for the ztunnel, or give --config FILE");
        return CommandLine.ExitCode.SOFTWARE;
    }

    private static @Nullable String receive(SeqpacketSocket connection) throws IOException {
        try (UnixMessage packet = connection.receive(ExplainServer.MOST_BYTES, 0, ANSWER)) {
            return packet == null ? null : StandardCharsets.UTF_8.decode(packet.data()).toString();
        }
    }

    private static List<Path> sockets(Path directory) throws IOException {
        List<Path> found = new ArrayList<>();
        if (Files.isDirectory(directory)) {
            try (DirectoryStream<Path> sockets = Files.newDirectoryStream(directory, ExplainServer.PREFIX + "*.sock")) {
                sockets.forEach(found::add);
            }
        }
        return found;
    }
}
