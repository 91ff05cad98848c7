package io.inpod.netns.tcp;

import io.netty.channel.unix.IovArray;
import io.netty.util.concurrent.FastThreadLocal;

/** Memory for what one writev(2) writes, one for each thread, since it is filled and used within one call. */
final class IoVectors {
    private static final int MOST = 256;

    private static final FastThreadLocal<IovArray> OF_THREAD = new FastThreadLocal<>() {
        @Override
        protected IovArray initialValue() {
            return new IovArray(MOST);
        }

        @Override
        protected void onRemoval(IovArray memory) {
            memory.release();
        }
    };

    private IoVectors() {}

    static IovArray empty() {
        IovArray memory = OF_THREAD.get();
        memory.clear();
        return memory;
    }
}
