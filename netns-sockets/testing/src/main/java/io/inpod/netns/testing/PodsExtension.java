package io.inpod.netns.testing;

import java.io.IOException;
import java.time.Duration;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ExtensionContext.Namespace;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolutionException;
import org.junit.jupiter.api.extension.ParameterResolver;
import org.junit.platform.commons.support.AnnotationSupport;

/** Creates and closes the network that {@link Pods} asks for. */
final class PodsExtension implements BeforeEachCallback, AfterEachCallback, ParameterResolver {
    private static final Namespace STORE = Namespace.create(PodsExtension.class);
    private static final String LIMIT = "inpod.leaks.seconds";

    private static Duration seconds(String value) {
        return Duration.ofSeconds(Long.parseLong(value));
    }

    @Override
    public void beforeEach(ExtensionContext context) throws IOException {
        Privilege.NAMESPACES.require();
        context.getStore(STORE).put(LeakCheck.class, LeakCheck.begin());
        context.getStore(STORE).put(PodNetwork.class, PodNetwork.create(nearest(context).value()));
    }

    /** The annotation of the test, of its class, or of the class around that. */
    private static Pods nearest(ExtensionContext context) {
        return AnnotationSupport.findAnnotation(context.getElement(), Pods.class)
                .or(() -> context.getParent().map(PodsExtension::nearest))
                .orElseThrow();
    }

    @Override
    public void afterEach(ExtensionContext context) throws IOException, InterruptedException {
        PodNetwork network = context.getStore(STORE).remove(PodNetwork.class, PodNetwork.class);
        if (network != null) {
            if (!network.faults().isEmpty()) {
                context.getExecutionException().ifPresent(failure -> failure.addSuppressed(new FaultsReport(network.faults().toString())));
            }
            network.close();
        }
        LeakCheck leaks = context.getStore(STORE).remove(LeakCheck.class, LeakCheck.class);
        if (leaks != null && context.getExecutionException().isEmpty()) {
            leaks.verify(context.getConfigurationParameter(LIMIT, PodsExtension::seconds).orElse(LeakCheck.LIMIT));
        }
    }

    @Override
    public boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
        return parameter.getParameter().getType() == PodNetwork.class;
    }

    @Override
    public Object resolveParameter(ParameterContext parameter, ExtensionContext context) {
        PodNetwork network = context.getStore(STORE).get(PodNetwork.class, PodNetwork.class);
        if (network == null) {
            throw new ParameterResolutionException(
                    "each test has a PodNetwork of its own, which a constructor and @BeforeAll come too early"
                            + " for: take it as a parameter of the test, of @BeforeEach or of @AfterEach");
        }
        return network;
    }
}
