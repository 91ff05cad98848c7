package io.inpod.examples.nodeagent.enrol;

import io.inpod.examples.nodeagent.pod.AgentException;
import io.inpod.tproxy.UndoLog;
import java.io.IOException;

/** Runs work in named steps. When a step fails, the earlier steps are undone, and the error says which step failed and what was undone. */
final class Steps {
    /** A step. */
    interface Step<T> {
        T run() throws IOException, InterruptedException;
    }

    private final String work;
    private final StepListener listener;
    private final UndoLog done = new UndoLog();

    Steps(String work, StepListener listener) {
        this.work = work;
        this.listener = listener;
    }

    /** Records how to undo the step that has just succeeded. */
    void undoBy(String name, UndoLog.Action action) {
        done.add(name, action);
    }

    <T> T run(String step, Step<T> action) throws AgentException {
        begin(step);
        try {
            return action.run();
        } catch (IOException | RuntimeException e) {
            throw failure(step, e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw failure(step, e);
        }
    }

    /** Says that a step begins that doesn't end at once. */
    void begin(String step) {
        listener.begins(work, step);
    }

    /** Undoes the earlier steps, and returns the error for a step that has failed. */
    AgentException failure(String step, Throwable cause) {
        UndoLog.Result undo = done.undo();
        String reason = cause instanceof IOException ? String.valueOf(cause.getMessage()) : cause.toString();
        AgentException failure = new AgentException(work + ": step \"" + step + "\" failed: " + reason + undo.words(), cause);
        undo.failures().forEach(failure::addSuppressed);
        return failure;
    }
}
