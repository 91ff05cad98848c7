package io.inpod.examples.ztunnel.route;

import java.net.InetSocketAddress;
import org.jspecify.annotations.Nullable;

/** Where a request goes that has arrived in a tunnel at a pod. */
public sealed interface InboundRoute {
    /**
     * To the pod's app.
     *
     * @param app the address and port at which the app listens: an address of the pod, or of its loopback interface
     * @param policyAddress the address and port that policies look at: the pod's own, also if the app listens elsewhere
     * @param announced the destination that is told to the app in a header of the PROXY protocol, or null if it gets none
     */
    record ToApp(InetSocketAddress app, InetSocketAddress policyAddress, @Nullable InetSocketAddress announced) implements InboundRoute {
        /** {@return whether the connection to the app has the client's address: not on the loopback interface} */
        public boolean keepsClient() {
            return !app.getAddress().isLoopbackAddress();
        }
    }

    /**
     * Nowhere.
     *
     * @param status the answer's status: 400 if the request is wrong for this pod, 503 if it can't be served
     * @param reason why, for the log
     */
    record Refused(int status, String reason) implements InboundRoute {}
}
