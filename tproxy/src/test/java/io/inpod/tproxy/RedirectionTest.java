package io.inpod.tproxy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.inpod.netns.NamespaceChange;
import io.inpod.netns.NetworkNamespace;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** The order of operations in composed changes. */
class RedirectionTest {
    private final List<String> log = new ArrayList<>();
    private final Set<String> installed = new HashSet<>();

    /** A change that fails in the operation that its name contains. */
    private NamespaceChange change(String name) {
        return new NamespaceChange() {
            private void run(String action) throws IOException {
                log.add(action + " " + name);
                if (name.endsWith(action)) {
                    throw new IOException("no " + action);
                }
            }

            @Override
            public void install(NetworkNamespace namespace) throws IOException {
                run("install");
                installed.add(name);
            }

            @Override
            public void verify(NetworkNamespace namespace) throws IOException {
                if (!installed.contains(name)) {
                    throw new IOException("not installed");
                }
                run("verify");
            }

            @Override
            public void remove(NetworkNamespace namespace) throws IOException {
                run("remove");
                installed.remove(name);
            }

            @Override
            public String toString() {
                return name;
            }
        };
    }

    @Test
    void installsInOrderAndRemovesInReverse() throws IOException {
        Redirection redirection = Redirection.of(change("a"), change("b"));
        try (NetworkNamespace own = NetworkNamespace.current()) {
            redirection.install(own);
            redirection.verify(own);
            redirection.remove(own);
        }
        assertThat(log).containsExactly("install a", "install b", "verify a", "verify b", "remove b", "remove a");
    }

    @Test
    void undoesWhatWasDoneAndSaysSo() throws IOException {
        Redirection redirection = Redirection.of(change("a"), change("b-remove"), change("c-install"), change("d"));
        try (NetworkNamespace own = NetworkNamespace.current()) {
            assertThatThrownBy(() -> redirection.install(own)).isInstanceOfSatisfying(RedirectionException.class, failure -> {
                assertThat(failure.failed()).containsExactly("c-install");
                assertThat(failure.undone()).containsExactly("a");
                assertThat(failure.left()).containsExactly("b-remove");
                assertThat(failure).hasMessage("can't install c-install: no install; undone: a; COULD NOT BE UNDONE: b-remove (no remove)");
                assertThat(failure.getSuppressed()).hasSize(1);
            });
        }
        assertThat(log).containsExactly("install a", "install b-remove", "install c-install", "remove b-remove", "remove a");
    }

    @Test
    void whatWasInPlaceBeforeStays() throws IOException {
        NamespaceChange old = change("a");
        try (NetworkNamespace own = NetworkNamespace.current()) {
            old.install(own);
            assertThatThrownBy(() -> Redirection.of(old, change("b"), change("c-install")).install(own))
                    .isInstanceOfSatisfying(RedirectionException.class, failure -> assertThat(failure.undone()).containsExactly("b"));
        }
        assertThat(installed).containsExactly("a");
    }

    @Test
    void triesToRemoveAll() throws IOException {
        Redirection redirection = Redirection.of(change("a"), change("b-remove"), change("c-remove"));
        try (NetworkNamespace own = NetworkNamespace.current()) {
            assertThatThrownBy(() -> redirection.remove(own)).isInstanceOfSatisfying(RedirectionException.class,
                    failure -> assertThat(failure.failed()).containsExactly("c-remove", "b-remove"));
        }
        assertThat(log).containsExactly("remove c-remove", "remove b-remove", "remove a");
    }
}
