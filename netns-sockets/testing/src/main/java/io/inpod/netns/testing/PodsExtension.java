package io.inpod.netns.testing;

import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.ExtensionConfigurationException;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ExtensionContext.Namespace;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolutionException;
import org.junit.jupiter.api.extension.ParameterResolver;
import org.junit.platform.commons.support.AnnotationSupport;

/** Creates and closes the network that {@link Pods} asks for. */
final class PodsExtension implements BeforeAllCallback, BeforeEachCallback, AfterEachCallback, AfterAllCallback, ParameterResolver {
    private static final Namespace STORE = Namespace.create(PodsExtension.class);
    private static final String LIMIT = "inpod.leaks.seconds";

    private static Duration seconds(String value) {
        return Duration.ofSeconds(Long.parseLong(value));
    }

    @Override
    public void beforeAll(ExtensionContext context) throws IOException {
        Optional<Pods> pods = own(context);
        if (pods.isPresent() && pods.get().perClass()) {
            begin(context, pods.get());
        }
    }

    @Override
    public void beforeEach(ExtensionContext context) throws IOException {
        Pods pods = nearest(context);
        if (!pods.perClass()) {
            begin(context, pods);
        } else if (own(context).isPresent()) {
            throw new ExtensionConfigurationException("@Pods(perClass = true) of " + context.getDisplayName()
                    + " has no effect: write it on the class");
        }
    }

    private static void begin(ExtensionContext context, Pods pods) throws IOException {
        Privilege.NAMESPACES.require();
        context.getStore(STORE).put(PodsSession.class, PodsSession.begin(pods));
    }

    /** The annotation of the test or the class itself. */
    private static Optional<Pods> own(ExtensionContext context) {
        return AnnotationSupport.findAnnotation(context.getElement(), Pods.class);
    }

    /** The annotation of the test, of its class, or of the class around that. */
    private static Pods nearest(ExtensionContext context) {
        return own(context).or(() -> context.getParent().map(PodsExtension::nearest)).orElseThrow();
    }

    @Override
    public void afterEach(ExtensionContext context) throws IOException, InterruptedException {
        PodsSession session = context.getStore(STORE).get(PodsSession.class, PodsSession.class);
        Throwable failure = context.getExecutionException().orElse(null);
        if (session != null && failure != null) {
            session.failed(failure);
        }
        end(context);
    }

    @Override
    public void afterAll(ExtensionContext context) throws IOException, InterruptedException {
        end(context);
    }

    /** Ends the session of this test or class, but not that of the class around it. */
    private static void end(ExtensionContext context) throws IOException, InterruptedException {
        PodsSession session = context.getStore(STORE).remove(PodsSession.class, PodsSession.class);
        if (session != null) {
            session.end(context.getConfigurationParameter(LIMIT, PodsExtension::seconds).orElse(LeakCheck.LIMIT));
        }
    }

    @Override
    public boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
        return parameter.getParameter().getType() == PodNetwork.class;
    }

    @Override
    public Object resolveParameter(ParameterContext parameter, ExtensionContext context) {
        PodsSession session = context.getStore(STORE).get(PodsSession.class, PodsSession.class);
        if (session == null) {
            throw new ParameterResolutionException(
                    "each test has a PodNetwork of its own, which a constructor and @BeforeAll come too early"
                            + " for: take it as a parameter of the test, of @BeforeEach or of @AfterEach; or let the tests of the class"
                            + " share one network, which @BeforeAll can have too: @Pods(perClass = true)");
        }
        return session.network();
    }
}
