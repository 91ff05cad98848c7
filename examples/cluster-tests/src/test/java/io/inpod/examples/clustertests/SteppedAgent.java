package io.inpod.examples.clustertests;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.AppenderBase;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.concurrent.TimeUnit;
import org.slf4j.LoggerFactory;

/**
 * The agent, which records each of its steps, and can be held up before one of them. It says each step to its log before it begins, on the
 * thread that does it; nothing else of it is changed.
 */
public final class SteppedAgent {
    private SteppedAgent() {}

    /**
     * Runs the agent.
     *
     * @param arguments the directory of {@link Steps}, and the agent's own arguments
     */
    public static void main(String[] arguments) {
        Path directory = Path.of(arguments[0]);
        Logger logger = (Logger) LoggerFactory.getLogger("nodeagent");
        ((Logger) LoggerFactory.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME)).setLevel(Level.INFO);
        logger.setLevel(Level.DEBUG);
        Recorder recorder = new Recorder(directory);
        recorder.setContext(logger.getLoggerContext());
        recorder.start();
        logger.addAppender(recorder);
        String[] own = java.util.Arrays.copyOfRange(arguments, 1, arguments.length);
        io.inpod.examples.nodeagent.Main.main(own);
    }

    /** The steps are the debug lines that name a pod and what is done about it. */
    private static final class Recorder extends AppenderBase<ILoggingEvent> {
        private final Path directory;

        Recorder(Path directory) {
            this.directory = directory;
        }

        /** Not synchronised, unlike the one above: a thread that is held up must not hold up others. */
        @Override
        public void doAppend(ILoggingEvent event) {
            append(event);
        }

        @Override
        protected void append(ILoggingEvent event) {
            String line = event.getFormattedMessage();
            if (event.getLevel() == Level.DEBUG && line.matches("(add|delete) pod \\S+: .*")) {
                try {
                    Files.writeString(directory.resolve(Steps.TAKEN), line + "\n", StandardOpenOption.CREATE, StandardOpenOption.APPEND);
                    hold(line);
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            }
        }

        private void hold(String line) throws IOException {
            Path hold = directory.resolve(Steps.HOLD);
            if (!isHeld(hold, line)) {
                return;
            }
            Files.writeString(directory.resolve(Steps.HELD), line);
            while (isHeld(hold, line)) {
                try {
                    TimeUnit.MILLISECONDS.sleep(5);
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                    return;
                }
            }
        }

        private static boolean isHeld(Path hold, String line) throws IOException {
            try {
                String wanted = Files.readString(hold);
                return wanted.equals(line) || wanted.contains(" *: ") && wanted.equals(line.replaceFirst("^(\\S+ pod) \\S+: ", "$1 *: "));
            } catch (java.nio.file.NoSuchFileException e) {
                return false;
            }
        }
    }
}
