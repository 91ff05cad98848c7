package io.inpod.benchmarks;

import io.grpc.MethodDescriptor;
import io.grpc.MethodDescriptor.Marshaller;
import io.grpc.Server;
import io.grpc.ServerServiceDefinition;
import io.grpc.netty.GrpcSslContexts;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.ServerCalls;
import io.grpc.stub.StreamObserver;
import io.inpod.examples.istio.CertificateApi.IstioCertificateRequest;
import io.inpod.examples.istio.CertificateApi.IstioCertificateResponse;
import io.inpod.examples.istio.DiscoveryApi.DeltaDiscoveryRequest;
import io.inpod.examples.istio.DiscoveryApi.DeltaDiscoveryResponse;
import io.inpod.examples.istio.IstioMethods;
import io.netty.handler.ssl.SslContextBuilder;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.Locale;
import java.util.Scanner;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * Not a benchmark: the control plane and CA of compare-control-plane. It reads commands, {@code change RATE} and {@code still}, and prints
 * what happens, after the time in seconds since 1970.
 */
public final class MeshServer {
    private static final String PASSWORD = "benchmark";
    private static final int REHEARSALS = 300;
    private static final Marshaller<byte[]> BYTES = new Marshaller<>() {
        @Override
        public InputStream stream(byte[] message) {
            return new ByteArrayInputStream(message);
        }

        @Override
        public byte[] parse(InputStream stream) {
            throw new UnsupportedOperationException("it only sends");
        }
    };

    private final MeshMessages mesh;
    private final byte[] everything;
    private final SigningCa ca;
    private final int answersAfterMillis;
    private final ScheduledExecutorService timer = Executors.newScheduledThreadPool(2);
    private final AtomicInteger sent = new AtomicInteger();
    private final AtomicInteger accepted = new AtomicInteger();
    private final AtomicInteger acknowledged = new AtomicInteger();
    private volatile int rate;
    private volatile @Nullable StreamObserver<byte[]> stream;

    private MeshServer(MeshMessages mesh, SigningCa ca, int answersAfterMillis) {
        this.mesh = mesh;
        this.ca = ca;
        this.answersAfterMillis = answersAfterMillis;
        everything = mesh.everything();
    }

    /** Serves. The arguments: a PKCS#12 file, port, number of workloads, node, number of its pods, milliseconds that the CA takes. */
    public static void main(String[] args) throws Exception {
        KeyStore store = KeyStore.getInstance("PKCS12");
        try (InputStream file = Files.newInputStream(Path.of(args[0]))) {
            store.load(file, PASSWORD.toCharArray());
        }
        String alias = store.aliases().nextElement();
        SigningCa ca =
                new SigningCa((PrivateKey) store.getKey(alias, PASSWORD.toCharArray()), (X509Certificate) store.getCertificate(alias));
        for (int i = 0; i < REHEARSALS; i++) {
            ca.certificate("spiffe://cluster.local/ns/a/sa/b", ca.root().getPublicKey());
        }
        MeshMessages mesh = new MeshMessages(Integer.parseInt(args[2]), args[3], Integer.parseInt(args[4]));
        new MeshServer(mesh, ca, Integer.parseInt(args[5])).serve(Integer.parseInt(args[1]));
    }

