package io.inpod.examples.nodeagent.enrol;

/** Is told of each step in an enrolment or a removal before it begins, on the thread that does it. */
@FunctionalInterface
public interface StepListener {
    /**
     * A step begins.
     *
     * @param work what it is a step of, such as {@code add pod UID}
     * @param step its name, as errors show it
     */
    void begins(String work, String step);
}
