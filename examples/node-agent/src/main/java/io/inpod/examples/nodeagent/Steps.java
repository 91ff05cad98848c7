package io.inpod.examples.nodeagent;

import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;

/** Work in steps: when one fails, what the earlier ones did is undone in reverse, and the error says all that. */
final class Steps {
    private record Undo(String name, Action action) {}

    /** A step without a result. */
    interface Action {
        void run() throws IOException;
    }

    /** A step. */
    interface Step<T> {
        T run() throws IOException, InterruptedException;
    }

    private final String work;
    private final Deque<Undo> undos = new ArrayDeque<>();

    Steps(String work) {
        this.work = work;
    }

    /** Says how to undo the step that has just succeeded. */
    void undoBy(String name, Action action) {
        undos.push(new Undo(name, action));
    }

    <T> T run(String step, Step<T> action) throws AgentException {
        try {
            return action.run();
        } catch (IOException | RuntimeException e) {
            throw failure(step, e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw failure(step, e);
        }
    }

    private AgentException failure(String step, Exception cause) {
        List<String> undone = new ArrayList<>();
        List<String> left = new ArrayList<>();
        List<Exception> more = new ArrayList<>();
        while (!undos.isEmpty()) {
            Undo undo = undos.pop();
            try {
                undo.action().run();
                undone.add(undo.name());
            } catch (IOException | RuntimeException e) {
                left.add(undo.name() + " (" + e.getMessage() + ")");
                more.add(e);
            }
        }
        String reason = cause instanceof IOException ? String.valueOf(cause.getMessage()) : cause.toString();
        AgentException failure = new AgentException(work + ": step \"" + step + "\" failed: " + reason
                + (undone.isEmpty() ? "" : "; undone: " + String.join(", ", undone))
                + (left.isEmpty() ? "" : "; COULD NOT BE UNDONE: " + String.join(", ", left)), cause);
        more.forEach(failure::addSuppressed);
        return failure;
    }
}
