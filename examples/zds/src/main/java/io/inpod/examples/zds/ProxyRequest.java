package io.inpod.examples.zds;

import io.inpod.examples.zds.internal.Messages;
import io.inpod.netns.NamespaceIdentity;
import io.inpod.netns.NetworkNamespace;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/** A request to one proxy. Owns the namespace that it passes until it has been sent or has failed. */
final class ProxyRequest {
    /** What a proxy knows of a pod that it has acknowledged. */
    record Content(WorkloadInfo info, NamespaceIdentity netns) {
        static Content of(ZdsPod pod) {
            return new Content(pod.info(), pod.netns().identity());
        }
    }

    private final String what;
    private final ByteBuffer message;
    private final @Nullable String uid;
    private final @Nullable Content content;
    private final @Nullable NetworkNamespace netns;
    private final CompletableFuture<Void> done = new CompletableFuture<>();

    private ProxyRequest(String what, ByteBuffer message, @Nullable String uid, @Nullable Content content,
            @Nullable NetworkNamespace netns) {
        this.what = what;
        this.message = message;
        this.uid = uid;
        this.content = content;
        this.netns = netns;
    }

    static ProxyRequest add(ZdsPod pod) throws IOException {
        return new ProxyRequest("Add of pod " + pod.uid(), message(pod), pod.uid(), Content.of(pod), pod.netns().duplicate());
    }

    static ByteBuffer message(ZdsPod pod) {
        return Messages.add(pod.uid(), pod.info().name(), pod.info().namespace(), pod.info().serviceAccount());
    }

    static ProxyRequest keep(String uid) {
        return new ProxyRequest("Keep of pod " + uid, Messages.keep(uid), null, null, null);
    }

    static ProxyRequest del(String uid) {
        return new ProxyRequest("Del of pod " + uid, Messages.del(uid), uid, null, null);
    }

    static ProxyRequest snapshotSent() {
        return new ProxyRequest("SnapshotSent", Messages.snapshotSent(), null, null, null);
    }

    String what() {
        return what;
    }

    ByteBuffer message() {
        return message;
    }

    @Nullable
    NetworkNamespace netns() {
        return netns;
    }

    /** Ends with an exception if the proxy refuses, or the session ends. */
    CompletableFuture<Void> done() {
        return done;
    }

    /** Stops a timer when the answer has come. */
    @SuppressWarnings("FutureReturnValueIgnored")
    void answered(CompletableFuture<Void> timer) {
        done.whenComplete((answer, failure) -> timer.complete(null));
    }

    /** Enters what the proxy serves after it has acknowledged this request. */
    void noteIn(Map<String, Content> served) {
        if (uid != null && content != null) {
            served.put(uid, content);
        } else if (uid != null) {
            served.remove(uid);
        }
    }

    boolean concernsPodOf(ProxyRequest other) {
        return uid != null && uid.equals(other.uid);
    }

    /** Returns whether both say the same of the same pod. */
    boolean isSameAs(ProxyRequest other) {
        return concernsPodOf(other) && Objects.equals(content, other.content);
    }

    void closeNamespace() {
        if (netns != null) {
            netns.close();
        }
    }
}
