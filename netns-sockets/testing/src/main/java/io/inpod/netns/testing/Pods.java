package io.inpod.netns.testing;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * Provides each test with a parameter {@link PodNetwork} with this many pods. A test fails if it leaves a socket, a namespace descriptor, a
 * thread or process in a foreign namespace, or a named namespace behind, see {@link LeakCheck}. Work that ends in the background has ten
 * seconds, or the number of seconds in JUnit's configuration parameter {@code inpod.leaks.seconds}.
 *
 * <p>If this process may not create namespaces, the test is skipped; the message names the missing privilege and a command with which the
 * test runs. With {@code CI=true} in the environment it fails instead.
 */
@Target({ElementType.TYPE, ElementType.METHOD})
@Retention(RetentionPolicy.RUNTIME)
@ExtendWith(PodsExtension.class)
public @interface Pods {
    /** {@return the number of pods, 0 to 250} */
    int value() default 1;
}
