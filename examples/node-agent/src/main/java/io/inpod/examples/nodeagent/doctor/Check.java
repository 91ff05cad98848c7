package io.inpod.examples.nodeagent.doctor;

import java.io.IOException;

/** Looks at one side of a pod. */
@FunctionalInterface
interface Check {
    /**
     * Looks, and adds at least one finding for each topic that concerns the pod.
     *
     * @param pod the pod
     * @param findings what was found so far
     * @throws IOException if it can't look
     */
    void look(Subject pod, Findings findings) throws IOException;
}
