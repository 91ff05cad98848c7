package io.inpod.examples.ztunnel.proxy;

import io.inpod.examples.ztunnel.limit.NameLookups;
import io.inpod.examples.ztunnel.mesh.IpFamilies;
import io.inpod.examples.ztunnel.route.Choice;
import io.inpod.examples.ztunnel.route.OutboundRoute.LookUp;
import io.netty.channel.socket.SocketChannel;
import java.io.IOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Looks up the name of a destination for a client, in bounded time. */
final class NameAttempt {
    private static final Duration MOST_PATIENCE = Duration.ofSeconds(10);

    private final PodContext pod;
    private final SocketChannel client;
    private final LookUp wanted;
    private final Choice choice;
    private final Duration patience;
    private final Consumer<InetAddress> found;
    private final Consumer<Throwable> failed;
    private java.util.concurrent.@Nullable Future<?> deadline;
    private boolean over;

    private NameAttempt(PodContext pod, SocketChannel client, LookUp wanted, Choice choice, Duration left, Consumer<InetAddress> found,
            Consumer<Throwable> failed) {
        this.pod = pod;
        this.client = client;
        this.wanted = wanted;
        this.choice = choice;
        this.patience = left.compareTo(MOST_PATIENCE) < 0 ? left : MOST_PATIENCE;
        this.found = found;
        this.failed = failed;
    }

    /** Passes on one of the name's addresses, or why there is none, on the client's event loop; within 10 s, or what time is left. */
    static void start(PodContext pod, SocketChannel client, LookUp wanted, Choice choice, Duration left, Consumer<InetAddress> found,
            Consumer<Throwable> failed) {
        new NameAttempt(pod, client, wanted, choice, left, found, failed).start();
    }

    private void start() {
        NameLookups.LookUp lookUp = pod.limit().names().start(wanted.hostname(),
                addresses -> client.eventLoop().execute(() -> Guarded.run(pod.access().lines(), client, () -> known(addresses))));
        if (lookUp == null) {
            failed.accept(new IOException("too many names of the pod are being looked up"));
            return;
        }
        deadline = client.eventLoop().schedule(() -> Guarded.run(pod.access().lines(), client, () -> {
            lookUp.cancel();
            end(new UnknownHostException(wanted.hostname() + ": no answer within " + patience.toMillis() + " ms"));
        }), patience.toNanos(), TimeUnit.NANOSECONDS);
        client.closeFuture().addListener(gone -> {
            lookUp.cancel();
            stopWaiting();
        });
    }

    private void known(List<InetAddress> addresses) {
        if (over) {
            return;
        }
        if (!client.isOpen()) {
            end(new IOException("the client disconnected before its destination's name was known"));
            return;
        }
        List<InetAddress> usable = usable(addresses, wanted.families());
        if (usable.isEmpty()) {
            end(new UnknownHostException(wanted.hostname() + " has no address that can be used"));
            return;
        }
        over = true;
        stopWaiting();
        found.accept(usable.get((int) choice.random().applyAsLong(usable.size())));
    }

    private void end(Throwable cause) {
        if (!over) {
            over = true;
            stopWaiting();
            failed.accept(cause);
        }
    }

    private void stopWaiting() {
        if (deadline != null) {
            deadline.cancel(false);
        }
    }

    /** The allowed addresses of the family that the resolver puts first. */
    private static List<InetAddress> usable(List<InetAddress> addresses, IpFamilies families) {
        List<InetAddress> allowed = addresses.stream().filter(families::allow).toList();
        return allowed.stream().filter(address -> address.getClass() == allowed.get(0).getClass()).toList();
    }
}
