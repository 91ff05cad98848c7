package io.inpod.examples.nodeagent.plugin;

import io.inpod.examples.nodeagent.pod.Enrolment;
import io.inpod.examples.nodeagent.pod.MeshPod;
import io.inpod.netns.NetworkNamespace;
import java.io.IOException;
import java.net.InetAddress;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import org.jspecify.annotations.Nullable;

/** Notes what it is told to do, and does nothing. */
final class FakeEnrolment implements Enrolment {
    /** A call; addresses and patience are those of an enrolment. */
    record Step(String what, String uid, String netns, @Nullable Set<InetAddress> addresses, @Nullable Duration patience) {}

    final BlockingQueue<Step> steps = new LinkedBlockingQueue<>();
    volatile @Nullable IOException failure;
    volatile @Nullable CountDownLatch hang;

    @Override
    public void enrol(MeshPod pod, NetworkNamespace netns, Duration patience) throws IOException, InterruptedException {
        steps.add(new Step("enrol", pod.uid(), netns.identity().toString(), pod.addresses(), patience));
        CountDownLatch latch = hang;
        if (latch != null) {
            latch.await();
        }
        fail();
    }

    @Override
    public void sandboxGone(String uid, NetworkNamespace netns) throws IOException {
        steps.add(new Step("gone", uid, netns.identity().toString(), null, null));
        fail();
    }

    private void fail() throws IOException {
        IOException planned = failure;
        if (planned != null) {
            throw planned;
        }
    }
}
