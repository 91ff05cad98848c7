package io.inpod.examples.nodeagent;

import io.inpod.netns.NamespaceChange;
import io.inpod.netns.NetworkNamespace;
import java.io.IOException;

/** A change that does nothing, and of which one operation can be made to fail. */
record Breaking(String operation) implements NamespaceChange {
    @Override
    public void install(NetworkNamespace namespace) throws IOException {
        breakIf("install");
    }

    @Override
    public void verify(NetworkNamespace namespace) throws IOException {
        breakIf("verify");
    }

    @Override
    public void remove(NetworkNamespace namespace) throws IOException {
        breakIf("remove");
    }

    private void breakIf(String name) throws IOException {
        if (operation.equals(name)) {
            throw new IOException("broken " + name);
        }
    }
}
