package io.inpod.netns.testing;

import java.lang.annotation.ElementType;
import java.lang.annotation.Inherited;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.parallel.ResourceLock;
import org.junit.jupiter.api.parallel.Resources;

/**
 * Provides each test with a parameter {@link PodNetwork} with this many pods. A test fails if it leaves a socket, a namespace descriptor, a
 * thread or process in a foreign namespace, or a named namespace behind, see {@link LeakCheck}. Work that ends in the background has ten
 * seconds, or the number of seconds in JUnit's configuration parameter {@code inpod.leaks.seconds}.
 *
 * <p>On a class, it is inherited by subclasses and nested classes; the nearest annotation counts. Each test has a network of its own, which
 * exists from before {@code @BeforeEach} until after {@code @AfterEach}; constructors and {@code @BeforeAll} can't have it. Such tests run
 * alone, even with parallel execution, since another test's descriptors would look like ones that were left behind.
 *
 * <p>If this process may not create namespaces, the test is skipped; the message names the missing privilege and a command with which the
 * test runs. With {@code CI=true} in the environment it fails instead.
 */
@Target({ElementType.TYPE, ElementType.METHOD})
@Retention(RetentionPolicy.RUNTIME)
@Inherited
@ResourceLock(Resources.GLOBAL)
@ExtendWith(PodsExtension.class)
public @interface Pods {
    /** {@return the number of pods, 0 to 250} */
    int value() default 1;
}
