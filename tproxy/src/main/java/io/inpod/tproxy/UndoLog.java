package io.inpod.tproxy;

import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;

/** Records how to undo the steps that have succeeded, so that all of them can be undone when a later one fails. For one thread. */
public final class UndoLog {
    private final Deque<Step> steps = new ArrayDeque<>();

    private record Step(String name, Action action) {}

    /** Undoes a step. */
    @FunctionalInterface
    public interface Action {
        /**
         * Undoes it.
         *
         * @throws IOException if it can't be undone
         */
        void run() throws IOException;
    }

    /**
     * The result of {@link #undo()}.
     *
     * @param undone the names of the steps that were undone, in the order in which that happened
     * @param left the names of the steps that could not be undone
     * @param failures why not, one for each name in {@code left}
     */
    public record Result(List<String> undone, List<String> left, List<Exception> failures) {
        /** The result if there was nothing to undo. */
        public static final Result NOTHING = new Result(List.of(), List.of(), List.of());

        /**
         * Copies the lists.
         *
         * @param undone see {@link Result}
         * @param left see {@link Result}
         * @param failures see {@link Result}
         */
        public Result {
            undone = List.copyOf(undone);
            left = List.copyOf(left);
            failures = List.copyOf(failures);
        }

        /** {@return what was undone and what is left, to be appended to an error message; empty if there was nothing to undo} */
        public String words() {
            List<String> reasons = new ArrayList<>();
            for (int i = 0; i < left.size(); i++) {
                reasons.add(left.get(i) + " (" + failures.get(i).getMessage() + ")");
            }
            return (undone.isEmpty() ? "" : "; undone: " + String.join(", ", undone))
                    + (left.isEmpty() ? "" : "; COULD NOT BE UNDONE: " + String.join(", ", reasons));
        }
    }

    /** Creates an empty log. */
    public UndoLog() {}

    /**
     * Records a step that has just succeeded.
     *
     * @param name the step's name in {@link Result}
     * @param action undoes the step
     */
    public void add(String name, Action action) {
        steps.push(new Step(name, action));
    }

    /**
     * Undoes all recorded steps, the last one first, and continues after a failure. The log is empty afterwards.
     *
     * @return what was undone and what was not
     */
    public Result undo() {
        List<String> undone = new ArrayList<>();
        List<String> left = new ArrayList<>();
        List<Exception> failures = new ArrayList<>();
        while (!steps.isEmpty()) {
            Step step = steps.pop();
            try {
                step.action().run();
                undone.add(step.name());
            } catch (IOException | RuntimeException e) {
                left.add(step.name());
                failures.add(e);
            }
        }
        return new Result(undone, left, failures);
    }
}
