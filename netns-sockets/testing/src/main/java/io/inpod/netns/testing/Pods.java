package io.inpod.netns.testing;

import java.lang.annotation.ElementType;
import java.lang.annotation.Inherited;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.parallel.ResourceLock;

/**
 * Provides each test with a parameter {@link PodNetwork} with this many pods. A test fails if it leaves a socket, a namespace descriptor, a
 * thread or process in a foreign namespace, or a named namespace behind, see {@link LeakCheck}. Work that ends in the background has ten
 * seconds, or the number of seconds in JUnit's configuration parameter {@code inpod.leaks.seconds}. The report of a test that fails
 * contains the output of the processes that it has {@linkplain Pod#start(String...) started}.
 *
 * <p>On a class, it is inherited by subclasses and nested classes; the nearest annotation counts. Each test has a network of its own, which
 * exists from before {@code @BeforeEach} until after {@code @AfterEach}; constructors and {@code @BeforeAll} can't have it, unless the
 * network is that of the {@linkplain #perClass class}.
 *
 * <p>Such tests run alone, even with parallel execution, since another test's descriptors would look like ones that were left behind;
 * unless you permit {@linkplain #alone others} to run meanwhile.
 *
 * <p>If this process may not create namespaces, the test is skipped; the message names the missing privilege and a command with which the
 * test runs. With {@code CI=true} in the environment it fails instead.
 *
 * <p>JUnit 5.12 and later, and 6.
 */
@Target({ElementType.TYPE, ElementType.METHOD})
@Retention(RetentionPolicy.RUNTIME)
@Inherited
@ResourceLock(providers = PodsLocks.class)
@ExtendWith(PodsExtension.class)
public @interface Pods {
    /** {@return the number of pods, 0 to 250; not used if there are {@link #names}} */
    int value() default 1;

    /** {@return the names of the pods, by which they find each other; without names they are called {@code pod-0} and so on} */
    String[] names() default {};

    /** {@return the number of nodes, 1 to 100; with more than one, pods are dealt out to them in turn, and a router connects them} */
    int nodes() default 1;

    /**
     * {@return whether all tests of the class share one network, which exists from before {@code @BeforeAll} until after {@code @AfterAll};
     * what they leave behind is looked for at the end}
     */
    boolean perClass() default false;

    /**
     * {@return whether tests run alone, so that whatever this process leaves behind is found. Otherwise they run as JUnit's parallel
     * execution has it, and only what they leave behind in the namespaces of their own network is found}
     */
    boolean alone() default true;

    /** {@return the kinds of things that tests may leave behind} */
    LeakKind[] mayLeave() default {};
}