    private void serve(int port) throws IOException {
        MethodDescriptor<DeltaDiscoveryRequest, byte[]> discovery =
                IstioMethods.DELTA_AGGREGATED_RESOURCES.toBuilder(IstioMethods.DELTA_AGGREGATED_RESOURCES.getRequestMarshaller(), BYTES)
                        .build();
        Server server = NettyServerBuilder.forAddress(new InetSocketAddress(InetAddress.getLoopbackAddress(), port))
                .sslContext(GrpcSslContexts.configure(SslContextBuilder.forServer(ca.key(), ca.root())).build())
                .permitKeepAliveTime(1, TimeUnit.SECONDS)
                .addService(ServerServiceDefinition.builder(discovery.getServiceName())
                        .addMethod(discovery, ServerCalls.asyncBidiStreamingCall(this::discover)).build())
                .addService(ServerServiceDefinition.builder(IstioMethods.CREATE_CERTIFICATE.getServiceName())
                        .addMethod(IstioMethods.CREATE_CERTIFICATE, ServerCalls.asyncUnaryCall(this::certify)).build())
                .build().start();
        Thread changes = new Thread(this::change, "changes");
        changes.setDaemon(true);
        changes.start();
        say("serving " + everything.length);
        Scanner commands = new Scanner(System.in, StandardCharsets.UTF_8);
        while (commands.hasNext()) {
            switch (commands.next()) {
                case "change" -> {
                    sent.set(0);
                    accepted.set(0);
                    rate = commands.nextInt();
                }
                case "still" -> {
                    rate = 0;
                    say("accepted " + accepted.get() + " of " + sent.get());
                }
                default -> throw new IllegalArgumentException("no such command");
            }
        }
        server.shutdownNow();
        timer.shutdownNow();
    }

    private static synchronized void say(String what) {
        Instant now = Instant.now();
        System.out.printf(Locale.ROOT, "%d.%09d %s%n", now.getEpochSecond(), now.getNano(), what);
        System.out.flush();
    }

    private StreamObserver<DeltaDiscoveryRequest> discover(StreamObserver<byte[]> answers) {
        say("stream");
        return new StreamObserver<>() {
            @Override
            public void onNext(DeltaDiscoveryRequest request) {
                if (request.hasErrorDetail()) {
                    say("refused " + request.getErrorDetail().getMessage());
                } else if (request.getResponseNonce().startsWith(MeshMessages.CHANGE)) {
                    int latest = Integer.parseInt(request.getResponseNonce().substring(MeshMessages.CHANGE.length()));
                    accepted.addAndGet(latest - acknowledged.getAndSet(latest)); // those before it, too
                } else if (!request.getResponseNonce().isEmpty()) {
                    say("accepted " + request.getResponseNonce());
                } else if (!request.getTypeUrl().equals(MeshMessages.ADDRESSES)) {
                    send(answers, DeltaDiscoveryResponse.newBuilder().setTypeUrl(request.getTypeUrl()).setNonce("policies").build()
                            .toByteArray());
                } else if (request.getNode().getId().isEmpty()) {
                    say("asked " + request.getResourceNamesSubscribeList());
                } else {
                    byte[] first = request.getResourceNamesUnsubscribeList().contains("*") ? mesh.podsOfNode() : everything;
                    send(answers, first);
                    say("sent " + first.length);
                    stream = answers;
                }
            }

            @Override
            public void onError(Throwable gone) {
                stream = null;
            }

            @Override
            public void onCompleted() {
                stream = null;
                answers.onCompleted();
            }
        };
    }

    /** A stream takes one message after the other; answers and changes come from different threads. */
    private static void send(StreamObserver<byte[]> to, byte[] message) {
        synchronized (to) {
            to.onNext(message);
        }
    }

    /** Sends changes of one workload each, evenly. */
    private void change() {
        int number = 0;
        long next = System.nanoTime();
        while (true) {
            StreamObserver<byte[]> to = stream;
            if (rate == 0 || to == null) {
                LockSupport.parkNanos(10_000_000);
                next = System.nanoTime();
                continue;
            }
            next += 1_000_000_000 / rate;
            LockSupport.parkNanos(next - System.nanoTime());
            send(to, mesh.change(++number));
            sent.incrementAndGet();
        }
    }

    private void certify(IstioCertificateRequest request, StreamObserver<IstioCertificateResponse> to) {
        var unused = timer.schedule(() -> {
            to.onNext(IstioCertificateResponse.newBuilder().addAllCertChain(ca.sign(request)).build());
            to.onCompleted();
            say("certificate " + SigningCa.identity(request));
        }, answersAfterMillis, TimeUnit.MILLISECONDS);
    }
}
