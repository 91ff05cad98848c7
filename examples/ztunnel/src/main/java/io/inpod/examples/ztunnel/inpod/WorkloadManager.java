package io.inpod.examples.ztunnel.inpod;

import io.inpod.examples.zds.ZdsClient;
import io.inpod.examples.zds.ZdsException;
import io.inpod.examples.zds.ZdsProtocolException;
import io.inpod.examples.zds.ZdsRequest;
import io.inpod.examples.zds.ZdsRequestException;
import io.inpod.examples.zds.ZdsSessionException;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Maintains a session with the node agent, on the calling thread, and carries out the agent's requests. */
public final class WorkloadManager {
    private static final Logger LOG = LoggerFactory.getLogger("inpod.workloadmanager");
    private static final Duration FIRST_PAUSE = Duration.ofMillis(10);
    private static final Duration LONGEST_PAUSE = Duration.ofSeconds(15);

    private final Path socket;
    private final StateManager state;

    /**
     * Creates a manager that isn't connected yet.
     *
     * @param socket the agent's socket
     * @param state carries out the requests
     */
    public WorkloadManager(Path socket, StateManager state) {
        this.socket = socket;
        this.state = state;
    }

    /**
     * Connects, and reconnects when the session is lost, until the calling thread is interrupted.
     *
     * @throws ZdsProtocolException if the agent violates the protocol; retrying would not help
     * @throws InterruptedException if interrupted
     */
    public void run() throws ZdsProtocolException, InterruptedException {
        Duration pause = FIRST_PAUSE;
        String lastError = "";
        for (;;) {
            try (ZdsClient session = ZdsClient.connect(socket)) {
                LOG.info("handling new stream");
                state.sessionBegins();
                for (;;) {
                    serve(session);
                    pause = FIRST_PAUSE; // only now: an agent that just closes connections must not cause a busy loop
                    lastError = "";
                }
            } catch (ZdsProtocolException e) {
                LOG.error("protocol error: {}", e.getMessage());
                throw e;
            } catch (ZdsException e) {
                if (!lastError.equals(e.getMessage())) { // once, not for each attempt
                    LOG.warn("{}; reconnecting", e.getMessage());
                    lastError = String.valueOf(e.getMessage());
                }
            }
            TimeUnit.NANOSECONDS.sleep(pause.toNanos());
            pause = pause.multipliedBy(2).compareTo(LONGEST_PAUSE) < 0 ? pause.multipliedBy(2) : LONGEST_PAUSE;
        }
    }

    /** Receives, carries out and answers one request. */
    private void serve(ZdsClient session) throws ZdsException, InterruptedException {
        try {
            carryOut(session.receive());
        } catch (ZdsRequestException e) {
            LOG.warn("refused: {}", e.getMessage());
            session.nack(String.valueOf(e.getMessage()));
            return;
        } catch (ZdsSessionException | ZdsProtocolException e) {
            throw e;
        } catch (IOException e) {
            session.nack(String.valueOf(e.getMessage()));
            return;
        }
        session.ack();
    }

    private void carryOut(ZdsRequest request) throws IOException, InterruptedException {
        if (request instanceof ZdsRequest.Add add) {
            state.add(add.uid(), add.info(), add.netns());
        } else if (request instanceof ZdsRequest.Keep keep) {
            state.keep(keep.uid());
        } else if (request instanceof ZdsRequest.Del delete) {
            state.delete(delete.uid());
        } else {
            state.snapshotSent();
        }
    }
}
