package io.inpod.netns.testing;

import java.lang.reflect.AnnotatedElement;
import java.lang.reflect.Method;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.parallel.ResourceLocksProvider;
import org.junit.jupiter.api.parallel.Resources;
import org.junit.platform.commons.support.AnnotationSupport;

/** Keeps other tests from running at the same time as those that must run {@linkplain Pods#alone alone}. */
final class PodsLocks implements ResourceLocksProvider {
    private static final Set<Lock> ALONE = Set.of(new Lock(Resources.GLOBAL));

    PodsLocks() {}

    @Override
    public Set<Lock> provideForClass(Class<?> type) {
        return locks(List.of(type));
    }

    @Override
    public Set<Lock> provideForNestedClass(List<Class<?>> enclosing, Class<?> type) {
        return locks(innermostLast(enclosing, type));
    }

    @Override
    public Set<Lock> provideForMethod(List<Class<?>> enclosing, Class<?> type, Method method) {
        return locks(innermostLast(enclosing, type, method));
    }

    private static List<AnnotatedElement> innermostLast(List<Class<?>> enclosing, AnnotatedElement... inner) {
        List<AnnotatedElement> elements = new ArrayList<>(enclosing);
        elements.addAll(List.of(inner));
        return elements;
    }

    /** Of these elements, the last with the annotation counts. */
    private static Set<Lock> locks(List<? extends AnnotatedElement> elements) {
        for (int i = elements.size() - 1; i >= 0; i--) {
            Pods found = AnnotationSupport.findAnnotation(elements.get(i), Pods.class).orElse(null);
            if (found != null) {
                return found.alone() ? ALONE : Set.of();
            }
        }
        return Set.of();
    }
}
