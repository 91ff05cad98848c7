package io.inpod.netns.internal;

import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.lang.reflect.Array;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.nio.Buffer;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The linker of {@code java.lang.foreign}, reached by name: inpod is compiled for Java 17, which doesn't have that package. Only the
 * creation of a function's handle is reflective; calling it isn't.
 *
 * <p>Every parameter and result is a C {@code long}. On the supported 64-bit architectures ints and pointers are passed in the same
 * registers, and neither side reads the upper half of an int. So functions with the same number of parameters share one piece of code in
 * the JVM.
 */
final class ForeignLinker {
    /** The first version of Java that has the package. */
    static final int SINCE = 22;

    private final Class<?> segments = type("MemorySegment");
    private final Class<?> options = type("Linker$Option");
    private final Class<?> layouts = type("MemoryLayout");
    private final Object linker = call(method(type("Linker"), "nativeLinker"), null);
    private final Object symbols = call(method(type("Linker"), "defaultLookup"), linker);
    private final Object captureErrno = call(method(options, "captureCallState", String[].class), null, (Object) new String[] {"errno"});
    private final Method ofBuffer = method(segments, "ofBuffer", Buffer.class);
    private final Method find = method(type("SymbolLookup"), "find", String.class);
    private final Method describe = method(type("FunctionDescriptor"), "of", layouts, layouts.arrayType());
    private final Method variadicFrom = method(options, "firstVariadicArg", int.class);
    private final Method downcall = method(type("Linker"), "downcallHandle", segments, type("FunctionDescriptor"), options.arrayType());
    private final Object longs = constant(type("ValueLayout"), "JAVA_LONG");

    /**
     * A function of libc as a handle of type {@code (Object, long...)long}, whose first argument is where errno goes: what {@link #segment}
     * returned for a buffer of 4 bytes or more.
     */
    MethodHandle function(String name, int parameters) {
        return handle(name, parameters, captureErrno);
    }

    /** The same for a function that is variadic in C, from the parameter with this index on. */
    MethodHandle variadic(String name, int parameters, int first) {
        return handle(name, parameters, captureErrno, call(variadicFrom, null, first));
    }

    private MethodHandle handle(String name, int parameters, Object... how) {
        Optional<?> symbol = (Optional<?>) call(find, symbols, name);
        if (symbol.isEmpty()) {
            throw new UnsatisfiedLinkError("this system's C library has no function " + name);
        }
        Object[] parameterLayouts = array(layouts, parameters);
        Arrays.fill(parameterLayouts, longs);
        Object[] chosen = array(options, how.length);
        System.arraycopy(how, 0, chosen, 0, how.length);
        Object descriptor = call(describe, null, longs, parameterLayouts);
        MethodHandle handle = (MethodHandle) call(downcall, linker, symbol.get(), descriptor, chosen);
        return handle.asType(handle.type().changeParameterType(0, Object.class));
    }

    /** The memory of a buffer, from its position on. */
    Object segment(ByteBuffer direct) {
        return call(ofBuffer, null, direct);
    }

    /** A handle of type {@code (ByteBuffer)long}: the address of the byte at a direct buffer's position. */
    MethodHandle address() {
        try {
            MethodHandles.Lookup lookup = MethodHandles.publicLookup();
            MethodHandle ofBuffer = lookup.findStatic(segments, "ofBuffer", MethodType.methodType(segments, Buffer.class));
            MethodHandle address = lookup.findVirtual(segments, "address", MethodType.methodType(long.class));
            return MethodHandles.filterReturnValue(ofBuffer, address).asType(MethodType.methodType(long.class, ByteBuffer.class));
        } catch (ReflectiveOperationException e) {
            throw unusable(e);
        }
    }

    private static Class<?> type(String name) {
        try {
            return Class.forName("java.lang.foreign." + name);
        } catch (ClassNotFoundException e) {
            throw unusable(e);
        }
    }

    private static Method method(Class<?> type, String name, Class<?>... parameters) {
        try {
            return type.getMethod(name, parameters);
        } catch (NoSuchMethodException e) {
            throw unusable(e);
        }
    }

    private static Object constant(Class<?> type, String name) {
        try {
            return type.getField(name).get(null);
        } catch (ReflectiveOperationException e) {
            throw unusable(e);
        }
    }

    private static Object[] array(Class<?> type, int length) {
        return (Object[]) Array.newInstance(type, length);
    }

    private static Object call(Method method, @Nullable Object receiver, Object... arguments) {
        try {
            return method.invoke(receiver, arguments);
        } catch (InvocationTargetException e) {
            throw unusable(e.getCause());
        } catch (IllegalAccessException e) {
            throw unusable(e);
        }
    }

    private static UnsatisfiedLinkError unusable(@Nullable Throwable cause) {
        String remedy = cause instanceof IllegalCallerException
                ? "this Java refuses native access: run it with --enable-native-access=ALL-UNNAMED, and on the module path with"
                        + " --enable-native-access=io.inpod.netns,io.netty.common."
                : "java.lang.foreign can't be used here: run Java with -D" + NativeAccess.PROPERTY + "=jnr.";
        UnsatisfiedLinkError clear = new UnsatisfiedLinkError(remedy + " The linker reports: " + cause);
        clear.initCause(cause);
        return clear;
    }
}
