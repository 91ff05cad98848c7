package io.inpod.netns.testing;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * Gives each test a parameter {@link PodNetwork} with this many pods, and fails it if it leaves a socket, a namespace descriptor,
 * a thread or process in a foreign namespace, or a named namespace behind, see {@link LeakCheck}. What ends in the background has
 * ten seconds, or as many as JUnit's configuration parameter {@code inpod.leaks.seconds} says.
 *
 * <p>Where this process may not make namespaces the test is skipped, saying which privilege is missing and with which command it
 * would run; with {@code CI=true} in the environment it fails.
 */
@Target({ElementType.TYPE, ElementType.METHOD})
@Retention(RetentionPolicy.RUNTIME)
@ExtendWith(PodsExtension.class)
public @interface Pods {
    /** {@return how many pods, 0 to 250} */
    int value() default 1;
}
