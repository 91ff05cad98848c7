package io.inpod.iptables.backend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.inpod.iptables.Rule;
import io.inpod.iptables.TableName;
import io.inpod.iptables.Target;
import io.inpod.iptables.text.Differences;
import io.inpod.netns.IpFamily;
import java.io.IOException;
import org.junit.jupiter.api.Test;

/** The fake fulfils the contract of the real back ends. */
class FakeKernelContractTest extends BackendContract {
    private final FakeKernel kernel = new FakeKernel();

    @Override
    Backend backend() {
        return kernel;
    }

    @Override
    String listing() {
        return kernel.everything(namespace).toString();
    }

    @Override
    boolean isReal() {
        return false;
    }

    @Test
    void whatOthersDoIsSeen() throws Exception {
        kernel.apply(namespace, NAMES, version(1));
        kernel.append(namespace, IpFamily.V4, TableName.NAT, "CT_OUT", Rule.of(new Target.Return()));
        kernel.delete(namespace, IpFamily.V6, TableName.FILTER, "CT_OUT", 1);
        assertThat(Differences.between(kernel.read(namespace, NAMES), version(1))).containsExactly("IPv4 nat: rule 1 of CT_OUT is foreign: -j RETURN",
                "IPv6 filter: rule 1 of CT_OUT is missing: -p udp -j DROP");
    }

    @Test
    void aFailureChangesNothing() throws Exception {
        kernel.apply(namespace, NAMES, version(1));
        String before = listing();
        kernel.failNext(new IOException("no more memory"));
        assertThatThrownBy(() -> kernel.apply(namespace, NAMES, version(2))).hasMessage("no more memory");
        assertThat(listing()).isEqualTo(before);
        kernel.apply(namespace, NAMES, version(2));
    }
}
